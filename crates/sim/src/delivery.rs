//! Webhooks out: at least once, signed, in no order.
//!
//! An event is tried until the receiver says 2xx. A receiver that is away or overloaded is probed with one delivery
//! at a time until it answers again; what it refuses outright is tried a few times and then given up and counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook, WebhookError,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cloud::stamp::Stamp;
use crate::events::Event;
use crate::shell::{Shared, now};
use crate::world::World;

/// Deliveries under way at once.
const IN_FLIGHT_MAX: usize = 32;
/// Deliveries kept while the receiver is away.
const WAITING_MAX: usize = 200_000;
/// How often an event is tried that the receiver refuses outright.
const REFUSALS_MAX: u32 = 6;
/// A receiver has this long to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// First and longest wait between tries, in milliseconds.
const BACKOFF_MS: (i64, i64) = (100, 2000);

/// Where events go. The secret stays out of every debug text.
pub(crate) struct Target {
    pub(crate) url: reqwest::Url,
    pub(crate) signer: Option<Webhook>,
}

/// One event on its way.
#[derive(Clone, Debug)]
struct Delivery {
    event: Event,
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
    target: Arc<Target>,
    client: Client,
    waiting: BTreeMap<(Stamp, u64), Delivery>,
    in_flight: JoinSet<(Delivery, Verdict)>,
    sequence: u64,
    /// Waits in a row that ended with the receiver still away.
    failures: u32,
    resume_at: Stamp,
}

impl Courier {
    /// A courier with nothing to carry yet.
    pub(crate) fn new(shared: Arc<Shared>, target: Target) -> Result<Self, reqwest::Error> {
        // The process may have chosen a provider already; either one will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("onduty-sim")
            .build()?;
        Ok(Self {
            shared,
            target: Arc::new(target),
            client,
            waiting: BTreeMap::new(),
            in_flight: JoinSet::new(),
            sequence: 0,
            failures: 0,
            resume_at: Stamp::default(),
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
            let delivery = Delivery { event: outgoing.event, tries: 0, refusals: 0 };
            self.wait_until(outgoing.due, delivery);
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
        while self.may_launch(now)
            && let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now)
        {
            let mut delivery = entry.remove();
            delivery.tries += 1;
            let first = delivery.tries == 1;
            self.shared.with(|world| {
                let webhook = &mut world.stats.webhook;
                *(if first { &mut webhook.pushed } else { &mut webhook.retried }) += 1;
            });
            let (client, target) = (self.client.clone(), Arc::clone(&self.target));
            self.in_flight.spawn(async move {
                let verdict = attempt(&client, &target, &delivery.event, now).await;
                (delivery, verdict)
            });
        }
    }

    fn may_launch(&self, now: Stamp) -> bool {
        let room = if self.failures == 0 { IN_FLIGHT_MAX } else { 1 };
        self.in_flight.len() < room && now >= self.resume_at
    }

    /// How long nothing is due. Room in flight is made by an answer, which wakes the loop by itself.
    fn nap(&self) -> Duration {
        let longest = Duration::from_secs(60);
        let Some(((due, _), _)) = self.waiting.first_key_value() else { return longest };
        let room = if self.failures == 0 { IN_FLIGHT_MAX } else { 1 };
        if self.in_flight.len() >= room {
            return longest;
        }
        let wait_ms = (*due).max(self.resume_at).millis_since(now()).max(1);
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
                    tracing::warn!(url = %self.target.url, "webhook receiver unavailable, trying again");
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

async fn attempt(client: &Client, target: &Target, event: &Event, now: Stamp) -> Verdict {
    let mut request =
        client.post(target.url.clone()).header("content-type", "application/json").body(event.body.clone());
    if let Some(signer) = &target.signer {
        let (id, seconds) = (event.id.to_string(), now.as_millis().div_euclid(1000));
        let signature: Result<String, WebhookError> = signer.sign(&id, seconds, event.body.as_bytes());
        let Ok(signature) = signature else { return Verdict::Refused };
        request = request
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, seconds.to_string())
            .header(HEADER_WEBHOOK_SIGNATURE, signature);
    }
    match request.send().await {
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
    fn waits_double_up_to_a_limit() {
        assert_eq!([1, 2, 3, 6, 100].map(backoff_ms), [100, 200, 400, 2000, 2000]);
    }
}
