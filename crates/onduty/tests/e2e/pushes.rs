//! Every form in which the platform's changes can be pushed over HTTP, under every proof that the ingress takes: the
//! change reaches a watcher, a wrong proof is refused, and what comes twice does no harm.

use std::time::Duration;

use onduty_client::{Client, Replica, Scope, Watch, WatchOptions};
use onduty_sim::{Simulator, WebhookFormat};
use serde_json::{Value, json};

use crate::stage::{Control, PATIENCE, Ports, SECRET, Sidecar, http, simulator, until};

const BASIC: &str = "platform:basic-password";
const BEARER: &str = "bearer-token-of-a-destination";
const KEY: &str = "key-of-a-data-action";

/// Events of which the ingress knew that they had come before.
const DUPLICATES: &str = "onduty_webhooks_total{outcome=\"duplicate\"}";

/// Each proof with its secret, and with one that is wrong.
const PROOFS: [(&str, &str, &str); 4] = [
    ("signed", SECRET, "whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA=="),
    ("basic", BASIC, "platform:wrong"),
    ("bearer", BEARER, "wrong"),
    ("api-key", KEY, "wrong"),
];

/// A simulator whose pushes are the only way by which a running sidecar hears of anything after its first listing.
struct Scene {
    sim: Simulator,
    control: Control,
    sidecar: Sidecar,
    client: Client,
}

impl Scene {
    async fn open() -> Self {
        let ports = Ports::free();
        let sim = simulator(60, 0.0, WebhookFormat::Notification, ports).await;
        let settings = [
            ("SYNC__SWEEP_INTERVAL", "1h"),
            ("SYNC__CHANNEL", "false"),
            ("INGRESS__BASIC", BASIC),
            ("INGRESS__BEARER", BEARER),
            ("INGRESS__API_KEY", KEY),
        ];
        let mut sidecar = Sidecar::new(ports, &sim.url(), "users", &settings);
        sidecar.start();
        let client = sidecar.ready().await;
        let control = Control::of(sim.url());
        Self { sim, control, sidecar, client }
    }

    /// Somebody at work, by user id.
    async fn somebody(&self) -> String {
        let agents = self.control.get("agents").await;
        let agents = agents.as_array().unwrap();
        let agent = agents.iter().find(|agent| agent["loggedIn"] == true).unwrap();
        agent["userId"].as_str().unwrap().to_owned()
    }

    async fn prove(&self, scheme: &str, secret: &str) {
        self.control.put("webhook", json!({"scheme": scheme, "secret": secret})).await;
    }

    async fn make(&self, user: &str, state: Value) {
        self.control.post(&format!("agents/{user}/state"), state).await;
    }

    async fn pushed(&self) -> Value {
        self.control.get("stats").await["events"]["webhook"].clone()
    }

    /// Waits until every event is delivered or given up.
    async fn settled(&self) -> Value {
        self.control.post("pause", json!({})).await;
        let stats = self.pushed().await;
        assert_eq!(stats["outstanding"], 0, "{stats}\n{}", self.sidecar.log_tail());
        stats
    }

    async fn close(self) {
        self.sim.shutdown().await;
    }
}

/// Follows until this user is in this presence.
pub(crate) async fn see(watch: &mut Watch, replica: &mut Replica, user: &str, presence: &str) {
    let seen = async {
        loop {
            let shown = replica.get(user).and_then(|state| state.presence.clone()).unwrap_or_default();
            if shown.system_text.eq_ignore_ascii_case(presence) {
                return;
            }
            replica.apply(&watch.next().await.unwrap());
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, seen).await;
    assert!(in_time.is_ok(), "{user} was never seen in {presence}");
}

pub(crate) fn everything(client: &Client) -> Watch {
    let options = WatchOptions { progress_interval: Duration::from_millis(200), ..WatchOptions::default() };
    client.watch_with(Scope::everyone(), options)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_form_under_every_proof_reaches_a_watcher() {
    let scene = Scene::open().await;
    let user = scene.somebody().await;
    let (mut watch, mut replica) = (everything(&scene.client), Replica::default());
    let mut presences = ["Meal", "Busy"].into_iter().cycle();
    for format in WebhookFormat::ALL {
        scene.control.put("faults", json!({"webhook_format": format.name()})).await;
        for (scheme, secret, _) in PROOFS {
            scene.prove(scheme, secret).await;
            let presence = presences.next().unwrap();
            scene.make(&user, json!({"presence": presence})).await;
            see(&mut watch, &mut replica, &user, presence).await;
            let stats = scene.settled().await;
            assert_eq!(stats["retried"], 0, "{} {scheme}: {stats}", format.name());
        }
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_proof_is_refused_and_a_right_one_later_brings_the_event_after_all() {
    let scene = Scene::open().await;
    let user = scene.somebody().await;
    let (mut watch, mut replica) = (everything(&scene.client), Replica::default());
    for (round, (scheme, right, wrong)) in PROOFS.into_iter().enumerate() {
        let before = scene.pushed().await["retried"].as_u64();
        scene.prove(scheme, wrong).await;
        let presence = ["Meal", "Busy"][round % 2];
        scene.make(&user, json!({"presence": presence})).await;
        let refused = until(PATIENCE, async || match scene.pushed().await {
            stats if stats["retried"].as_u64() > before => Ok(()),
            stats => Err(stats.to_string()),
        });
        refused.await.unwrap();
        scene.prove(scheme, right).await;
        see(&mut watch, &mut replica, &user, presence).await;
    }
    let stats = scene.settled().await;
    assert_eq!((&stats["lost"], &stats["made"]), (&json!(0), &stats["acknowledged"]));
    let refusals = scene.sidecar.metric("onduty_webhooks_total{outcome=\"not_authentic\"}").await;
    assert!(refusals >= PROOFS.len() as u64, "{refusals} refusals");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_twice_is_one_change_with_an_id_and_without() {
    let scene = Scene::open().await;
    let user = scene.somebody().await;
    scene.make(&user, json!({"presence": "Away"})).await;
    scene.settled().await;
    let once = scene.pushed().await["made"].as_u64();
    scene.control.put("faults", json!({"event_dup": 1.0})).await;
    for format in WebhookFormat::ALL {
        scene.control.put("faults", json!({"webhook_format": format.name()})).await;
        let before = scene.client.get(&user).await.unwrap().revision;
        for (index, presence) in ["Meal", "Busy", "Training"].into_iter().enumerate() {
            scene.make(&user, json!({"presence": presence})).await;
            let stats = scene.settled().await;
            assert_eq!(
                stats["acknowledged"].as_u64(),
                stats["made"].as_u64().zip(once).map(|(made, once)| made * 2 - once)
            );
            let state = scene.client.get(&user).await.unwrap();
            assert_eq!(state.presence.unwrap().system_text.to_uppercase(), presence.to_uppercase());
            assert_eq!(state.revision, before + index as u64 + 1, "{} {presence}", format.name());
        }
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_event_without_a_clock_that_comes_again_is_known_by_its_envelopes_id() {
    let scene = Scene::open().await;
    let user = scene.somebody().await;
    let http = http();
    for (id, presence, shown, duplicates) in
        [("first", "MEAL", "MEAL", 0), ("second", "BUSY", "BUSY", 0), ("first", "MEAL", "BUSY", 1)]
    {
        let post = http.post(scene.sidecar.ports.webhook_url()).bearer_auth(BEARER);
        let answer = post.json(&clockless(id, &user, presence)).send().await.unwrap();
        assert_eq!(answer.status(), 204);
        let state = scene.client.get(&user).await.unwrap();
        assert_eq!(state.presence.unwrap().system_text.to_uppercase(), shown, "{id} {presence}");
        assert_eq!(scene.sidecar.metric(DUPLICATES).await, duplicates, "{id} {presence}");
    }
    scene.close().await;
}

/// Amazon's envelope around a presence that does not say when it began, as in the platform's own sample.
fn clockless(id: &str, user: &str, presence: &str) -> Value {
    json!({
        "version": "0", "id": id, "detail-type": "v2.users.{id}.presence", "source": "aws.partner/genesys.com/x",
        "time": "2026-03-02T09:14:08Z",
        "detail": {
            "topicName": format!("v2.users.{user}.presence"), "version": "2",
            "eventBody": {
                "source": "PURECLOUD", "primary": true, "message": "",
                "presenceDefinition": {"id": user, "systemPresence": presence},
            },
        },
    })
}
