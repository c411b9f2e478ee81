//! The platform's own read paths, as a client made for the platform sees them.

mod facets;
mod headers;
mod listing;
mod outside;
mod sign_in;

use onduty_core::agent::{AccountState, DivisionId, Presence, RoutingStatus, SystemPresence};
use onduty_core::observation::{Clock, Input, Said, Statement};
use onduty_core::time::Timestamp;
use serde_json::{Value, json};

use crate::caller::Told;
use crate::stage::{NOW, id, said};

/// Ten seconds before now: when everything began, as text.
const BEGAN: &str = "2023-11-14T22:13:10.000Z";

/// An agent on queue, with every facet known.
fn on_queue(number: usize) -> Input {
    fn since<T>(value: T) -> Option<Said<T>> {
        Some(Said { value, clock: Some(Clock::at(Timestamp::from_millis(NOW - 10_000))) })
    }
    let presence = Presence {
        system: SystemPresence::OnQueue,
        definition_id: Some("e08eaf1b-ee47-4fa9-a231-1200e284798f".into()),
        message: "".into(),
    };
    said(
        &id(number),
        Statement {
            name: Some(format!("Agent {number}").into()),
            division_id: Some(DivisionId::from("d1")),
            account: Some(AccountState::Active),
            presence: since(presence),
            routing_status: since(RoutingStatus::Idle),
            out_of_office: since(false),
            ..Statement::default()
        },
    )
}

/// What the platform writes of that agent's presence.
fn presence(number: usize) -> Value {
    let definition = "e08eaf1b-ee47-4fa9-a231-1200e284798f";
    json!({
        "source": "PURECLOUD",
        "primary": true,
        "presenceDefinition": {
            "id": definition,
            "systemPresence": "On Queue",
            "selfUri": format!("/api/v2/presencedefinitions/{definition}"),
        },
        "message": "",
        "modifiedDate": BEGAN,
        "selfUri": format!("/api/v2/users/{}/presences", id(number)),
    })
}

fn routing(number: usize) -> Value {
    json!({"userId": id(number), "status": "IDLE", "startTime": BEGAN})
}

/// What the platform writes of that agent, without any expand.
fn user(number: usize) -> Value {
    json!({
        "id": id(number),
        "name": format!("Agent {number}"),
        "division": {"id": "d1", "name": "", "selfUri": "/api/v2/authorization/divisions/d1"},
        "state": "active",
        "selfUri": format!("/api/v2/users/{}", id(number)),
    })
}

/// The members of an object and those of another.
fn with(mut object: Value, more: &Value) -> Value {
    object.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object
}

impl Told {
    /// The body of an answer in the platform's shape, which may be kept and asked about.
    fn whole(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.header("inin-correlation-id").is_some_and(|id| id.len() == 36));
        let body = self.json();
        assert!(!self.text.contains("null"), "what is not known is left out: {body}");
        body
    }

    /// The members of the platform's error body, which every error has.
    fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let body = self.json();
        assert_eq!((&body["status"], &body["code"]), (&json!(status), &json!(code)), "{body}");
        assert_eq!(body["contextId"].as_str(), self.header("inin-correlation-id"));
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()));
        assert!(body["details"].is_array() && body["errors"].is_array());
        assert!(body["contextId"].as_str().is_some_and(|id| id.len() == 36));
        body
    }
}
