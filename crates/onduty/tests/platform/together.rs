//! Pushes that are lost, doubled, shuffled and late, beside sweeps: what is left of the trouble after one quiet sweep.

use std::time::Duration;

use onduty::config::PlatformApi;
use onduty_sim::{WebhookAuth, WebhookFormat, WebhookTarget};
use serde_json::json;

use crate::house::{As, House, Sim, WEBHOOK_SECRET, bind_ingress, ingress_config, until};
use crate::sweep::differences;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_trouble_and_one_quiet_sweep_the_roster_equals_the_truth() {
    for (api, format) in
        [(PlatformApi::AgentStates, WebhookFormat::Flat), (PlatformApi::Users, WebhookFormat::Notification)]
    {
        let (listener, address) = bind_ingress().await;
        let target = WebhookTarget {
            url: format!("http://{address}/webhooks/genesys"),
            auth: WebhookAuth::Signed(WEBHOOK_SECRET.to_owned()),
            format,
        };
        let sim = Sim::start(200, 100.0, Some(target)).await;
        let trouble = json!({
            "event_loss": 0.1, "event_dup": 0.1, "event_reorder": 0.3, "event_delay": 300, "states_cache_lag_s": 1,
        });
        sim.faults(trouble).await;
        let house = House::with(As(api, "sim-full"), sim);
        house.ingress_on(listener, ingress_config());
        let nudge = house.sweep(Duration::from_secs(2));
        house.swept(1).await;
        let made = async || {
            let stats = house.sim.get("/sim/stats").await;
            stats["events"]["webhook"]["acknowledged"].as_u64().unwrap()
        };
        until("two hundred events are acknowledged", async || made().await >= 200).await;
        house.sim.post("/sim/pause", json!({})).await;
        house.sim.faults(json!({"states_cache_lag_s": 0})).await;
        let sweeps = house.status.read().drift.sweeps;
        nudge.nudge();
        // The first may have begun before the pause.
        house.swept(sweeps + 2).await;
        assert_eq!(differences(&house, api).await, Vec::<String>::new(), "{api:?}");
    }
}
