//! What requests have in common: filters, spans of time, lists of ids; parsed into core's types at once, every
//! count and length bounded.

use std::collections::BTreeSet;
use std::time::Duration;

use onduty_core::agent::{DivisionId, QueueId};
use onduty_core::answer::{Asked, Question};
use onduty_core::selector::Selector;
use onduty_proto::v1::{self, BatchGetAgentStatesRequest};

use super::convert::{from_routing, from_system_presence};
use super::violation::Violation;
use crate::answers::Answers;

/// The entries of one condition of a filter.
const CONDITIONS_MAX: usize = 1_000;

/// No id of the platform is longer.
pub(super) const ID_BYTES_MAX: usize = 256;

/// Reads the questions of a batch, one an id and in order. An id that can't be one is asked about all the same: its
/// answer is a finding, and spoils nothing for the others.
pub(super) fn questions(
    answers: &Answers,
    ids_max: usize,
    request: BatchGetAgentStatesRequest,
) -> Result<Vec<Question>, Violation> {
    let BatchGetAgentStatesRequest { agent_ids, max_staleness } = request;
    if agent_ids.is_empty() {
        return Err(Violation::new("agent_ids", "is empty; at least one id is needed"));
    }
    at_most("agent_ids", agent_ids.len(), ids_max)?;
    let max_staleness = from_duration("max_staleness", max_staleness)?;
    let asked = agent_ids.into_iter().map(|id| Asked::AgentId(id.into()));
    Ok(asked.map(|asked| answers.question(asked, max_staleness)).collect())
}

/// Reads a filter; none selects everyone.
pub(super) fn from_filter(filter: Option<v1::AgentFilter>) -> Result<Selector, Violation> {
    let Some(v1::AgentFilter { presences, routing_statuses, queue_ids, division_ids, logged_in }) = filter
    else {
        return Ok(Selector::default());
    };
    Ok(Selector {
        presences: from_values("filter.presences", &presences, |value| {
            from_system_presence(v1::SystemPresence::try_from(value).ok()?)
        })?,
        routing_statuses: from_values("filter.routing_statuses", &routing_statuses, |value| {
            from_routing(v1::RoutingStatus::try_from(value).ok()?)
        })?,
        queue_ids: from_ids("filter.queue_ids", &queue_ids, CONDITIONS_MAX, |id| QueueId::from(id))?,
        division_ids: from_ids("filter.division_ids", &division_ids, CONDITIONS_MAX, |id| {
            DivisionId::from(id)
        })?,
        logged_in,
        agent_ids: BTreeSet::new(),
    })
}

/// Reads a list of ids. The platform writes its ids in small letters; people paste them in capitals, too, and are not
/// to wait for somebody whom the same id finds in small letters.
pub(super) fn from_ids<T: Ord>(
    field: &str,
    ids: &[String],
    max: usize,
    read: impl Fn(&str) -> T,
) -> Result<BTreeSet<T>, Violation> {
    at_most(field, ids.len(), max)?;
    let mut found = BTreeSet::new();
    for (at, id) in ids.iter().enumerate() {
        match id.len() {
            0 => return Err(Violation::new(format!("{field}[{at}]"), "is empty")),
            1..=ID_BYTES_MAX => found.extend([read(id), read(&id.to_ascii_lowercase())]),
            _ => {
                let fault = format!("is longer than {ID_BYTES_MAX} bytes");
                return Err(Violation::new(format!("{field}[{at}]"), fault));
            }
        }
    }
    Ok(found)
}

/// Refuses a list with more entries than it may have.
pub(super) fn at_most(field: &str, count: usize, max: usize) -> Result<(), Violation> {
    if count > max {
        return Err(Violation::new(field, format!("has {count} entries; at most {max} are allowed")));
    }
    Ok(())
}

/// Reads a span of time, which can't be negative. Longer than can be counted is as long as can be counted.
pub(super) fn from_duration(
    field: &str,
    span: Option<prost_types::Duration>,
) -> Result<Option<Duration>, Violation> {
    let Some(span) = span else { return Ok(None) };
    match (u64::try_from(span.seconds), u32::try_from(span.nanos)) {
        (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => Ok(Some(Duration::new(seconds, nanos))),
        _ => Err(Violation::new(
            field,
            "is not a span of time: seconds and nanos are not negative, nanos below 1e9",
        )),
    }
}

fn from_values<T: Ord>(
    field: &str,
    values: &[i32],
    read: impl Fn(i32) -> Option<T>,
) -> Result<BTreeSet<T>, Violation> {
    at_most(field, values.len(), CONDITIONS_MAX)?;
    let unknown = |at| Violation::new(format!("{field}[{at}]"), "is no value that this version knows");
    values.iter().enumerate().map(|(at, value)| read(*value).ok_or_else(|| unknown(at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::agent::{RoutingStatus, SystemPresence};

    #[test]
    fn an_absent_filter_selects_everyone() {
        assert!(from_filter(None).expect("everyone").is_everyone());
        assert!(from_filter(Some(v1::AgentFilter::default())).expect("everyone").is_everyone());
    }

    #[test]
    fn a_filter_is_read_into_what_it_says() {
        let filter = v1::AgentFilter {
            presences: vec![v1::SystemPresence::OnQueue.into()],
            routing_statuses: vec![v1::RoutingStatus::Idle.into(), v1::RoutingStatus::Idle.into()],
            queue_ids: vec!["q".into()],
            division_ids: vec!["d".into()],
            logged_in: Some(true),
        };
        let expected = Selector {
            presences: BTreeSet::from([SystemPresence::OnQueue]),
            routing_statuses: BTreeSet::from([RoutingStatus::Idle]),
            queue_ids: BTreeSet::from([QueueId::from("q")]),
            division_ids: BTreeSet::from([DivisionId::from("d")]),
            logged_in: Some(true),
            agent_ids: BTreeSet::new(),
        };
        assert_eq!(from_filter(Some(filter)), Ok(expected));
    }

    #[test]
    fn what_is_wrong_with_a_filter_is_named() {
        let table = [
            (v1::AgentFilter { presences: vec![0], ..Default::default() }, "filter.presences[0]"),
            (
                v1::AgentFilter { routing_statuses: vec![2, 99], ..Default::default() },
                "filter.routing_statuses[1]",
            ),
            (v1::AgentFilter { queue_ids: vec![String::new()], ..Default::default() }, "filter.queue_ids[0]"),
            (
                v1::AgentFilter { division_ids: vec!["x".repeat(257)], ..Default::default() },
                "filter.division_ids[0]",
            ),
            (
                v1::AgentFilter { queue_ids: vec!["x".into(); 1_001], ..Default::default() },
                "filter.queue_ids",
            ),
        ];
        for (filter, field) in table {
            assert_eq!(from_filter(Some(filter)).expect_err(field).field, field);
        }
    }

    #[test]
    fn a_span_of_time_is_not_negative() {
        let read = |seconds, nanos| from_duration("f", Some(prost_types::Duration { seconds, nanos }));
        assert_eq!(read(1, 500_000_000), Ok(Some(Duration::from_millis(1_500))));
        assert_eq!(read(i64::MAX, 0), Ok(Some(Duration::from_secs(i64::MAX as u64))));
        for (seconds, nanos) in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
            assert!(read(seconds, nanos).is_err());
        }
    }
}
