//! What is looked at once for all who ask at the same time, and relied on for a short while: a storm of questions
//! costs one look.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use onduty_core::time::Timestamp;
use tokio::sync::OnceCell;

use crate::clock::Clock;

/// Looks by key.
#[derive(Debug)]
pub(super) struct Flights<K, V> {
    held: Mutex<BTreeMap<K, Look<V>>>,
    /// How long a look is relied on, from its end.
    life: Duration,
    /// How many keys are held at most; beyond that everybody looks for themselves.
    most: usize,
    clock: Clock,
}

/// One look, under way while it is empty.
type Look<V> = Arc<OnceCell<(Timestamp, V)>>;

impl<K: Ord, V: Clone> Flights<K, V> {
    pub(super) fn new(life: Duration, most: usize, clock: Clock) -> Self {
        Self { held: Mutex::default(), life, most, clock }
    }

    /// What was seen under a key; `look` is only begun where nobody has looked lately or is looking now. Dropping the
    /// future hands an unfinished look on to whoever waits for it, to begin anew. A look is large, and most who ask
    /// need none: it is boxed.
    pub(super) async fn get<'a>(&self, key: K, look: impl FnOnce() -> BoxFuture<'a, V>) -> V {
        let flight = self.join(key);
        let done = async || {
            let seen = look().await;
            (self.clock.now(), seen)
        };
        flight.get_or_init(done).await.1.clone()
    }

    fn join(&self, key: K) -> Look<V> {
        let now = self.clock.now();
        let mut held = self.held();
        held.retain(|_, look| match look.get() {
            Some((at, _)) => *at <= now && now.since(*at) < self.life,
            // Somebody looks, or has given up looking.
            None => Arc::strong_count(look) > 1,
        });
        if held.len() >= self.most && !held.contains_key(&key) {
            return Look::default();
        }
        Arc::clone(held.entry(key).or_default())
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<K, Look<V>>> {
        // Whole after each change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    #[tokio::test]
    async fn a_storm_costs_one_look_until_it_is_old_and_another_key_another() {
        let now = Arc::new(AtomicI64::new(0));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || Timestamp::from_millis(told.load(Ordering::Relaxed)));
        let flights = Flights::new(Duration::from_secs(5), 2, clock);
        let looks = AtomicUsize::new(0);
        let look = || {
            async {
                tokio::task::yield_now().await;
                looks.fetch_add(1, Ordering::Relaxed)
            }
            .boxed()
        };
        let seen = join_all((0..10_000).map(|_| flights.get("a", look))).await;
        assert!(seen.iter().all(|seen| *seen == 0));
        assert_eq!(flights.get("b", look).await, 1);
        now.store(5_000, Ordering::Relaxed);
        assert_eq!((flights.get("a", look).await, flights.get("a", look).await), (2, 2));
    }

    #[tokio::test]
    async fn a_look_given_up_is_begun_anew_and_no_more_keys_are_held_than_may_be() {
        let flights = Flights::new(Duration::from_secs(5), 1, Clock::from_fn(Timestamp::default));
        {
            let mut given_up = Box::pin(flights.get(1, || std::future::pending().boxed()));
            assert!(futures_util::poll!(&mut given_up).is_pending());
        }
        let saying = |seen| move || std::future::ready(seen).boxed();
        assert_eq!(flights.get(1, saying("seen")).await, "seen");
        assert_eq!(flights.get(2, saying("first")).await, "first");
        assert_eq!(flights.get(2, saying("not held")).await, "not held");
    }
}
