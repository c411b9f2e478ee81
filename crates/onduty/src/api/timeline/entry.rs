//! One line of a timeline, for the wire.

use onduty_core::agent::{AccountState, Facet};
use onduty_core::observation::{Clock, Statement};
use onduty_core::roster::Outcome;
use onduty_core::roster::ruling::Ruling;
use onduty_core::time::Timestamp;
use onduty_proto::v1::{self, AgentState, FacetRuling, TimelineEntry, TimelineOutcome};

use crate::api::convert::{to_presence, to_routing_status, to_source, to_timestamp};
use crate::history::timeline::{Entry, Fate};

pub(super) fn to_entry(entry: &Entry) -> TimelineEntry {
    let said = &entry.statement;
    let rulings = entry.rulings.iter().map(|(facet, ruling)| FacetRuling {
        facet: facet.name().to_owned(),
        ruling: to_ruling(ruling).into(),
        rule: ruling.words().to_owned(),
        began_at: began_at(said, facet).map(to_timestamp),
    });
    TimelineEntry {
        heard_at: Some(to_timestamp(entry.heard_at)),
        as_of: entry.as_of.map(to_timestamp),
        source: to_source(entry.source).into(),
        event_id: entry.event_id.as_deref().unwrap_or_default().to_owned(),
        outcome: to_outcome(entry.fate).into(),
        rule: entry.rule().to_owned(),
        revision: entry.revision.map_or(0, |revision| revision.0),
        said: Some(to_said(said)),
        rulings: rulings.collect(),
        account: said.account.map(account_name).unwrap_or_default().to_owned(),
        absent: said.absent,
    }
}

fn to_said(said: &Statement) -> AgentState {
    let presence = said.presence.as_ref().or(said.secondary_presence.as_ref());
    let since = |facet| began_at(said, facet);
    let queues = said.active_queues.as_ref();
    AgentState {
        agent_id: said.agent_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        name: said.name.as_deref().unwrap_or_default().to_owned(),
        division_id: said.division_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        presence: presence.map(|presence| to_presence(&presence.value, None, since(Facet::Presence))),
        routing_status: said
            .routing_status
            .as_ref()
            .map(|status| to_routing_status(&status.value, since(Facet::RoutingStatus))),
        out_of_office: said.out_of_office.as_ref().map(|away| away.value),
        out_of_office_since: since(Facet::OutOfOffice).map(to_timestamp),
        active_queue_ids: queues
            .map(|queues| queues.value.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        active_queues_since: since(Facet::ActiveQueues).map(to_timestamp),
        active_queues_known: queues.is_some(),
        logged_in: said.login.as_ref().map(|login| login.value),
        logged_in_since: since(Facet::Login).map(to_timestamp),
        ..AgentState::default()
    }
}

/// The platform's clock of a facet, as far as it was said.
fn began_at(said: &Statement, facet: Facet) -> Option<Timestamp> {
    let clock: Option<Clock> = match facet {
        Facet::Presence => {
            said.presence.as_ref().or(said.secondary_presence.as_ref()).and_then(|said| said.clock)
        }
        Facet::RoutingStatus => said.routing_status.as_ref().and_then(|said| said.clock),
        Facet::OutOfOffice => said.out_of_office.as_ref().and_then(|said| said.clock),
        Facet::ActiveQueues => said.active_queues.as_ref().and_then(|said| said.clock),
        Facet::Login => said.login.as_ref().and_then(|said| said.clock),
    };
    clock.map(|clock| clock.at)
}

const fn to_outcome(fate: Fate) -> TimelineOutcome {
    match fate {
        Fate::Judged(Outcome::Applied) | Fate::Relabelled => TimelineOutcome::Applied,
        Fate::Judged(Outcome::Duplicate) => TimelineOutcome::Duplicate,
        Fate::Judged(Outcome::Stale) => TimelineOutcome::Stale,
        Fate::Judged(Outcome::Rejected) => TimelineOutcome::Rejected,
        Fate::Removed => TimelineOutcome::Removed,
        Fate::Forgotten => TimelineOutcome::Forgotten,
    }
}

const fn to_ruling(ruling: Ruling) -> v1::Ruling {
    match ruling {
        Ruling::Applied => v1::Ruling::Applied,
        Ruling::Duplicate => v1::Ruling::Duplicate,
        Ruling::Older => v1::Ruling::Older,
        Ruling::ConflictWon => v1::Ruling::ConflictWon,
        Ruling::ConflictLost => v1::Ruling::ConflictLost,
        Ruling::Overruled => v1::Ruling::Overruled,
        Ruling::ClockAhead => v1::Ruling::ClockAhead,
        Ruling::NotPrimary => v1::Ruling::NotPrimary,
    }
}

const fn account_name(account: AccountState) -> &'static str {
    match account {
        AccountState::Active => "active",
        AccountState::Inactive => "inactive",
        AccountState::Deleted => "deleted",
    }
}
