//! What the organisation calls its presences, read beside the listings: before the first, so that nobody is shown
//! twice for the sake of a label; then every hour, and when a presence turns up whose definition is not known.
//!
//! A client without the right to read them keeps everything but the labels. That fails no listing and is said in the
//! sweep's standing.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::definition::Definitions;
use onduty_core::finding::Reason;
use onduty_core::observation::Input;
use onduty_core::snapshot::Snapshot;
use onduty_core::time::Timestamp;

use super::Sweep;
use crate::error_chain::Chain;
use crate::platform::genesys::error::PlatformError;
use crate::status::Unlabelled;

/// Definitions change rarely, and a change of one is a change of every agent in it.
const EVERY: Duration = Duration::from_secs(3_600);
/// The shortest time between two readings: unknown ids come from whoever sends webhooks.
const FLOOR: Duration = Duration::from_secs(60);
/// After a failure: rights are granted by people, who then look whether it helped.
const AFTER_FAILURE: Duration = Duration::from_secs(300);

/// When the definitions were read, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    tried_at: Option<Timestamp>,
    /// Ids that the last reading did not explain. They give no cause for another one.
    unexplained: BTreeSet<Arc<str>>,
    /// Why the last reading failed.
    pub(super) trouble: Option<Unlabelled>,
}

impl Vocabulary {
    /// Whether the definitions are to be read now.
    fn is_due(&self, snapshot: &Snapshot, now: Timestamp) -> bool {
        let Some(tried_at) = self.tried_at else { return true };
        let waited = now.since(tried_at);
        match self.trouble {
            Some(_) => waited >= AFTER_FAILURE,
            None if waited >= EVERY => true,
            None if waited < FLOOR => false,
            None => !unknown(snapshot).is_subset(&self.unexplained),
        }
    }
}

/// The definitions that presences name and nobody knows.
fn unknown(snapshot: &Snapshot) -> BTreeSet<Arc<str>> {
    let known = |id: &Arc<str>| snapshot.definitions().is_some_and(|read| read.by_id.contains_key(id));
    let named = snapshot.present_after(None).filter_map(|row| row.presence()?.value.definition_id.as_ref());
    named.filter(|id| !known(id)).cloned().collect()
}

/// What it comes to that they could not be read.
fn reason_of(error: &PlatformError) -> Reason {
    match error {
        PlatformError::RateLimited { .. } => Reason::RateLimited,
        PlatformError::Unavailable { .. } => Reason::PlatformUnavailable,
        PlatformError::CredentialsRejected { .. } => Reason::CredentialsRejected,
        PlatformError::WrongRegion { .. } => Reason::WrongRegion,
        PlatformError::Refused(refused) if refused.status == 403 => Reason::PermissionMissing,
        PlatformError::Refused(refused) if refused.status == 404 => Reason::NameUnknown,
        PlatformError::Refused(_) | PlatformError::Malformed { .. } => Reason::Undetermined,
    }
}

impl Sweep {
    /// Reads the definitions if it is time to.
    pub(super) async fn look_at_definitions(&self, vocabulary: &mut Vocabulary) {
        if !vocabulary.is_due(&self.view.snapshot(), self.clock.now()) {
            return;
        }
        vocabulary.tried_at = Some(self.clock.now());
        vocabulary.trouble = self.read_definitions().await.err();
        self.status.unlabelled(vocabulary.trouble.clone());
        vocabulary.unexplained = unknown(&self.view.snapshot());
        if let Some(trouble) = &vocabulary.trouble {
            tracing::warn!(
                detail = trouble.detail,
                "presence definitions could not be read: labels may be missing"
            );
        }
    }

    async fn read_definitions(&self) -> Result<(), Unlabelled> {
        let trouble = |error: &(dyn Error + 'static), reason| Unlabelled {
            detail: Chain(error).to_string(),
            reason,
            at: self.clock.now(),
        };
        let read = self.platform.definitions().await;
        let (read_at, by_id) = read.map_err(|error| trouble(&error, reason_of(&error)))?;
        tracing::debug!(definitions = by_id.len(), "read the presence definitions");
        let definitions = Definitions { read_at, locale: Arc::clone(&self.locale), by_id };
        let input = Input::Definitions(Arc::new(definitions));
        self.inlet
            .commit(vec![input])
            .await
            .map(|_| ())
            .map_err(|error| trouble(&error, Reason::StoreFailing))
    }
}

#[cfg(test)]
mod tests {
    use onduty_core::agent::{Presence, SystemPresence};
    use onduty_core::cursor::Epoch;
    use onduty_core::observation::{Clock, Observation, Said, Source, Statement};
    use onduty_core::roster::Roster;

    use super::*;

    fn in_definition(id: &str) -> Snapshot {
        let value =
            Presence { system: SystemPresence::Break, definition_id: Some(id.into()), message: "".into() };
        let clock = Some(Clock::at(Timestamp::from_millis(1)));
        let statement = Statement { presence: Some(Said { value, clock }), ..Statement::default() };
        let (heard_at, source) = (Timestamp::from_millis(2), Source::Webhook);
        let user_id = "u1".into();
        let observation = Observation { user_id, source, heard_at, as_of: None, event_id: None, statement };
        let mut roster = Roster::new(Epoch(1));
        roster.step(&Input::Observation(Box::new(observation)));
        roster.snapshot()
    }

    #[test]
    fn definitions_are_read_at_the_start_hourly_for_a_new_id_and_seldom_after_a_failure() {
        let read = |trouble: Option<&str>| Vocabulary {
            tried_at: Some(Timestamp::from_millis(0)),
            unexplained: BTreeSet::from(["d1".into()]),
            trouble: trouble.map(|detail| Unlabelled {
                detail: detail.to_owned(),
                reason: Reason::PermissionMissing,
                at: Timestamp::from_millis(0),
            }),
        };
        let table = [
            (Vocabulary::default(), "d1", 0, true),
            (read(None), "d1", 3_599, false),
            (read(None), "d1", 3_600, true),
            (read(None), "d2", 59, false),
            (read(None), "d2", 60, true),
            (read(Some("403")), "d2", 299, false),
            (read(Some("403")), "d2", 300, true),
        ];
        for (vocabulary, id, after_s, expected) in table {
            let now = Timestamp::from_millis(after_s * 1_000);
            assert_eq!(vocabulary.is_due(&in_definition(id), now), expected, "{vocabulary:?} {id} {after_s}");
        }
    }
}
