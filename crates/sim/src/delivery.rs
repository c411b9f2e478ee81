//! Webhooks out: at least once, with the sender's credentials, in no order.
//!
//! An event is tried until the receiver says 2xx. A receiver that is away or overloaded is probed with one delivery
//! at a time until it answers again; what it refuses outright is tried a few times and then given up and counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cloud::stamp::Stamp;
use crate::events::Event;
use crate::shell::{Shared, now};
use crate::world::{Outgoing, World};

/// Deliveries under way at once.
const IN_FLIGHT_MAX: usize = 32;
/// Deliveries kept while the receiver is away.
const WAITING_MAX: usize = 200_000;
/// How often an event is tried that the receiver refuses outright.
const REFUSALS_MAX: u32 = 6;
/// A receiver has this long to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// The stretch that the throttle counts in, in milliseconds.
const MINUTE_MS: i64 = 60_000;
/// First and longest wait between tries, in milliseconds.
const BACKOFF_MS: (i64, i64) = (100, 2000);

/// One event on its way.
#[derive(Clone, Debug)]
struct Delivery {
    event: Event,
    /// When that happened which it tells.
    made_at: Stamp,
    tries: u32,
    refusals: u32,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    /// The receiver does not want this one.
    Refused,
    /// The receiver can't take anything just now.
    Unavailable,
}

/// Carries events away until told to stop.
pub(crate) struct Courier {
    shared: Arc<Shared>,
    url: reqwest::Url,
    client: Client,
    waiting: BTreeMap<(Stamp, u64), Delivery>,
    in_flight: JoinSet<(Delivery, Verdict)>,
    sequence: u64,
    /// Waits in a row that ended with the receiver still away.
    failures: u32,
    resume_at: Stamp,
    /// The minute of the throttle that is under way: its beginning, and what was sent in it.
    minute: (Stamp, u64),
    /// Until when the throttle held back what was due, as its switch stood the last time.
    throttled_until: Option<Stamp>,
}

impl Courier {
    /// A courier with nothing to carry yet.
    pub(crate) fn new(shared: Arc<Shared>, url: reqwest::Url) -> Result<Self, reqwest::Error> {
        // The process may have chosen a provider already; either one will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("onduty-sim")
            .build()?;
        Ok(Self {
            shared,
            url,
            client,
            waiting: BTreeMap::new(),
            in_flight: JoinSet::new(),
            sequence: 0,
            failures: 0,
            resume_at: Stamp::default(),
            minute: (Stamp::default(), 0),
            throttled_until: None,
        })
    }

    /// Works until stopped; then what is under way is dropped.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            self.collect();
            self.launch();
            let nap = self.nap();
            let shared = Arc::clone(&self.shared);
            tokio::select! {
                () = stop.cancelled() => break,
                () = shared.mail.notified() => {}
                Some(done) = self.in_flight.join_next(), if !self.in_flight.is_empty() => {
                    if let Ok((delivery, verdict)) = done {
                        self.settle(delivery, verdict);
                    }
                }
                () = tokio::time::sleep(nap) => {}
            }
        }
        self.in_flight.shutdown().await;
    }

    fn collect(&mut self) {
        let mail = self.shared.with(World::take_mail);
        for outgoing in mail {
            let Outgoing { due, made_at, event } = outgoing;
            self.wait_until(due, Delivery { event, made_at, tries: 0, refusals: 0 });
        }
    }

    fn wait_until(&mut self, due: Stamp, delivery: Delivery) {
        if self.waiting.len() >= WAITING_MAX {
            self.shared.with(|world| world.stats.webhook.lost_overflow += 1);
            self.shared.settled.notify_waiters();
            return;
        }
        self.sequence += 1;
        self.waiting.insert((due, self.sequence), delivery);
    }

    fn launch(&mut self) {
        let now = now();
        self.throttled_until = None;
        let (ttl_s, throttle) = self.shared.with(|world| {
            let faults = &world.faults;
            (i64::try_from(faults.webhook_ttl_s).unwrap_or(i64::MAX), faults.webhook_throttle)
        });
        while self.may_launch(now)
            && let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)
        {
            if ttl_s > 0 && now.millis_since(entry.get().made_at) >= ttl_s.saturating_mul(1000) {
                entry.remove();
                self.shared.with(|world| world.stats.webhook.lost_expired += 1);
                self.shared.settled.notify_waiters();
                continue;
            }
            if throttle > 0 && !spare(&mut self.minute, throttle, now) {
                self.throttled_until = Some(self.minute.0.plus_millis(MINUTE_MS));
                return;
            }
            let mut delivery = entry.remove();
            delivery.tries += 1;
            let first = delivery.tries == 1;
            let credentials = self.shared.with(|world| {
                let webhook = &mut world.stats.webhook;
                *(if first { &mut webhook.pushed } else { &mut webhook.retried }) += 1;
                Arc::clone(&world.credentials)
            });
            let headers = credentials.headers(&delivery.event, now);
            let (client, url) = (self.client.clone(), self.url.clone());
            self.in_flight.spawn(async move {
                let verdict = attempt(&client, url, &delivery.event, headers).await;
                (delivery, verdict)
            });
        }
    }

    fn may_launch(&self, now: Stamp) -> bool {
        let room = if self.failures == 0 { IN_FLIGHT_MAX } else { 1 };
        self.in_flight.len() < room && now >= self.resume_at
    }

    /// How long nothing is due. Room in flight is made by an answer, and a throttle is lifted by a switch: both wake
    /// the loop by themselves.
    fn nap(&self) -> Duration {
        let longest = Duration::from_secs(60);
        let Some(((due, _), _)) = self.waiting.first_key_value() else { return longest };
        let room = if self.failures == 0 { IN_FLIGHT_MAX } else { 1 };
        if self.in_flight.len() >= room {
            return longest;
        }
        let may_go = self.resume_at.max(self.throttled_until.unwrap_or_default());
        let wait_ms = (*due).max(may_go).millis_since(now()).max(1);
        Duration::from_millis(wait_ms.unsigned_abs()).min(longest)
    }

    fn settle(&mut self, mut delivery: Delivery, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => {
                self.failures = 0;
                self.shared.with(|world| world.stats.webhook.acknowledged += 1);
            }
            Verdict::Refused => {
                self.failures = 0;
                delivery.refusals += 1;
                if delivery.refusals < REFUSALS_MAX {
                    let due = now().plus_millis(backoff_ms(delivery.refusals));
                    self.wait_until(due, delivery);
                } else {
                    tracing::warn!(event = %delivery.event.id, "webhook refused too often, given up");
                    self.shared.with(|world| world.stats.webhook.lost_refused += 1);
                }
            }
            Verdict::Unavailable => {
                if self.failures == 0 {
                    tracing::warn!(url = %self.url, "webhook receiver unavailable, trying again");
                }
                // Tries that were under way together fail together: they are one sign, not many.
                let now = now();
                if now >= self.resume_at {
                    self.failures = self.failures.saturating_add(1);
                    self.resume_at = now.plus_millis(backoff_ms(self.failures));
                }
                self.wait_until(self.resume_at, delivery);
            }
        }
        self.shared.settled.notify_waiters();
    }
}

/// Wait after this many failures in a row: doubling, up to a limit.
fn backoff_ms(failures: u32) -> i64 {
    let (first, longest) = BACKOFF_MS;
    first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(longest)
}

/// Takes a place in the minute under way, or in a new one; false when it has none left.
fn spare((begun, sent): &mut (Stamp, u64), throttle: u64, now: Stamp) -> bool {
    if now.millis_since(*begun) >= MINUTE_MS {
        (*begun, *sent) = (now, 0);
    }
    let has_one = *sent < throttle;
    *sent += u64::from(has_one);
    has_one
}

async fn attempt(
    client: &Client,
    url: reqwest::Url,
    event: &Event,
    headers: Option<Vec<(HeaderName, HeaderValue)>>,
) -> Verdict {
    // Only text that cannot be signed has none.
    let Some(headers) = headers else { return Verdict::Refused };
    let request = client.post(url).header(CONTENT_TYPE, event.media_type).body(event.body.clone());
    match request.headers(headers.into_iter().collect()).send().await {
        Ok(response) => judge(response.status()),
        Err(_) => Verdict::Unavailable,
    }
}

fn judge(status: StatusCode) -> Verdict {
    match status {
        status if status.is_success() => Verdict::Accepted,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Verdict::Unavailable,
        status if status.is_client_error() => Verdict::Refused,
        _ => Verdict::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_2xx_is_an_acceptance_and_only_a_plain_4xx_a_refusal() {
        let verdicts = [200, 204, 302, 400, 401, 408, 413, 429, 500, 503]
            .map(|status| judge(StatusCode::from_u16(status).unwrap()));
        use Verdict::{Accepted, Refused, Unavailable};
        assert_eq!(
            verdicts,
            [
                Accepted,
                Accepted,
                Unavailable,
                Refused,
                Refused,
                Unavailable,
                Refused,
                Unavailable,
                Unavailable,
                Unavailable
            ]
        );
    }

    #[test]
    fn a_throttled_minute_begins_with_its_first_event_and_has_so_many_places() {
        let (start, mut minute) = (Stamp::from_millis(1_772_442_850_900), (Stamp::default(), 0));
        let mut at = |ms| spare(&mut minute, 2, start.plus_millis(ms));
        let taken = [0, 10, 59_999, 60_000, 60_001, 60_002].map(&mut at);
        assert_eq!(taken, [true, true, false, true, true, false]);
    }

    #[test]
    fn waits_double_up_to_a_limit() {
        assert_eq!([1, 2, 3, 6, 100].map(backoff_ms), [100, 200, 400, 2000, 2000]);
    }
}
