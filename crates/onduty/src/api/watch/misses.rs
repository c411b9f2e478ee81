//! Who is watched by id and has no state to show, and why. A snapshot without them and without a word would be a
//! silent empty, so its last page says it. The reasons are gathered after the pages with states are sent, and from a
//! cursor taken before: whatever a look-up brings meanwhile comes as a change after that cursor.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use onduty_core::account::Place;
use onduty_core::answer::{Answer, Asked};
use onduty_core::selector::Selector;
use onduty_core::snapshot::Snapshot;
use onduty_proto::v1::Finding;
use tokio::time::Instant;

use super::hub::Hub;
use crate::api::convert::to_finding;
use crate::api::deadline::Deadline;

/// The reasons, once they are known. Dropping it cancels what nobody else waits for.
pub(super) type Gathering = Pin<Box<dyn Future<Output = VecDeque<Finding>> + Send + Sync>>;

/// Those of whom this snapshot shows nothing, in the order asked.
pub(super) fn not_shown(asked: &[Asked], snapshot: &Snapshot, selector: &Selector) -> Vec<Asked> {
    let shown = |asked: &Asked| {
        asked.row(snapshot).is_some_and(|row| row.present && Place::of(row, selector) == Place::Shown)
    };
    asked.iter().filter(|asked| !shown(asked)).cloned().collect()
}

/// Asks why, from memory and else the platform, for as long as one request may take and no longer than the caller
/// allows. Whoever turns out to have a state has no finding: the state is a change.
pub(super) fn gather(
    hub: &Arc<Hub>,
    asked: Vec<Asked>,
    caller: Option<Instant>,
    api: &'static str,
) -> Gathering {
    let hub = Arc::clone(hub);
    Box::pin(async move {
        let now = Instant::now();
        let left = caller.map(|deadline| deadline.saturating_duration_since(now));
        let (deadline, _) = Deadline::after(now, left, hub.longest);
        let questions: Vec<_> = asked.into_iter().map(|asked| hub.answers.question(asked, None)).collect();
        let answers = hub.answers.batch(&questions, Some(deadline.lookups)).await;
        let findings = answers.into_iter().filter_map(|answer| match answer {
            Answer::State(_) => None,
            Answer::Miss(finding) => {
                hub.meters.missed(finding.reason, api);
                Some(to_finding(&finding))
            }
        });
        findings.collect()
    })
}
