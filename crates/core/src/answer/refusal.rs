//! What follows when the platform can't be asked: the state that is known but old, or what stands in the way.

use std::time::Duration;

use super::{Asked, not_yet_synced};
use crate::finding::{Evidence, Finding, Reason};
use crate::snapshot::Snapshot;
use crate::time::Timestamp;

/// Why the platform could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request budget is spent until then.
    RateLimited {
        /// When it will be asked again.
        until: Timestamp,
    },
    /// It gives no (useful) answer.
    Unavailable {
        /// Since when.
        since: Timestamp,
        /// What was seen.
        detail: String,
    },
    /// It refused the client's credentials.
    CredentialsRejected {
        /// In its own words, without the secret.
        detail: String,
    },
    /// The client belongs to another region.
    WrongRegion {
        /// What this region said, without the secret.
        detail: String,
        /// The region that knows the client: its domain, such as `usw2.pure.cloud`.
        region: String,
        /// The region that was asked.
        asked: String,
    },
    /// More questions are waiting than may wait.
    Crowded,
    /// Nothing came in the time that the caller, or the server, gives it.
    NotInTime {
        /// When it was asked.
        since: Timestamp,
    },
    /// The sidecar is stopping and asks no more.
    Stopping,
}

/// What is known but old beats every word about the platform.
pub(super) fn refused(asked: &Asked, snapshot: &Snapshot, refusal: &Refusal, now: Timestamp) -> Finding {
    let row = asked.row(snapshot).filter(|row| row.present && row.has_state());
    let obstacle = obstacle(asked, snapshot, refusal);
    let finding = match row {
        Some(row) => {
            let stale = Finding::new(
                Reason::StateStale,
                asked.id(),
                "the state is known, but older than you accept, and the platform can't be asked now",
                format!("accept an older state (max_staleness), or {}", obstacle.remedy),
            );
            let confirmed = Evidence::at(row.changed_by.name(), "last confirmed", row.confirmed_at());
            Finding { also: vec![obstacle.reason], ..stale.seen([confirmed]).last_known(Some(row)) }
        }
        None => obstacle,
    };
    let finding = finding.seen([refusal.evidence(now)]);
    match refusal {
        Refusal::RateLimited { until } => finding.retry_after(until.since(now)),
        Refusal::Crowded => finding.retry_after(Duration::from_secs(1)),
        Refusal::Unavailable { .. }
        | Refusal::CredentialsRejected { .. }
        | Refusal::WrongRegion { .. }
        | Refusal::NotInTime { .. }
        | Refusal::Stopping => finding,
    }
}

/// What stands in the way.
fn obstacle(asked: &Asked, snapshot: &Snapshot, refusal: &Refusal) -> Finding {
    let (reason, summary, remedy) = match refusal {
        Refusal::WrongRegion { region, asked: here, .. } => {
            return Finding::new(
                Reason::WrongRegion,
                asked.id(),
                format!("the client belongs to the region {region}, and {here} was asked"),
                format!("set platform.region = \"{region}\""),
            );
        }
        Refusal::CredentialsRejected { .. } => (
            Reason::CredentialsRejected,
            "the platform refused the client's credentials",
            "check platform.client_id, platform.client_secret and platform.region, and that the client is active",
        ),
        Refusal::Unavailable { .. } => (
            Reason::PlatformUnavailable,
            "the platform does not answer",
            "check the network and the platform's status; onduty keeps trying",
        ),
        Refusal::Stopping => (
            Reason::PlatformUnavailable,
            "the platform is asked no more, because the sidecar is stopping",
            "ask again when it has started anew",
        ),
        Refusal::RateLimited { .. } | Refusal::Crowded | Refusal::NotInTime { .. }
            if snapshot.listing().is_none() =>
        {
            return not_yet_synced(asked);
        }
        Refusal::NotInTime { .. } => (
            Reason::PlatformUnavailable,
            "the platform gave no answer in the time there was",
            "ask again, or allow more time; if it stays so, check the network and the platform's status",
        ),
        Refusal::RateLimited { .. } => (
            Reason::RateLimited,
            "the platform's request budget is spent",
            "ask again after the time given, or raise the client's rate limit with the platform",
        ),
        Refusal::Crowded => (
            Reason::RateLimited,
            "more look-ups are waiting for the platform than may wait",
            "ask again after the time given, and for fewer unknown ids at once",
        ),
    };
    Finding::new(reason, asked.id(), summary, remedy)
}

impl Refusal {
    fn evidence(&self, now: Timestamp) -> Evidence {
        match self {
            Self::RateLimited { .. } => Evidence::at("budget", "the request budget is spent", now),
            Self::Unavailable { since, detail } => Evidence::at("platform", detail.clone(), *since),
            Self::CredentialsRejected { detail } => Evidence::at("platform", detail.clone(), now),
            Self::WrongRegion { detail, region, .. } => {
                let detail = format!("{detail}; {region} gave this client a token");
                Evidence::at("/oauth/token", detail, now)
            }
            Self::Crowded => Evidence::at("lookup", "more look-ups are waiting than may wait", now),
            Self::NotInTime { since } => {
                let waited = now.since(*since).as_millis();
                Evidence::at("lookup", format!("asked then; no answer after {waited} ms"), *since)
            }
            Self::Stopping => Evidence::at("lookup", "the sidecar is stopping and asks no more", now),
        }
    }
}
