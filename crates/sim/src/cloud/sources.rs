//! Where a presence comes from: the platform's own clients, or a product beside it. One source is primary per user,
//! and only the primary one says what others are shown.

use super::id::Id;

/// A registered source of presences besides the platform's own, which is written `PURECLOUD` and has no entry.
#[derive(Clone, Debug)]
pub struct PresenceSource {
    /// Its id.
    pub id: Id,
    /// What administrators read.
    pub name: &'static str,
    /// What `integrationPresenceSource` calls it; none for an organisation's own.
    pub integration: Option<&'static str>,
}

/// The integrations that the users API can be asked for by name.
pub const INTEGRATIONS: [&str; 4] = ["MicrosoftTeams", "ZoomPhone", "EightByEight", "RingCentral"];

/// Teams, and one that another telephone system feeds.
pub fn seeded_sources(seed: u64) -> [PresenceSource; 2] {
    let source = |index, name, integration| PresenceSource {
        id: Id::derive(seed, "presence source", index),
        name,
        integration,
    };
    [source(0, "Microsoft Teams", Some("MicrosoftTeams")), source(1, "Branch telephones", None)]
}
