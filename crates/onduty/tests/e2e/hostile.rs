//! Garbage of every kind at both doors, round after round. Everything gets its clear error, the process lives, its
//! memory stays flat, and an honest sender in the midst of it loses nothing.

mod api;
mod ingress;
mod slow;
mod sockets;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use onduty_client::Client;
use onduty_sim::WebhookFormat;
use reqwest::StatusCode;
use tokio::task::JoinSet;

use crate::event::{available, now, signed, signer};
use crate::stage::{Control, PATIENCE, Ports, Sidecar, http, simulator, until};
use crate::truth::Api;

const AGENTS: usize = 40;

/// It grows what is grown once: pools and caches.
const WARM_UP: usize = 1;
const ROUNDS: usize = 4;

/// What is measured is what the sidecar holds, and not what the C library keeps of what it was given back. Left to
/// itself, glibc keeps an arena for each thread and never returns what is fragmented; with one arena, and large
/// blocks mapped each by itself, the resident memory is what is in use. Other C libraries ignore these.
const EXACT_ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072"), ("MALLOC_TRIM_THRESHOLD_", "131072")];

/// What a round may leave behind, and how much more any round may need than the warm-up. The journal's
/// pages in memory fill up meanwhile; a quarter of the bodies that stall in a round, kept each time, exceeds it.
const GROWTH_MAX_KIB: u64 = 48 * 1024;

/// The most it may ever hold under attack: less than the unfinished bodies alone that are offered at one time.
const PEAK_MAX_KIB: u64 = 128 * 1024;

/// A sender in good standing: one event after the other, each again and again until it is acknowledged.
struct Sender {
    acknowledged: Arc<Mutex<BTreeMap<String, i64>>>,
    count: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    task: JoinSet<()>,
}

impl Sender {
    fn start(url: String, user_ids: Vec<String>) -> Self {
        let acknowledged = Arc::<Mutex<BTreeMap<String, i64>>>::default();
        let (count, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (newest, counted, stopped) = (acknowledged.clone(), count.clone(), stop.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let (http, signer) = (http(), signer());
            let begin = now().as_millisecond();
            for (tick, user_id) in (1..).zip(user_ids.iter().cycle()) {
                let since = jiff::Timestamp::from_millisecond(begin + tick).unwrap();
                let id = format!("good-{tick}");
                let event = available(&id, user_id, u64::try_from(tick).unwrap(), since).to_string();
                while !stopped.load(Ordering::Relaxed) {
                    match signed(http.post(&url), &signer, &id, event.clone()).send().await {
                        Ok(answer) if answer.status() == StatusCode::NO_CONTENT => {
                            newest.lock().unwrap().insert(user_id.clone(), since.as_millisecond());
                            counted.fetch_add(1, Ordering::Relaxed);
                            break;
                        }
                        // Crowded out for the moment, and told to come again.
                        Ok(answer) => assert_eq!(answer.status(), 503, "{:?}", answer.text().await),
                        Err(_) => tokio::task::yield_now().await,
                    }
                }
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        Self { acknowledged, count, stop, task }
    }

    /// Waits until so many more events are acknowledged.
    async fn gets_on(&self, more: u64) {
        let enough = self.count.load(Ordering::Relaxed) + more;
        let acknowledged = until(PATIENCE, async || match self.count.load(Ordering::Relaxed) {
            count if count >= enough => Ok(()),
            count => Err(format!("{count} of {enough} events acknowledged")),
        });
        acknowledged.await.unwrap();
    }

    /// The newest clock of each agent that was acknowledged.
    async fn stop(mut self) -> BTreeMap<String, i64> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.join_next().await.unwrap().unwrap();
        Arc::into_inner(self.acknowledged).unwrap().into_inner().unwrap()
    }
}

/// Since when each agent is present, as the list has it.
async fn shown(client: &Client) -> BTreeMap<String, i64> {
    let listing = client.list(Default::default()).await.unwrap();
    let since = |state: onduty_client::proto::AgentState| {
        let since = state.presence.unwrap().since.unwrap();
        (state.user_id, since.seconds * 1000 + i64::from(since.nanos) / 1_000_000)
    };
    listing.agent_states.into_iter().map(since).collect()
}

async fn round(ports: Ports, sender: &Sender) {
    ingress::every_kind_of_garbage(ports).await;
    api::every_kind_of_garbage(ports).await;
    sockets::every_kind_of_noise(ports).await;
    slow::hundreds_stall(ports, sender).await;
    sender.gets_on(50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_gets_its_clear_error_and_neither_panics_nor_loses_nor_grows_anything() {
    let ports = Ports::free();
    let sim = simulator(AGENTS, 0.0, WebhookFormat::Flat, ports).await;
    let users = Control::of(sim.url()).get("agents").await;
    let user_ids = users.as_array().unwrap().iter().map(|user| user["userId"].as_str().unwrap().to_owned());
    let settings = [
        ("SYNC__SWEEP_INTERVAL", "1h"),
        ("INGRESS__BEARER", ingress::BEARER),
        ("INGRESS__BODY_TIMEOUT", "2s"),
        ("LIMITS__HEADER_TIMEOUT", "2s"),
        ("LIMITS__REQUEST_TIMEOUT", "2s"),
    ];
    let mut sidecar = Sidecar::new(ports, &sim.url(), Api::Users.name(), &settings);
    for (variable, value) in EXACT_ALLOCATOR {
        sidecar.set(variable, value);
    }
    sidecar.start();
    let client = sidecar.ready().await;
    let sender = Sender::start(ports.webhook_url(), user_ids.collect());

    for _ in 0..WARM_UP {
        round(ports, &sender).await;
    }
    let first = sidecar.memory();
    for _ in 0..ROUNDS {
        round(ports, &sender).await;
        assert!(!sidecar.has_ended(), "it ended:\n{}", sidecar.log_tail());
    }
    let last = sidecar.memory();

    assert!(last.now_kib < first.now_kib + GROWTH_MAX_KIB, "from {first:?} to {last:?}");
    assert!(last.peak_kib < first.peak_kib + GROWTH_MAX_KIB, "from {first:?} to {last:?}");
    assert!(last.peak_kib < PEAK_MAX_KIB, "{last:?}");

    let acknowledged = sender.stop().await;
    assert_eq!(acknowledged.len(), AGENTS);
    assert_eq!(shown(&client).await, acknowledged, "what was acknowledged, and nothing out of the garbage");
    assert!(!sidecar.log().contains("panicked"), "{}", sidecar.log());
    sim.shutdown().await;
}
