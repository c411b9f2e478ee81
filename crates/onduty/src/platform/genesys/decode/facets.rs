//! The parts that several payloads share: presence, routing status, out of office, active queues.

use std::sync::Arc;

use onduty_core::agent::{Presence, QueueId, RoutingStatus, SystemPresence};
use onduty_core::observation::{Clock, Said, Statement};
use onduty_core::time::Timestamp;
use serde_json::Value;

use super::limits::QUEUES_MAX;
use super::member::{Object, elements, id, instant, object, text, truth, word};
use super::{Ignored, Malformed};

/// A presence, or why it is no news.
pub(super) enum PresenceSaid {
    /// The primary one.
    Primary(Said<Presence>),
    /// Several sources can report; only the primary one counts. What this one says, where it says it.
    Secondary(Option<Said<Presence>>),
}

impl PresenceSaid {
    /// Puts it into a statement, or says why not.
    pub(super) fn into_statement(self, statement: &mut Statement) -> Option<Ignored> {
        match self {
            Self::Primary(said) => {
                statement.presence = Some(said);
                None
            }
            Self::Secondary(_) => Some(Ignored::NotPrimary),
        }
    }

    /// As [`PresenceSaid::into_statement`], of a push: one of a secondary source is taken along for the timeline, to
    /// show why the agent's client and onduty disagree. A read repeats it with every sweep.
    pub(super) fn into_pushed(self, statement: &mut Statement) -> Option<Ignored> {
        if let Self::Secondary(said) = &self {
            statement.secondary_presence.clone_from(said);
        }
        self.into_statement(statement)
    }
}

/// A `UserPresence`, or the presence of an event: `presenceDefinition{id, systemPresence}`, `message` (in activity
/// events `presenceMessage`), `modifiedDate`, `primary`.
pub(super) fn presence(value: &Value) -> Result<PresenceSaid, Malformed> {
    presence_of(object(value)?)
}

/// As [`presence`], of an object already opened.
pub(super) fn presence_of(members: Object<'_>) -> Result<PresenceSaid, Malformed> {
    if members.optional("primary", truth)? != Some(false) {
        return said_presence(members).map(PresenceSaid::Primary);
    }
    let said = members.has("presenceDefinition").then(|| said_presence(members));
    said.transpose().map(PresenceSaid::Secondary)
}

fn said_presence(members: Object<'_>) -> Result<Said<Presence>, Malformed> {
    let (system, definition_id) = members.required("presenceDefinition", |definition| {
        let definition = object(definition)?;
        Ok((definition.required("systemPresence", word)?, definition.optional("id", id)?))
    })?;
    let message = match members.optional("message", text)? {
        Some(message) => Some(message),
        None => members.optional("presenceMessage", text)?,
    };
    let value = Presence {
        system: SystemPresence::parse(system),
        definition_id,
        message: message.unwrap_or("").into(),
    };
    Ok(Said { value, clock: members.optional("modifiedDate", instant)?.map(Clock::at) })
}

/// The presence of the agent-states API, where `systemPresence` stands beside the definition.
pub(super) fn agent_presence(value: &Value, version: u64) -> Result<Said<Presence>, Malformed> {
    let members = object(value)?;
    let system = SystemPresence::parse(members.required("systemPresence", word)?);
    let definition_id = members
        .optional("presenceDefinition", |definition| object(definition)?.optional("id", id))?
        .flatten();
    let clock = versioned(members.optional("modifiedDate", instant)?, version);
    let message: Arc<str> = members.optional("message", text)?.unwrap_or("").into();
    Ok(Said { value: Presence { system, definition_id, message }, clock })
}

/// A `RoutingStatus`: `status`, `startTime`.
pub(super) fn routing_status(value: &Value, version: u64) -> Result<Said<RoutingStatus>, Malformed> {
    let members = object(value)?;
    let value = RoutingStatus::parse(members.required("status", word)?);
    Ok(Said { value, clock: versioned(members.optional("startTime", instant)?, version) })
}

/// An `outOfOffice`: `active`, and `modifiedDate` in activity events only.
pub(super) fn out_of_office(value: &Value) -> Result<Said<bool>, Malformed> {
    out_of_office_of(object(value)?)
}

/// As [`out_of_office`], of an object already opened.
pub(super) fn out_of_office_of(members: Object<'_>) -> Result<Said<bool>, Malformed> {
    let clock = members.optional("modifiedDate", instant)?.map(Clock::at);
    Ok(Said { value: members.required("active", truth)?, clock })
}

/// The facets of an activity event.
pub(super) fn activity(members: Object<'_>) -> Result<(Statement, Option<Ignored>), Malformed> {
    let mut statement = Statement {
        routing_status: members.optional("routingStatus", |value| routing_status(value, 0))?,
        out_of_office: members.optional("outOfOffice", out_of_office)?,
        ..Statement::default()
    };
    // The body of a routing event without its envelope looks like this one, and it can report a change that failed:
    // what it calls the status did not come about.
    let failed = members.has("errorInfo").then_some(Ignored::ErrorInfo);
    if failed.is_some() {
        statement.routing_status = None;
    }
    let presence = members.optional("presence", presence)?;
    let ignored = presence.and_then(|presence| presence.into_pushed(&mut statement));
    let ignored = failed.or(ignored);
    let queues = members.optional("activeQueueIds", |value| elements(value, QUEUES_MAX, id))?;
    let changed_at = members.optional("dateActiveQueuesChanged", instant)?;
    statement.active_queues = queues.map(|queues| Said {
        value: queues.iter().map(|queue| QueueId::from(&**queue)).collect(),
        clock: changed_at.map(Clock::at),
    });
    Ok((statement, ignored))
}

/// Whether an object has any facet of an activity event.
pub(super) fn has_any(members: Object<'_>) -> bool {
    ["presence", "routingStatus", "outOfOffice", "activeQueueIds"].iter().any(|name| members.has(name))
}

/// A clock with the version of the state that it belongs to.
pub(super) fn versioned(at: Option<Timestamp>, version: u64) -> Option<Clock> {
    at.map(|at| Clock { at, version })
}
