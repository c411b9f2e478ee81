//! Which of its APIs a platform speaks, once that was found out: kept, so that whoever starts again while the platform
//! is away knows it. Nothing about an agent follows from it, and to core both names are words.

use std::sync::Arc;

use crate::time::Timestamp;

/// The API that a platform answered to. A later finding replaces it whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dialect {
    /// When it was found out, by our clock.
    pub found_at: Timestamp,
    /// Where the platform was asked: what is so at one address says nothing of another.
    pub address: Arc<str>,
    /// The API's name.
    pub api: Arc<str>,
}
