//! One channel takes the place of another while everybody moves: nothing is missed, and the two are compared.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use onduty_client::proto::Delivery;
use onduty_client::{Client, Event, Replica, Scope, WatchOptions};
use serde_json::json;
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::stage::{Cast, Stage, VOUCHED_AFTER, eventually};

/// By then every channel is due to be replaced, whatever the jitter: at three quarters of its time, or later. Those that
/// take their places are due again only when a test that is slow has failed.
const SETTINGS: &[(&str, &str)] = &[("sync.channel_rotation", "120s")];
const DUE: Duration = Duration::from_secs(120);

/// So that both clocks agree while everybody moves.
const BEHIND: Duration = VOUCHED_AFTER.saturating_add(DUE);

/// Somebody who follows every change.
struct Watcher {
    seen: Arc<Mutex<(Replica, u64)>>,
    _following: JoinSet<()>,
}

impl Watcher {
    fn of(client: &Client) -> Self {
        let options = WatchOptions { delivery: Delivery::EveryChange, ..WatchOptions::default() };
        let mut watch = client.watch_with(Scope::everyone(), options);
        let seen = Arc::<Mutex<(Replica, u64)>>::default();
        let (mut following, into) = (JoinSet::new(), Arc::clone(&seen));
        following.spawn(async move {
            while let Ok(event) = watch.next().await {
                let mut seen = into.lock().unwrap_or_else(PoisonError::into_inner);
                seen.0.apply(&event);
                seen.1 += u64::from(matches!(event, Event::Changed { .. }));
            }
        });
        Self { seen, _following: following }
    }

    /// What it holds, and how many changes it was told.
    fn seen(&self) -> (Replica, u64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Replaces every channel while everybody moves; gives what was counted before and after.
async fn every_channel_is_replaced_under_load(stage: &Stage) -> (Figures, Figures) {
    let before = stage.figures().await;
    let channels = before.platform("/sockets/open");
    stage.play().await;
    stage.pass(DUE);
    eventually("every channel is replaced", async || {
        let now = stage.figures().await;
        let replaced = now.platform("/sockets/ended/client") - before.platform("/sockets/ended/client");
        (replaced >= channels && now.platform("/sockets/open") == channels).then_some(())
    })
    .await;
    stage.pause().await;
    (before, stage.figures().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_every_channel_is_replaced_under_load_not_one_change_is_missed() {
    let cast = Cast { agents: 2_100, rate: 200.0, settings: SETTINGS, behind: BEHIND, ..Cast::default() };
    let stage = Stage::open(cast).await;
    stage.everybody_has_clocks().await;
    stage.settled().await;
    let watcher = Watcher::of(&stage.client);
    eventually("the watcher has begun", async || watcher.seen().0.is_whole().then_some(())).await;
    let (before, _) = every_channel_is_replaced_under_load(&stage).await;
    assert_eq!(before.platform("/sockets/open"), 3);

    stage.comes_to_show_the_truth().await;
    stage.shows_the_truth_by(async || watcher.seen().0.iter().cloned().collect()).await;
    let after = stage.figures().await;
    let made = after.platform("/events/made") - before.platform("/events/made");
    let heard = after.applied("channel") - before.applied("channel");
    assert!(made > 1_000, "that was no load: {made}");
    assert_eq!((heard, watcher.seen().1), (made, made), "every change, once");
    assert_eq!(stage.channel().await.gaps, 0);
    assert_eq!(
        (after.read_again(), after.readings()),
        (before.read_again(), before.readings()),
        "nobody was asked"
    );
    for other in ["sweep", "lookup"] {
        assert_eq!(after.applied(other), before.applied(other), "by {other}");
    }
    let [both, old_only, new_only] = ["both", "old_only", "new_only"].map(|side| after.compared(side));
    assert!(both > 100, "{both}");
    assert_eq!((old_only, new_only), (0, 0), "of {both}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_channels_lose_is_measured_while_one_takes_the_place_of_another() {
    let cast = Cast { agents: 300, rate: 300.0, settings: SETTINGS, behind: BEHIND, ..Cast::default() };
    let stage = Stage::open(cast).await;
    stage.settled().await;
    stage.switch(json!({"event_loss": {"channel": 0.05}})).await;
    let (_, after) = every_channel_is_replaced_under_load(&stage).await;
    let [both, old_only, new_only] = ["both", "old_only", "new_only"].map(|side| after.compared(side) as f64);
    assert!(both > 500.0, "{both}");
    for (lost, heard) in [(old_only, both + old_only), (new_only, both + new_only)] {
        let loss = lost / heard;
        assert!((0.015..0.12).contains(&loss), "{lost} of {heard} is far from one in twenty");
    }
    stage.close().await;
}
