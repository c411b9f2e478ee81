//! Reading what the organisation calls its presences. Both APIs name presences by the same definitions, which the
//! platform lists in one piece: those in use, and those no longer offered in which agents may still be.
//!
//! The listing holds the definitions of the divisions in which the client has `presence:presenceDefinition:view`.
//! An id that is not in it may belong to another division, or may have been deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use onduty_core::definition::Definition;
use onduty_core::time::Timestamp;

use super::budget::Purpose;
use super::client::{Ask, Client};
use super::decode;
use super::error::PlatformError;
use super::route::Route;

/// Definitions by id, and when they were asked for, by our clock.
pub type Reading = (Timestamp, BTreeMap<Arc<str>, Definition>);

/// Every definition that the client may see.
///
/// # Errors
///
/// When there is no usable answer to either request. Half a reading would take labels away.
pub async fn read(client: &Client) -> Result<Reading, PlatformError> {
    let (read_at, offered) = list(client, "FALSE").await?;
    let (_, mut all) = list(client, "TRUE").await?;
    all.extend(offered);
    Ok((read_at, all))
}

async fn list(client: &Client, deactivated: &str) -> Result<Reading, PlatformError> {
    let route = Route::PresenceDefinitions;
    let path = format!("{route}?deactivated={deactivated}");
    let answer = client.get(&Ask { route, path, purpose: Purpose::Sweep }).await?;
    Ok((answer.sent_at, client.read(&answer, decode::definitions)?))
}
