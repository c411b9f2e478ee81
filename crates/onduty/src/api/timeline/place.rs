//! Where a timeline goes on, as an opaque text: before which entry of which agent's history. Entries keep their
//! numbers, so a place holds while new statements come in and old ones are forgotten.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onduty_core::agent::UserId;
use onduty_core::cursor::Epoch;
use prost::Message as _;

/// Before the entry of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) u64);

/// Why a text is no place to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PlaceError {
    #[error("is not one that this call gave out; begin again without a token")]
    Malformed,
    #[error("was given out for another agent; repeat the id of the first page")]
    OtherAgent,
    #[error("belongs to another history than this sidecar's; begin again without a token")]
    OtherHistory,
}

/// What a token holds. Its form is nobody's business but this file's. No tag is one of the tokens of lists, so that
/// neither can be taken for the other.
#[derive(Clone, PartialEq, prost::Message)]
struct Content {
    #[prost(uint32, tag = "16")]
    version: u32,
    #[prost(fixed64, tag = "17")]
    epoch: u64,
    #[prost(string, tag = "18")]
    user_id: String,
    #[prost(uint64, tag = "19")]
    before: u64,
}

const VERSION: u32 = 1;

/// More than any token of ours.
const TOKEN_BYTES_MAX: usize = 1_024;

impl Place {
    /// As a token for the next page.
    pub(super) fn write(self, epoch: Epoch, user_id: &UserId) -> String {
        let user_id = user_id.as_str().to_owned();
        let content = Content { version: VERSION, epoch: epoch.0, user_id, before: self.0 };
        URL_SAFE_NO_PAD.encode(content.encode_to_vec())
    }

    /// Reads a token that comes with a request about this agent; none is the beginning.
    pub(super) fn read(token: &str, epoch: Epoch, user_id: &UserId) -> Result<Option<Self>, PlaceError> {
        if token.is_empty() {
            return Ok(None);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(PlaceError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PlaceError::Malformed)?;
        let content = Content::decode(&*bytes).map_err(|_| PlaceError::Malformed)?;
        match content {
            Content { version: VERSION, epoch: of, .. } if of != epoch.0 => Err(PlaceError::OtherHistory),
            Content { version: VERSION, user_id: of, .. } if of != user_id.as_str() => {
                Err(PlaceError::OtherAgent)
            }
            Content { version: VERSION, before, .. } if before > 0 => Ok(Some(Self(before))),
            _ => Err(PlaceError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Epoch = Epoch(u64::MAX);

    #[test]
    fn a_place_survives_its_token_and_goes_with_its_agent_and_history_only() {
        let (ada, ben) = (UserId::from("ada"), UserId::from("ben"));
        let token = Place(7).write(EPOCH, &ada);
        assert_eq!(Place::read(&token, EPOCH, &ada), Ok(Some(Place(7))));
        assert_eq!(Place::read("", EPOCH, &ada), Ok(None));
        assert_eq!(Place::read(&token, EPOCH, &ben), Err(PlaceError::OtherAgent));
        assert_eq!(Place::read(&token, Epoch(1), &ada), Err(PlaceError::OtherHistory));
    }

    #[test]
    fn anything_else_is_refused() {
        let long = "A".repeat(2_000);
        // The last is the head of a list's token.
        for token in ["x", "!", "AAAA", "c1-1-1", &*long, "CAERAQAAAAAAAAAA"] {
            let read = Place::read(token, EPOCH, &UserId::from("ada"));
            assert_eq!(read, Err(PlaceError::Malformed), "{token:.20}");
        }
    }
}
