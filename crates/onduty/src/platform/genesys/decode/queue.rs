//! `GET /api/v2/routing/queues/{id}` (model `Queue`): only that there is one, and its name.

use std::sync::Arc;

use super::Malformed;
use super::limits::parse;
use super::member::{object, text};

/// The name of a queue, where it has one.
///
/// # Errors
///
/// When the body is malformed.
pub fn queue_name(body: &[u8]) -> Result<Option<Arc<str>>, Malformed> {
    Ok(object(&parse(body)?)?.optional("name", text)?.map(Into::into))
}
