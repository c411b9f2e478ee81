//! The ingress over real sockets: the simulator's own pushes, and garbage of every kind.

use std::net::SocketAddr;

use onduty::config::PlatformApi;
use onduty_core::observation::Source;
use onduty_sim::{WebhookAuth, WebhookFormat, WebhookTarget};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{As, House, Sim, WEBHOOK_SECRET, ingress_config, until, within};

const STATES: As = As(PlatformApi::AgentStates, "sim-full");
const BEARER: &str = "authorization: Bearer letmein\r\n";

/// Sends raw bytes and reads the answer to its end.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = within("an answer", stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!(
        "POST /webhooks/genesys HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n"
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn status_of(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

#[tokio::test]
async fn what_the_platform_pushes_is_taken_in_every_envelope() {
    for format in [WebhookFormat::Flat, WebhookFormat::Notification, WebhookFormat::EventBridge] {
        let receiver = House::of(STATES, 1).await;
        let address = receiver.ingress(ingress_config()).await;
        let target = WebhookTarget {
            url: format!("http://{address}/webhooks/genesys"),
            auth: WebhookAuth::Signed(WEBHOOK_SECRET.to_owned()),
            format,
        };
        let sim = Sim::start(50, 0.0, Some(target)).await;
        let agents = sim.get("/sim/agents").await;
        let agent = agents.as_array().unwrap().iter().find(|agent| agent["loggedIn"] == true).unwrap();
        let path = format!("/sim/agents/{}/state", agent["agentId"].as_str().unwrap());
        sim.post(&path, json!({"presence": "Meal"})).await;
        let user_id = agent["userId"].as_str().unwrap();
        until("the push has arrived", async || {
            let snapshot = receiver.view.snapshot();
            let row = snapshot.by_user_id(user_id);
            row.and_then(|row| row.presence().map(|p| p.value.system.text() == "MEAL")).unwrap_or(false)
        })
        .await;
        until("every push is acknowledged", async || {
            let webhook = sim.get("/sim/stats").await["events"]["webhook"].clone();
            webhook["acknowledged"].as_u64() > Some(0) && webhook["outstanding"] == 0 && webhook["lost"] == 0
        })
        .await;
        let standing = receiver.status.read();
        assert!(standing.source(Source::Webhook).last_event_at.is_some());
    }
}

#[tokio::test]
async fn garbage_gets_a_clear_answer_and_leaves_nothing_behind() {
    let house = House::of(STATES, 1).await;
    let address = house.ingress(ingress_config()).await;
    let long_id = format!(
        r#"{{"eventId":"e","eventType":"agent.logged.out","agentId":"{}","userId":"u","state":{{}}}}"#,
        "x".repeat(1_000_000)
    );
    let unknown_fields = br#"{"eventId":"e","eventType":"agent.skills.changed","a":{"b":[1,2,{"c":null}]}}"#;
    let table: [(&str, Vec<u8>, &str); 9] = [
        ("truncated JSON", request(BEARER, br#"{"eventId":"#), "400"),
        ("wrong types", request(BEARER, br#"{"eventId":5,"eventType":[]}"#), "400"),
        ("bad UTF-8", request(BEARER, b"{\"eventId\":\"\xff\xfe\"}"), "400"),
        ("an id of a megabyte", request(BEARER, long_id.as_bytes()), "400"),
        ("ten megabytes", request(BEARER, &vec![b' '; 10 * 1_048_576]), "413"),
        ("unknown fields and type", request(BEARER, unknown_fields), "204"),
        ("no credentials", request("", unknown_fields), "401"),
        (
            "a bad signature",
            request("webhook-id: m\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,x\r\n", unknown_fields),
            "401",
        ),
        ("deep nesting", request(BEARER, &[b'['; 100_000]), "400"),
    ];
    for (what, bytes, expected) in table {
        let answer = raw(address, &bytes).await;
        let head = answer.lines().next().unwrap_or_default();
        assert_eq!(status_of(&answer), expected, "{what}: {head}");
        assert!(expected == "204" || answer.contains("application/problem+json"), "{what}: {answer}");
    }
    assert_eq!(house.view.snapshot().rows().count(), 0);
}

#[tokio::test]
async fn a_slow_sender_is_sent_away_and_a_broken_one_is_forgotten() {
    let house = House::of(STATES, 1).await;
    let address = house.ingress(ingress_config()).await;
    let mut begun = request(BEARER, &[b' '; 100]);
    begun.truncate(begun.len() - 50);
    // The rest never comes.
    let answer = raw(address, &begun).await;
    assert_eq!(status_of(&answer), "408", "{answer}");
    let mut broken = TcpStream::connect(address).await.unwrap();
    broken.write_all(&begun).await.unwrap();
    drop(broken);
    let answer = raw(address, &request(BEARER, b"[]")).await;
    assert_eq!(status_of(&answer), "204", "{answer}");
}
