//! Which of a platform's APIs is spoken: set by the configuration, found out from what answers, or remembered from an
//! earlier run until that can be held against the platform again. What is remembered decides nothing that the platform
//! could be asked first; it says how to read what is pushed meanwhile.

use std::sync::{Arc, OnceLock};

use onduty_core::dialect::Dialect;

use crate::config::PlatformApi;
use crate::status::{ApiOrigin, SpokenApi};

/// Which of its APIs is spoken, as far as that is known. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Spoken(Arc<Knowledge>);

#[derive(Debug, Default)]
struct Knowledge {
    /// Where the platform is asked.
    address: Arc<str>,
    remembered: Option<SpokenApi>,
    /// For as long as this process runs.
    settled: OnceLock<SpokenApi>,
}

impl Spoken {
    /// Nothing but what was found out at the same address before. Another platform's answer, and a name that this
    /// program does not know, are no memory.
    pub(super) fn remembering(address: &str, dialect: Option<&Dialect>) -> Self {
        let same = dialect.filter(|dialect| &*dialect.address == address);
        let remembered = same.and_then(|dialect| {
            let origin = ApiOrigin::Remembered { found_at: dialect.found_at };
            Some(SpokenApi { api: PlatformApi::by_name(&dialect.api)?, origin })
        });
        Self(Arc::new(Knowledge { address: address.into(), remembered, settled: OnceLock::new() }))
    }

    /// Which it is, as far as is known.
    pub fn get(&self) -> Option<PlatformApi> {
        self.known().map(|known| known.api)
    }

    /// Which it is, as far as is known, and how that is known.
    pub fn known(&self) -> Option<SpokenApi> {
        self.0.settled.get().or(self.0.remembered.as_ref()).copied()
    }

    /// Which it is, once that does not rest on memory.
    pub fn settled(&self) -> Option<PlatformApi> {
        self.0.settled.get().map(|known| known.api)
    }

    /// What the next start should remember: only what was found out.
    pub fn dialect(&self) -> Option<Dialect> {
        let SpokenApi { api, origin } = self.0.settled.get()?;
        let ApiOrigin::FoundOut { at: found_at } = *origin else { return None };
        Some(Dialect { found_at, address: Arc::clone(&self.0.address), api: api.name().into() })
    }

    /// Settles it, and gives what it is from now on.
    pub(super) fn settle(&self, known: SpokenApi) -> SpokenApi {
        *self.0.settled.get_or_init(|| known)
    }
}

impl From<PlatformApi> for Spoken {
    fn from(api: PlatformApi) -> Self {
        let settled = OnceLock::from(SpokenApi { api, origin: ApiOrigin::Configured });
        Self(Arc::new(Knowledge { settled, ..Knowledge::default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::time::Timestamp;

    const HERE: &str = "https://api.mypurecloud.ie";
    const THEN: Timestamp = Timestamp::from_millis(1);

    fn dialect(address: &str, api: &str) -> Dialect {
        Dialect { found_at: THEN, address: address.into(), api: api.into() }
    }

    #[test]
    fn what_was_found_out_at_the_same_address_is_remembered_and_settles_nothing() {
        let users = SpokenApi { api: PlatformApi::Users, origin: ApiOrigin::Remembered { found_at: THEN } };
        let table = [
            (Some(dialect(HERE, "users")), Some(users)),
            (Some(dialect("https://api.mypurecloud.de", "users")), None),
            (Some(dialect(HERE, "agents-of-the-future")), None),
            (None, None),
        ];
        for (kept, expected) in table {
            let spoken = Spoken::remembering(HERE, kept.as_ref());
            assert_eq!(
                (spoken.known(), spoken.settled(), spoken.dialect()),
                (expected, None, None),
                "{kept:?}"
            );
        }
    }

    #[test]
    fn what_is_found_out_takes_the_place_of_what_was_remembered_and_is_kept() {
        let spoken = Spoken::remembering(HERE, Some(&dialect(HERE, "users")));
        let at = Timestamp::from_millis(2);
        spoken.settle(SpokenApi { api: PlatformApi::AgentStates, origin: ApiOrigin::FoundOut { at } });
        assert_eq!(
            (spoken.get(), spoken.settled()),
            (Some(PlatformApi::AgentStates), Some(PlatformApi::AgentStates))
        );
        assert_eq!(spoken.dialect(), Some(Dialect { found_at: at, ..dialect(HERE, "agent-states") }));
    }

    #[test]
    fn what_is_configured_is_not_kept() {
        assert_eq!(Spoken::from(PlatformApi::Users).dialect(), None);
    }
}
