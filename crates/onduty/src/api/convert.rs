//! Between core's types and the wire's, by hand, so that neither follows the other by accident. A facet that is
//! not known is absent on the wire; a value that this version does not know keeps its text.

use std::time::Duration;

use onduty_core::agent::{Presence, RoutingStatus, SystemPresence};
use onduty_core::finding::{Evidence, Finding};
use onduty_core::observation::Source;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use onduty_proto::v1;

/// An agent's state as it stands, its evidence included.
pub(super) fn to_agent_state(row: &Row) -> v1::AgentState {
    let Confirmed { confirmed_at, active_queues_confirmed_at } = Confirmed::of(row);
    v1::AgentState { confirmed_at, active_queues_confirmed_at, ..to_agent_state_unconfirmed(row) }
}

/// The part of a state that changes only with its revision: everything but the evidence for it.
pub(super) fn to_agent_state_unconfirmed(row: &Row) -> v1::AgentState {
    let (login, out_of_office, queues) = (row.login(), row.out_of_office(), row.active_queues());
    v1::AgentState {
        agent_id: row.agent_id().to_owned(),
        user_id: row.user_id().as_str().to_owned(),
        name: row.name().unwrap_or_default().to_owned(),
        division_id: row.division_id().map(ToString::to_string).unwrap_or_default(),
        presence: row
            .presence()
            .map(|presence| to_presence(presence.value, row.presence_label(), presence.since)),
        routing_status: row.routing_status().map(|status| to_routing_status(status.value, status.since)),
        out_of_office: out_of_office.map(|current| *current.value),
        active_queue_ids: queues
            .map(|current| current.value.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        logged_in: login.map(|current| *current.value),
        revision: row.revision.0,
        confirmed_at: None,
        source: to_source(row.changed_by).into(),
        out_of_office_since: out_of_office.and_then(|current| current.since).map(to_timestamp),
        active_queues_since: queues.and_then(|current| current.since).map(to_timestamp),
        active_queues_known: queues.is_some(),
        logged_in_since: login.and_then(|current| current.since).map(to_timestamp),
        active_queues_confirmed_at: None,
    }
}

/// Up to when a row's state is known to have stood, as far as it is: what moves without a new revision.
#[derive(Clone, Copy, Debug)]
pub(super) struct Confirmed {
    pub(super) confirmed_at: Option<prost_types::Timestamp>,
    pub(super) active_queues_confirmed_at: Option<prost_types::Timestamp>,
}

impl Confirmed {
    /// Of a row.
    pub(super) fn of(row: &Row) -> Self {
        let told = |at: Timestamp| (at > Timestamp::MIN).then(|| to_timestamp(at));
        Self {
            confirmed_at: told(row.confirmed_at()),
            active_queues_confirmed_at: row.active_queues().and_then(|queues| told(queues.vouched_at)),
        }
    }
}

/// A finding, whole.
pub(super) fn to_finding(finding: &Finding) -> v1::Finding {
    v1::Finding {
        reason: finding.reason.name().to_owned(),
        agent_id: finding.asked.clone(),
        summary: finding.summary.clone(),
        evidence: finding.evidence.iter().map(to_evidence).collect(),
        remedy: finding.remedy.clone(),
        help_url: finding.reason.help_url(),
        last_known: finding.last_known.as_deref().map(to_agent_state),
        also: finding.also.iter().map(|reason| reason.name().to_owned()).collect(),
    }
}

/// An instant.
pub(super) fn to_timestamp(at: Timestamp) -> prost_types::Timestamp {
    let millis = at.as_millis();
    let nanos = i32::try_from(millis.rem_euclid(1_000) * 1_000_000).unwrap_or_default();
    prost_types::Timestamp { seconds: millis.div_euclid(1_000), nanos }
}

/// A span of time.
pub(super) fn to_duration(span: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.subsec_nanos()).unwrap_or_default(),
    }
}

/// The name of a presence on the wire; values without one are told by their text.
pub(super) const fn to_system_presence(presence: &SystemPresence) -> v1::SystemPresence {
    match presence {
        SystemPresence::Available => v1::SystemPresence::Available,
        SystemPresence::Away => v1::SystemPresence::Away,
        SystemPresence::Busy => v1::SystemPresence::Busy,
        SystemPresence::Break => v1::SystemPresence::Break,
        SystemPresence::Meal => v1::SystemPresence::Meal,
        SystemPresence::Meeting => v1::SystemPresence::Meeting,
        SystemPresence::Training => v1::SystemPresence::Training,
        SystemPresence::Idle => v1::SystemPresence::Idle,
        SystemPresence::Offline => v1::SystemPresence::Offline,
        SystemPresence::OnQueue => v1::SystemPresence::OnQueue,
        SystemPresence::Other(_) => v1::SystemPresence::Unspecified,
    }
}

/// The presence of a name on the wire.
pub(super) const fn from_system_presence(presence: v1::SystemPresence) -> Option<SystemPresence> {
    match presence {
        v1::SystemPresence::Unspecified => None,
        v1::SystemPresence::Available => Some(SystemPresence::Available),
        v1::SystemPresence::Away => Some(SystemPresence::Away),
        v1::SystemPresence::Busy => Some(SystemPresence::Busy),
        v1::SystemPresence::Break => Some(SystemPresence::Break),
        v1::SystemPresence::Meal => Some(SystemPresence::Meal),
        v1::SystemPresence::Meeting => Some(SystemPresence::Meeting),
        v1::SystemPresence::Training => Some(SystemPresence::Training),
        v1::SystemPresence::Idle => Some(SystemPresence::Idle),
        v1::SystemPresence::Offline => Some(SystemPresence::Offline),
        v1::SystemPresence::OnQueue => Some(SystemPresence::OnQueue),
    }
}

/// The name of a routing status on the wire; values without one are told by their text.
pub(super) const fn to_routing(status: &RoutingStatus) -> v1::RoutingStatus {
    match status {
        RoutingStatus::OffQueue => v1::RoutingStatus::OffQueue,
        RoutingStatus::Idle => v1::RoutingStatus::Idle,
        RoutingStatus::Interacting => v1::RoutingStatus::Interacting,
        RoutingStatus::NotResponding => v1::RoutingStatus::NotResponding,
        RoutingStatus::Communicating => v1::RoutingStatus::Communicating,
        RoutingStatus::Other(_) => v1::RoutingStatus::Unspecified,
    }
}

/// The routing status of a name on the wire.
pub(super) const fn from_routing(status: v1::RoutingStatus) -> Option<RoutingStatus> {
    match status {
        v1::RoutingStatus::Unspecified => None,
        v1::RoutingStatus::OffQueue => Some(RoutingStatus::OffQueue),
        v1::RoutingStatus::Idle => Some(RoutingStatus::Idle),
        v1::RoutingStatus::Interacting => Some(RoutingStatus::Interacting),
        v1::RoutingStatus::NotResponding => Some(RoutingStatus::NotResponding),
        v1::RoutingStatus::Communicating => Some(RoutingStatus::Communicating),
    }
}

/// A presence, what the organisation calls it, and since when.
pub(super) fn to_presence(
    presence: &Presence,
    label: Option<&str>,
    since: Option<Timestamp>,
) -> v1::AgentPresence {
    v1::AgentPresence {
        system: to_system_presence(&presence.system).into(),
        definition_id: presence.definition_id.as_deref().unwrap_or_default().to_owned(),
        label: label.unwrap_or_default().to_owned(),
        message: presence.message.to_string(),
        since: since.map(to_timestamp),
        system_text: presence.system.text().to_owned(),
    }
}

/// A routing status, and since when.
pub(super) fn to_routing_status(status: &RoutingStatus, since: Option<Timestamp>) -> v1::AgentRoutingStatus {
    v1::AgentRoutingStatus {
        status: to_routing(status).into(),
        since: since.map(to_timestamp),
        status_text: status.text().to_owned(),
    }
}

/// A source.
pub(super) const fn to_source(source: Source) -> v1::Source {
    match source {
        Source::Webhook => v1::Source::Webhook,
        Source::Channel => v1::Source::Channel,
        Source::Sweep => v1::Source::Sweep,
        Source::Lookup => v1::Source::Lookup,
    }
}

pub(super) fn to_evidence(evidence: &Evidence) -> v1::Evidence {
    v1::Evidence {
        origin: evidence.origin.clone(),
        detail: evidence.detail.clone(),
        observed_at: evidence.observed_at.map(to_timestamp),
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::agent::{QueueId, UserId};
    use onduty_core::cursor::Epoch;
    use onduty_core::observation::{Clock, Coverage, Input, Observation, Said, Statement};
    use onduty_core::roster::Roster;

    use super::*;

    fn said<T>(value: T) -> Option<Said<T>> {
        Some(Said { value, clock: Some(Clock::at(Timestamp::from_millis(1_000))) })
    }

    #[test]
    fn queues_that_a_gap_left_unread_are_not_confirmed_with_the_state() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1_000);
        let read = Statement { routing_status: said(RoutingStatus::Idle), ..Statement::default() };
        let pushed = Statement { active_queues: said([QueueId::from("q")].into()), ..read.clone() };
        let heard = |source, seconds, statement| {
            let (user_id, heard_at) = (UserId::from("a"), at(seconds));
            let said = Observation { user_id, source, heard_at, as_of: None, event_id: None, statement };
            Input::Observation(Box::new(said))
        };
        let covered = |since, until| {
            let agents = [UserId::from("a")].into();
            Input::Coverage(Coverage { agents, since: at(since), until: at(until) })
        };
        let mut roster = Roster::new(Epoch(1));
        roster.step(&heard(Source::Channel, 1, pushed));
        roster.step(&covered(0, 100));
        roster.step(&heard(Source::Lookup, 200, read));
        roster.step(&covered(150, 300));
        let snapshot = roster.snapshot();
        let told = to_agent_state(snapshot.by_user_id("a").expect("it was heard of"));
        assert_eq!(told.confirmed_at, Some(to_timestamp(at(300))));
        assert_eq!(told.active_queue_ids, ["q"]);
        assert_eq!(told.active_queues_confirmed_at, Some(to_timestamp(at(100))));
    }

    #[test]
    fn every_value_with_a_name_survives_the_wire() {
        for presence in SystemPresence::KNOWN {
            assert_eq!(from_system_presence(to_system_presence(&presence)), Some(presence));
        }
        for status in RoutingStatus::KNOWN {
            assert_eq!(from_routing(to_routing(&status)), Some(status));
        }
    }

    #[test]
    fn an_unknown_value_is_told_by_its_text() {
        let presence = Presence {
            system: SystemPresence::parse("Siesta (long)"),
            definition_id: None,
            message: "".into(),
        };
        let told = to_presence(&presence, Some("Mittag"), None);
        assert_eq!((told.system(), &*told.system_text), (v1::SystemPresence::Unspecified, "Siesta (long)"));
        let told = to_routing_status(&RoutingStatus::parse("DREAMING"), None);
        assert_eq!((told.status(), &*told.status_text), (v1::RoutingStatus::Unspecified, "DREAMING"));
    }

    #[test]
    fn instants_before_the_epoch_have_positive_nanos() {
        let at = to_timestamp(Timestamp::from_millis(-1));
        assert_eq!((at.seconds, at.nanos), (-1, 999_000_000));
    }
}
