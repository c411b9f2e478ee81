//! Where a list goes on, as an opaque text. The server keeps nothing: cursor, last agent and account travel with
//! the caller, who can at worst mislead himself. A token belongs to the filter it was made with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onduty_core::account::Account;
use onduty_core::agent::UserId;
use onduty_core::cursor::{Cursor, Epoch, Revision};
use onduty_core::finding::Reason;
use onduty_core::selector::Selector;
use prost::Message as _;

use crate::answers::Continuation;

/// Why a text is no place to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PageTokenError {
    #[error("is not one that this server gave out; begin again without a token")]
    Malformed,
    #[error("was given out for another filter; repeat the filter of the first page")]
    OtherFilter,
}

/// What a token holds. Its form is nobody's business but this file's.
#[derive(Clone, PartialEq, prost::Message)]
struct Content {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(fixed64, tag = "2")]
    filter: u64,
    #[prost(fixed64, tag = "3")]
    epoch: u64,
    #[prost(uint64, tag = "4")]
    revision: u64,
    #[prost(string, tag = "5")]
    after: String,
    #[prost(uint64, tag = "6")]
    shown: u64,
    #[prost(uint64, tag = "7")]
    filtered: u64,
    #[prost(btree_map = "string, uint64", tag = "8")]
    withheld: std::collections::BTreeMap<String, u64>,
    #[prost(uint64, tag = "9")]
    unknown: u64,
}

const VERSION: u32 = 1;

/// More than any token of ours.
const TOKEN_BYTES_MAX: usize = 4_096;

/// Writes a token for this filter.
pub(super) fn write(from: &Continuation, selector: &Selector) -> String {
    let Continuation { cursor, after, account } = from;
    let withheld = account.withheld.iter().map(|(reason, count)| (reason.name().to_owned(), *count));
    let content = Content {
        version: VERSION,
        filter: fingerprint(selector),
        epoch: cursor.epoch.0,
        revision: cursor.revision.0,
        after: after.as_str().to_owned(),
        shown: account.shown,
        filtered: account.filtered,
        withheld: withheld.collect(),
        unknown: account.unknown,
    };
    URL_SAFE_NO_PAD.encode(content.encode_to_vec())
}

/// Reads a token that comes with this filter.
pub(super) fn read(token: &str, selector: &Selector) -> Result<Continuation, PageTokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(PageTokenError::Malformed);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PageTokenError::Malformed)?;
    let content = Content::decode(&*bytes).map_err(|_| PageTokenError::Malformed)?;
    if content.version != VERSION || content.after.is_empty() {
        return Err(PageTokenError::Malformed);
    }
    if content.filter != fingerprint(selector) {
        return Err(PageTokenError::OtherFilter);
    }
    let reason = |name: &str| Reason::ALL.iter().find(|reason| reason.name() == name).copied();
    let withheld = content.withheld.iter().map(|(name, count)| Some((reason(name)?, *count)));
    let account = Account {
        shown: content.shown,
        filtered: content.filtered,
        withheld: withheld.collect::<Option<_>>().ok_or(PageTokenError::Malformed)?,
        unknown: content.unknown,
    };
    let cursor = Cursor { epoch: Epoch(content.epoch), revision: Revision(content.revision) };
    Ok(Continuation { cursor, after: UserId::from(&*content.after), account })
}

/// Tells filters apart (FNV-1a over their conditions, which are sorted sets). Not a protection: whoever wants to go
/// on with another filter may leave the token out just as well.
fn fingerprint(selector: &Selector) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    format!("{selector:?}").bytes().fold(BASIS, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::agent::SystemPresence;
    use std::collections::{BTreeMap, BTreeSet};

    fn continuation() -> Continuation {
        Continuation {
            cursor: Cursor { epoch: Epoch(u64::MAX), revision: Revision(7) },
            after: UserId::from("user-1"),
            account: Account {
                shown: 1,
                filtered: 2,
                withheld: BTreeMap::from([(Reason::AgentInactive, 3)]),
                unknown: 4,
            },
        }
    }

    #[test]
    fn a_token_survives_its_text() {
        let everyone = Selector::default();
        assert_eq!(read(&write(&continuation(), &everyone), &everyone), Ok(continuation()));
    }

    #[test]
    fn a_token_goes_with_its_filter_only() {
        let token = write(&continuation(), &Selector::default());
        let busy = Selector { presences: BTreeSet::from([SystemPresence::Busy]), ..Selector::default() };
        assert_eq!(read(&token, &busy), Err(PageTokenError::OtherFilter));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "A".repeat(5_000);
        for token in ["x", "!", "AAAA", "c1-1-1", &*long] {
            assert_eq!(read(token, &Selector::default()), Err(PageTokenError::Malformed), "{token:.20}");
        }
    }
}
