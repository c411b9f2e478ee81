//! Killed at any moment, it has lost nothing that it acknowledged, and it serves its old states at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::event::{available, signed, signer};
use crate::stage::{PATIENCE, Ports, Sidecar, http, until};

const KILLS: usize = 50;
const SENDERS: usize = 16;
const AGENTS: u64 = 40;

/// What the sidecar has acknowledged: the events, and the newest clock of each agent.
#[derive(Default)]
struct Acknowledged {
    events: Vec<String>,
    newest: BTreeMap<String, i64>,
}

/// Sends events without pause and notes each that got its 204.
async fn send(
    url: String,
    ticks: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<Acknowledged>>,
    stop: Arc<AtomicBool>,
) {
    let http = http();
    let signer = signer();
    while !stop.load(Ordering::Relaxed) {
        let tick = ticks.fetch_add(1, Ordering::Relaxed);
        let user_id = format!("00000000-0000-4000-8000-{:012}", tick % AGENTS);
        // Distinct clocks, so that the newest acknowledged one is the state.
        let since =
            jiff::Timestamp::from_millisecond(1_700_000_000_000 + i64::try_from(tick).unwrap()).unwrap();
        let event_id = format!("event-{tick}");
        let event = available(&event_id, &user_id, tick, since).to_string();
        let answer = signed(http.post(&url), &signer, &event_id, event).send().await;
        match answer {
            Ok(answer) if answer.status() == 204 => {
                let mut acknowledged = acknowledged.lock().unwrap();
                acknowledged.events.push(event_id);
                let newest = acknowledged.newest.entry(user_id).or_default();
                *newest = since.as_millisecond().max(*newest);
            }
            Ok(answer) => assert_eq!(answer.status(), 503, "{:?}", answer.text().await),
            // Killed in the middle of it: not acknowledged.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// How many of these events are in the journal.
fn found_in_journal(sidecar: &Sidecar, events: &[String]) -> usize {
    let journal = Connection::open(sidecar.data_dir().join(onduty::journal::FILE_NAME)).unwrap();
    let mut held = journal.prepare("select event_id from history where event_id is not null").unwrap();
    let held: HashSet<String> = held.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    events.iter().filter(|event| held.contains(*event)).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_under_load_lose_no_acknowledged_event_and_old_states_are_served_at_once() {
    let ports = Ports::free();
    // No platform at all: what is served can only come from the journal.
    let settings = [("SYNC__SWEEP_INTERVAL", "1h")];
    let mut sidecar = Sidecar::new(ports, "http://127.0.0.1:9", "users", &settings);
    let (ticks, acknowledged) = (Arc::new(AtomicU64::new(1)), Arc::new(Mutex::new(Acknowledged::default())));
    let stop = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        senders.spawn(send(ports.webhook_url(), ticks.clone(), acknowledged.clone(), stop.clone()));
    }
    for kill in 0..KILLS {
        let before = acknowledged.lock().unwrap().events.len();
        sidecar.start();
        let client = sidecar.client().await;
        // At once: the first answer after the start holds every state that was acknowledged before the kill.
        let promised = acknowledged.lock().unwrap().newest.clone();
        let client = client.with_max_staleness(Duration::from_secs(100 * 365 * 24 * 3600));
        for (user_id, newest) in &promised {
            let state = client.get_by_user_id(user_id).await;
            let state = state.unwrap_or_else(|error| panic!("start {kill}: {error}\n{}", sidecar.log_tail()));
            let since = state.presence.unwrap().since.unwrap();
            let since = since.seconds * 1000 + i64::from(since.nanos) / 1_000_000;
            assert!(
                since >= *newest,
                "start {kill}: {user_id} is back at {since}, acknowledged was {newest}"
            );
        }
        let more = before + 50 + kill * 7;
        let enough = until(PATIENCE, async || match acknowledged.lock().unwrap().events.len() {
            count if count >= more => Ok(()),
            count => Err(format!("{count} of {more} acknowledged")),
        });
        enough.await.unwrap_or_else(|last| panic!("start {kill}: {last}\n{}", sidecar.log_tail()));
        sidecar.kill();
        let events = acknowledged.lock().unwrap().events.clone();
        assert_eq!(found_in_journal(&sidecar, &events), events.len(), "after kill {kill}");
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
}
