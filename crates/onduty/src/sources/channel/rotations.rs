//! How many channels may be replaced at once: each needs one more while it is, and the platform displaces the oldest
//! beyond its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Replacements at once, at most: each is three requests and nobody is read for it, but all at once would be a burst.
const AT_ONCE: usize = 4;

/// Counts the replacements under way.
#[derive(Debug, Default)]
pub(super) struct Rotations {
    spare: AtomicUsize,
    under_way: AtomicUsize,
}

/// One replacement under way; over when dropped.
#[derive(Debug)]
pub(super) struct Rotation(Arc<Rotations>);

impl Rotations {
    /// So many channels may be made beside those that are planned.
    pub(super) fn allow(&self, spare: usize) {
        self.spare.store(spare, Ordering::Relaxed);
    }

    /// Leave to make one more channel for a while, if there is room.
    pub(super) fn begin(self: &Arc<Self>) -> Option<Rotation> {
        let room = self.spare.load(Ordering::Relaxed).min(AT_ONCE);
        let one_more = |under_way: usize| (under_way < room).then_some(under_way + 1);
        let begun = self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        begun.ok().map(|_| Rotation(Arc::clone(self)))
    }
}

impl Drop for Rotation {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_channels_are_made_than_the_platform_lets_live() {
        let rotations = Arc::new(Rotations::default());
        assert!(rotations.begin().is_none(), "all channels are in use");
        rotations.allow(2);
        let (first, second) = (rotations.begin(), rotations.begin());
        assert!(first.is_some() && second.is_some() && rotations.begin().is_none());
        drop(first);
        assert!(rotations.begin().is_some());
    }
}
