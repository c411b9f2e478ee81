//! Why an agent's state is what it is: asked after webhooks in and out of order, over real sockets, and again after a
//! kill.

use std::process::Command;
use std::time::Duration;

use onduty_client::Client;
use onduty_client::proto::{GetTimelineResponse, Ruling, TimelineOutcome};

use crate::event::{available, now, signed, signer};
use crate::stage::{Ports, Sidecar, http};

const ADA: &str = "00000000-0000-4000-8000-00000000ada0";

/// What was said, what came of it, and the rule about the presence, newest first.
fn told(timeline: &GetTimelineResponse) -> Vec<(&str, TimelineOutcome, &str)> {
    let presence = |entry: &onduty_client::proto::TimelineEntry| {
        entry
            .rulings
            .iter()
            .find(|ruling| ruling.facet == "presence")
            .map(onduty_client::proto::FacetRuling::ruling)
    };
    timeline
        .entries
        .iter()
        .map(|entry| {
            let rule = match presence(entry).expect("a ruling about the presence") {
                Ruling::Applied => "newer",
                Ruling::Duplicate => "same",
                Ruling::Older => "older",
                other => other.as_str_name(),
            };
            (&*entry.event_id, entry.outcome(), rule)
        })
        .collect()
}

async fn ask(client: &Client) -> GetTimelineResponse {
    client.timeline(ADA, 100).await.expect("a timeline")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_pushed_twice_or_too_late_is_shown_with_its_rule_and_survives_a_kill() {
    let ports = Ports::free();
    let settings = [("SYNC__SWEEP_INTERVAL", "1h")];
    // No platform: what is known was pushed.
    let mut sidecar = Sidecar::new(ports, "http://127.0.0.1:9", "users", &settings);
    sidecar.start();
    let client = sidecar.client().await;
    let (http, signer, now) = (http(), signer(), now());
    let ago = |seconds| now - Duration::from_secs(seconds);
    for (event_id, version, since) in
        [("first", 5, ago(60)), ("first", 5, ago(60)), ("late", 4, ago(90)), ("next", 6, ago(30))]
    {
        let body = available(event_id, ADA, version, since).to_string();
        let answer = signed(http.post(ports.webhook_url()), &signer, event_id, body).send().await;
        assert_eq!(answer.expect("an answer").status(), 204);
    }
    let before = ask(&client).await;
    assert_eq!(
        told(&before),
        [
            ("next", TimelineOutcome::Applied, "newer"),
            ("late", TimelineOutcome::Stale, "older"),
            ("first", TimelineOutcome::Duplicate, "same"),
            ("first", TimelineOutcome::Applied, "newer"),
        ]
    );
    sidecar.kill();
    sidecar.start();
    let after = ask(&sidecar.client().await).await;
    assert_eq!((after.entries, after.kept_since), (before.entries, before.kept_since));

    let why = Command::new(env!("CARGO_BIN_EXE_onduty"))
        .args(["why", ADA, "--limit", "2", "--address", &format!("127.0.0.1:{}", ports.api)])
        .env_clear()
        .output()
        .expect("it runs");
    let (out, about) = (String::from_utf8_lossy(&why.stdout), String::from_utf8_lossy(&why.stderr));
    assert!(why.status.success(), "{about}");
    assert!(
        out.contains("Ada") && out.contains("webhook") && out.contains("older than what we hold"),
        "{out}"
    );
    assert!(about.contains("--limit"), "{about}");
}
