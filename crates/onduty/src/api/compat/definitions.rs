//! `GET /api/v2/presence/definitions` and one of them: what the organisation calls its presences, as last read.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use onduty_core::definition::Definitions;
use onduty_core::finding::{Evidence, Finding, Reason};
use onduty_core::time::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::refusal::{Nobody, Refusal};
use super::shape::PresenceDefinition;
use super::{Compat, IdInPath, Shared, read_id};
use crate::api::freshness::Freshness;
use crate::api::rest::query::Query;
use crate::status::Unlabelled;

const NONE: Nobody = Nobody {
    code: "presenceservice.organizationpresence.organizationpresencenotfound",
    message: "The specified organization presence was not found",
};

pub(super) async fn list(
    State(compat): Shared,
    headers: HeaderMap,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let query = Query::read(raw.as_deref())?;
    let deactivated = match query.one("deactivated")?.map(str::to_ascii_uppercase).as_deref() {
        None | Some("FALSE") => false,
        Some("TRUE") => true,
        Some(other) => return Err(Refusal::parameter("deactivated", other, "TRUE, FALSE")),
    };
    let divisions: BTreeSet<&str> = query.listed("divisionId").filter(|id| !id.is_empty()).collect();
    let definitions = compat.definitions()?;
    let shown = definitions.by_id.iter().filter(|(_, definition)| {
        let division = definition.division_id.as_ref();
        let seen = division.is_none_or(|id| divisions.is_empty() || divisions.contains(id.as_str()));
        definition.deactivated == deactivated && seen
    });
    let entities: Vec<_> = shown.map(|(id, definition)| PresenceDefinition::of(id, definition)).collect();
    let total = entities.len();
    let body = json!({"entities": entities, "total": total, "selfUri": "/api/v2/presence/definitions"});
    Ok(compat.show_definitions(&headers, &definitions, body))
}

pub(super) async fn one(
    State(compat): Shared,
    id: IdInPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = read_id(id)?.to_ascii_lowercase();
    let definitions = compat.definitions()?;
    let Some((id, definition)) = definitions.by_id.get_key_value(&*id) else {
        let message = format!(
            "{}: it may belong to a division that the sidecar's client does not see, or have been deleted",
            NONE.message
        );
        return Err(Refusal::new(StatusCode::NOT_FOUND, NONE.code, message));
    };
    Ok(compat.show_definitions(&headers, &definitions, PresenceDefinition::of(id, definition)))
}

impl Compat {
    /// The definitions, or why there are none yet.
    fn definitions(&self) -> Result<Arc<Definitions>, Refusal> {
        let snapshot = self.view.snapshot();
        snapshot.definitions().cloned().ok_or_else(|| {
            let finding = unread(self.status.read().unlabelled, self.clock.now());
            self.missed(&finding);
            Refusal::of(&finding, NONE)
        })
    }

    /// An answer that shows definitions. They are no part of the history: their version is when they were read.
    fn show_definitions(
        &self,
        asked: &HeaderMap,
        definitions: &Definitions,
        body: impl Serialize,
    ) -> Response {
        let (read_at, shows) = (definitions.read_at, self.view.snapshot().cursor());
        let version = format!("read-{}", read_at.as_millis());
        self.show(asked, Freshness::of_version(version, shows, read_at, self.clock.now()), body)
    }
}

/// Why there are none.
fn unread(trouble: Option<Unlabelled>, now: Timestamp) -> Finding {
    let Some(Unlabelled { detail, reason, at }) = trouble else {
        let summary = "the presence definitions have not been read yet";
        let remedy = "ask again shortly: they are read before the first full listing";
        let evidence = Evidence::at("sweep", "no reading has ended since the start", now);
        return Finding::new(Reason::NotYetSynced, "", summary, remedy).seen([evidence]);
    };
    let remedy = match reason {
        Reason::PermissionMissing => {
            "give the sidecar's OAuth client a role that carries presence:presenceDefinition:view"
        }
        _ => "see what `onduty doctor` says; they are read again within minutes",
    };
    let summary = "the presence definitions could not be read";
    Finding::new(reason, "", summary, remedy).seen([Evidence::at("sweep", detail, at)])
}
