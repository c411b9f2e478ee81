//! The notification channels: how many are open, how many agents they cover, and who has no topic.

use std::time::Duration;

use onduty_core::finding::Reason;

use super::check::{Check, span};
use super::facts::Facts;
use crate::status::{ChannelsStanding, Phase, SourceStanding};

/// A take-over is remembered this long: whoever did it may be at work still.
const TAKE_OVER_REMEMBERED: Duration = Duration::from_secs(3_600);

/// How they stand; `awaited` names what they wait for, if that failed.
pub(super) fn check(
    name: &'static str,
    standing: &SourceStanding,
    facts: &Facts,
    awaited: Option<String>,
) -> Check {
    let channels = &facts.board.channels;
    let ChannelsStanding { planned, open, topics, .. } = channels;
    if standing.phase == Phase::Starting {
        return Check::ok(name, standing.detail.clone());
    }
    let lag = standing.lag.map_or_else(String::new, |lag| format!(", events {} late", span(lag)));
    let found = format!("{open} of {planned} channels open, {topics} topics{lag}");
    if standing.phase == Phase::Failing {
        return match awaited {
            Some(other) => Check::waits(name, &other),
            None => Check::warn(name, Some(Reason::ChannelLost), found)
                .meaning("changes of the agents without a channel are seen by full listings only")
                .remedy("see how it was lost; it is opened again by itself, and its agents are read again"),
        };
    }
    let taken_over = channels.taken_over_at.filter(|at| facts.now.since(*at) < TAKE_OVER_REMEMBERED);
    if let Some(at) = taken_over {
        let ago = span(facts.now.since(at));
        return Check::warn(name, Some(Reason::ChannelLost), format!("{found}; taken over {ago} ago"))
            .meaning("another program listens with the same OAuth client, and each cuts the other off")
            .remedy("give each program an OAuth client of its own");
    }
    if channels.rejected > 0 {
        let rejected = channels.rejected;
        return Check::warn(
            name,
            Some(Reason::TopicRejected),
            format!("{found}; {rejected} topics rejected"),
        )
        .meaning("changes of those agents are seen by full listings only")
        .remedy("grant the client what the platform names, in the division of those agents");
    }
    if channels.beyond > 0 {
        let beyond = channels.beyond;
        return Check::warn(name, None, format!("{found}; {beyond} agents beyond the topics"))
            .meaning("their changes are seen by full listings only")
            .remedy("bring their changes by webhook as well (EventBridge has no limit), or share them out over clients");
    }
    Check::ok(name, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use crate::doctor::testing::{NOW, facts};

    #[test]
    fn each_way_of_not_hearing_has_its_reason() {
        let whole = ChannelsStanding { planned: 2, open: 2, topics: 1_500, ..ChannelsStanding::default() };
        let hour_ago = Some(NOW.before(Duration::from_secs(3_601)));
        let table = [
            (Phase::Running, whole.clone(), None, Status::Ok, None),
            (
                Phase::Failing,
                ChannelsStanding { open: 1, ..whole.clone() },
                None,
                Status::Warn,
                Some(Reason::ChannelLost),
            ),
            (
                Phase::Failing,
                ChannelsStanding { open: 1, ..whole.clone() },
                Some("platform"),
                Status::Skipped,
                None,
            ),
            (
                Phase::Running,
                ChannelsStanding { taken_over_at: Some(NOW), ..whole.clone() },
                None,
                Status::Warn,
                Some(Reason::ChannelLost),
            ),
            (
                Phase::Running,
                ChannelsStanding { taken_over_at: hour_ago, ..whole.clone() },
                None,
                Status::Ok,
                None,
            ),
            (
                Phase::Running,
                ChannelsStanding { rejected: 3, ..whole.clone() },
                None,
                Status::Warn,
                Some(Reason::TopicRejected),
            ),
            (Phase::Running, ChannelsStanding { beyond: 5, ..whole }, None, Status::Warn, None),
        ];
        for (phase, channels, awaited, status, reason) in table {
            let facts = facts(|facts| facts.board.channels = channels.clone());
            let standing = SourceStanding { phase, ..SourceStanding::default() };
            let check = check("channel", &standing, &facts, awaited.map(ToOwned::to_owned));
            assert_eq!((check.status, check.reason), (status, reason), "{phase:?} {channels:?}");
        }
    }
}
