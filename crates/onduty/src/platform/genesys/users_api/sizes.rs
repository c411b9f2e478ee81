//! How many users are asked for at once. The platform refuses what would be too large for one answer, which depends on
//! what it holds of them: then it is asked for less, from then on. Pure but for what it remembers.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{BATCH_MAX, PAGE_SIZE};
use crate::platform::ListedPage;

/// Each divides the one before, so that a page is so many whole smaller ones.
const PAGE_SIZES: [usize; 5] = [PAGE_SIZE, 50, 25, 5, 1];

/// What has not been refused so far.
#[derive(Debug)]
pub(super) struct Sizes {
    page: AtomicUsize,
    batch: AtomicUsize,
}

/// A page of that size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) size: usize,
    pub(super) number: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { page: AtomicUsize::new(PAGE_SIZE), batch: AtomicUsize::new(BATCH_MAX) }
    }
}

impl Sizes {
    pub(super) fn page(&self) -> usize {
        self.page.load(Ordering::Relaxed)
    }

    pub(super) fn batch(&self) -> usize {
        self.batch.load(Ordering::Relaxed)
    }

    pub(super) fn shrink_page(&self, size: usize) {
        Self::shrink(&self.page, size, "a page of users is too large for one answer: smaller ones are read");
    }

    pub(super) fn shrink_batch(&self, size: usize) {
        Self::shrink(&self.batch, size, "so many users are too large for one answer: fewer are asked for");
    }

    fn shrink(kept: &AtomicUsize, size: usize, words: &'static str) {
        let size = size.max(1);
        if kept.fetch_min(size, Ordering::Relaxed) > size {
            tracing::info!(size, "{words}");
        }
    }
}

impl Piece {
    /// The same users in smaller pages, in order; none for a page of one.
    pub(super) fn smaller(self) -> Option<Vec<Self>> {
        let size = PAGE_SIZES.into_iter().find(|size| *size < self.size)?;
        let parts = u64::try_from(self.size / size).unwrap_or(1);
        let first = self.number.saturating_sub(1).saturating_mul(parts);
        Some((1..=parts).map(|part| Self { size, number: first.saturating_add(part) }).collect())
    }
}

/// Pages that follow one another as one. The list moved if they disagree about how many there are.
pub(super) fn joined(pages: Vec<ListedPage>) -> ListedPage {
    let total = pages.first().and_then(|first| first.total);
    let total = total.filter(|total| pages.iter().all(|page| page.total == Some(*total)));
    let mut all = ListedPage { total, ..ListedPage::default() };
    for page in pages {
        all.observations.extend(page.observations);
        all.named.extend(page.named);
        all.has_next = page.has_next;
        all.unreadable += page.unreadable;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smaller_pages_hold_the_same_users_in_the_same_order() {
        for size in PAGE_SIZES {
            for number in [1, 2, 7] {
                let whole = Piece { size, number };
                let Some(smaller) = whole.smaller() else {
                    assert_eq!(size, 1);
                    continue;
                };
                let users = |piece: &Piece| {
                    let size = u64::try_from(piece.size).unwrap();
                    (piece.number - 1) * size..piece.number * size
                };
                let read: Vec<u64> = smaller.iter().flat_map(users).collect();
                assert_eq!(read, users(&whole).collect::<Vec<_>>(), "{whole:?}");
                assert!(smaller.iter().all(|piece| piece.size < size));
            }
        }
    }

    #[test]
    fn a_size_that_was_refused_is_not_tried_again() {
        let sizes = Sizes::default();
        sizes.shrink_page(25);
        sizes.shrink_page(50);
        sizes.shrink_batch(13);
        assert_eq!((sizes.page(), sizes.batch()), (25, 13));
    }

    #[test]
    fn pieces_that_disagree_about_the_total_tell_none() {
        let page = |total, has_next| ListedPage { total, has_next, ..ListedPage::default() };
        let whole = joined(vec![page(Some(3), true), page(Some(3), false)]);
        assert_eq!((whole.total, whole.has_next), (Some(3), false));
        assert_eq!(joined(vec![page(Some(3), true), page(Some(4), false)]).total, None);
    }
}
