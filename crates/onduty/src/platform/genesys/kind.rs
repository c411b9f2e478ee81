//! What an id is that is nobody's: a queue's, a division's. A few questions a batch, out of the budget for diagnosis.

use onduty_core::access::{Access, Seen};
use onduty_core::agent::DivisionId;
use onduty_core::facts::{DenialKind, Kind, Untaken};
use onduty_core::finding::{Evidence, Reason};
use onduty_core::time::Timestamp;

use super::budget::Purpose;
use super::client::{Ask, Client};
use super::decode;
use super::error::PlatformError;
use super::route::{Route, encoded};

/// Ids of one batch that are held against other kinds. Each costs requests of its own, and a thousand unknown ids are
/// more likely a stranger's than a thousand queues'.
const PER_BATCH: usize = 10;

/// Whether the ids of one batch are held against other kinds.
#[derive(Clone, Copy, Debug)]
pub(super) struct KindBudget {
    unknown: usize,
}

/// What an id is if not an agent's; nothing if it is none of the kinds that could be asked for.
pub(super) type KindFound = Result<Option<Seen<Kind>>, Untaken>;

impl KindBudget {
    /// For a batch with so many ids that are nobody's.
    pub(super) const fn of(unknown: usize) -> Self {
        Self { unknown }
    }

    /// Leave to hold an id against other kinds.
    pub(super) fn grant(self, client: &Client) -> Result<(), Untaken> {
        if self.unknown <= PER_BATCH {
            return Ok(());
        }
        let detail =
            format!("more than {PER_BATCH} unknown ids at once: not asked whether it is another kind of id");
        let why = Evidence::at("diagnosis", detail, client.now());
        Err(Untaken { why, would_show: Reason::WrongIdKind, is_passing: false })
    }
}

/// Whether an id is a division's; known without asking.
pub(super) fn division(access: &Access, id: &str) -> Option<Seen<Kind>> {
    let name = access.division_names.get(&DivisionId::from(id))?;
    let seen = access.permitted.as_ref()?;
    Some(seen.with(Kind::Division(Some(name.clone()).filter(|name| !name.is_empty()))))
}

/// Whether an id is a queue's.
pub(super) async fn queue(client: &Client, id: &str) -> KindFound {
    let asked_at = client.now();
    let path = format!("/api/v2/routing/queues/{}", encoded(id));
    let answer = match client.get(&Ask { route: Route::Queue, path, purpose: Purpose::Diagnosis }).await {
        Ok(answer) => answer,
        Err(error) if error.says_absent() => return Ok(None),
        Err(PlatformError::Refused(refused)) => {
            let denial = refused.denial(asked_at);
            // Refused for the division of the queue: so there is one.
            return match denial.value.kind() {
                DenialKind::Division => Ok(Some(denial.with(Kind::Queue(None)))),
                _ => Err(untaken(&PlatformError::Refused(refused), Route::Queue, asked_at)),
            };
        }
        Err(error) => return Err(untaken(&error, Route::Queue, asked_at)),
    };
    let name = client.read(&answer, decode::queue_name);
    let name = name.map_err(|error| untaken(&error, Route::Queue, asked_at))?;
    Ok(Some(answer.seen(Kind::Queue(name))))
}

/// A question about the kind that got no answer.
pub(super) fn untaken(error: &PlatformError, route: Route, at: Timestamp) -> Untaken {
    let detail = format!("not known whether it is another kind of id: {error}");
    let why = Evidence::at(route.template(), detail, at);
    // A refusal is for want of rights, and stays.
    let is_passing = !matches!(error, PlatformError::Refused(_));
    Untaken { why, would_show: Reason::WrongIdKind, is_passing }
}
