//! A storm of questions costs a look each few seconds, whoever asks and however many.

use std::time::Duration;

use futures_util::future::join_all;
use onduty_client::Client;
use tokio::time::Instant;

use crate::stage::{As, Stage, lines_of};

/// For how long a look serves everybody.
const LIFE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_questions_costs_one_look() {
    let stage = Stage::open().await;
    let _sidecar = stage
        .sidecar(As("sim-full", "agent-states"), |diagnosis| {
            lines_of(diagnosis, "WARN").is_empty().then_some(()).ok_or_else(|| diagnosis.to_string())
        })
        .await;
    let id = stage.get("agents").await[0]["agentId"].as_str().unwrap().to_owned();
    let client = Client::connect(&stage.address()).await.unwrap();
    let (tokens, states) = (stage.requests_to("/tokens/me").await, stage.requests_to("/agents/states").await);
    let began = Instant::now();
    let asked = join_all((0..2_000).map(|_| client.diagnose(Some(&id)))).await;
    assert!(asked.iter().all(Result::is_ok));
    let looks = began.elapsed().as_secs() / LIFE.as_secs() + 2;
    let tokens = stage.requests_to("/tokens/me").await - tokens;
    let states = stage.requests_to("/agents/states").await - states;
    // Of each look one is the doctor's own, one may be for what the token may do.
    assert!(tokens <= 2 * looks, "{tokens} requests for {looks} looks");
    assert!(states <= 2 * looks, "{states} requests for {looks} looks");
}
