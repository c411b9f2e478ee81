//! Webhooks that were turned away because nothing proved who sent them: counted by how their sender tried, so that
//! whoever set the sender up can be told what to mend. Nothing of what they carried is kept.

use onduty_core::time::Timestamp;

/// How a sender failed to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// Signed, and by none of our secrets.
    Signature,
    /// Signed, with a time outside of the replay window.
    Window,
    /// Signed, without a usable id or time of signing.
    Incomplete,
    /// A bearer that is not ours.
    Bearer,
    /// A Basic user and password that are not ours.
    Basic,
    /// A key that is not ours, in the header for keys.
    ApiKey,
    /// No attempt.
    Anonymous,
}

/// How many of them there were since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusals([Refused; Unproven::ALL.len()]);

/// Those of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// How many.
    pub count: u64,
    /// When the last of them came, by our clock.
    pub last_at: Option<Timestamp>,
}

impl Unproven {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Signature,
        Self::Window,
        Self::Incomplete,
        Self::Bearer,
        Self::Basic,
        Self::ApiKey,
        Self::Anonymous,
    ];

    /// What the sender did, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Signature => "signed, but not with a secret of ours",
            Self::Window => "signed, but too long ago or ahead of our clock",
            Self::Incomplete => "signed, but without a usable webhook-id or webhook-timestamp",
            Self::Bearer => "with a bearer that is not ours",
            Self::Basic => "with a Basic user and password that are not ours",
            Self::ApiKey => "with a key that is not ours",
            Self::Anonymous => "with neither signature nor credentials",
        }
    }
}

impl Refusals {
    /// One more. Says whether it is the first of its kind.
    pub fn add(&mut self, unproven: Unproven, at: Timestamp) -> bool {
        let refused = &mut self.0[unproven as usize];
        refused.count += 1;
        refused.last_at = refused.last_at.max(Some(at));
        refused.count == 1
    }

    /// The kinds that there were.
    pub fn iter(&self) -> impl Iterator<Item = (Unproven, Refused)> + '_ {
        let each = Unproven::ALL.into_iter().map(|unproven| (unproven, self.0[unproven as usize]));
        each.filter(|(_, refused)| refused.count > 0)
    }

    /// Those of one kind.
    pub const fn of(&self, unproven: Unproven) -> Refused {
        self.0[unproven as usize]
    }
}
