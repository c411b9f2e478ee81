//! How presence and routing status move together: each row of the platform's table, as seen over TCP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};
use crate::webhooks::{Receiver, SECRET};

const ON_QUEUE: &str = "e08eaf1b-ee47-4fa9-a231-1200e284798f";
const BREAK: &str = "227b37e2-f1d0-4dd0-8f50-badd7cf6d158";
const MEAL: &str = "3fd96123-badb-4f69-bc03-1b1ccc6d8014";
const OFFLINE: &str = "ccf3c10a-aa2c-4845-8e8d-f59fa48c58e5";

/// One agent, and the ways in which their state is moved and seen.
struct Duty<'a> {
    house: &'a House,
    user: String,
    token: String,
}

impl<'a> Duty<'a> {
    async fn of(house: &'a House) -> Self {
        let agent = house.somebody().await;
        let token = house.token("sim-full").await;
        Self { house, user: text(&agent, "userId").to_owned(), token }
    }

    /// The agent picks a presence, through the API.
    async fn pick(&self, definition: &str) -> u16 {
        let path = format!("/api/v2/users/{}/presences/purecloud", self.user);
        let body = json!({"presenceDefinition": {"id": definition}});
        self.house.send(Method::PATCH, &path, &self.token, Some(body)).await.status().as_u16()
    }

    async fn put_status(&self, status: &str) -> (u16, Value) {
        let path = format!("/api/v2/users/{}/routingstatus", self.user);
        let body = json!({"userId": self.user, "status": status});
        let response = self.house.send(Method::PUT, &path, &self.token, Some(body)).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Something happens in the agent's work.
    async fn work(&self, event: &str) -> u16 {
        let path = format!("/sim/agents/{}/work", self.user);
        self.house.send(Method::POST, &path, "", Some(json!({"event": event}))).await.status().as_u16()
    }

    async fn force(&self, state: Value) {
        self.house.control(Method::POST, &format!("agents/{}/state", self.user), state).await;
    }

    /// Presence and routing status by the API's own reads.
    async fn seen(&self) -> (String, String) {
        let path = format!("/api/v2/users/{}?expand=presence,routingStatus", self.user);
        let (_, user) = self.house.get(&path, &self.token).await;
        let presence = text(&user["presence"]["presenceDefinition"], "systemPresence").to_owned();
        (presence, text(&user["routingStatus"], "status").to_owned())
    }

    /// The two clocks.
    async fn clocks(&self) -> (Value, Value) {
        let path = format!("/api/v2/users/{}?expand=presence,routingStatus", self.user);
        let (_, user) = self.house.get(&path, &self.token).await;
        (user["presence"]["modifiedDate"].clone(), user["routingStatus"]["startTime"].clone())
    }
}

fn state(presence: &str, routing: &str) -> (String, String) {
    (presence.to_owned(), routing.to_owned())
}

#[tokio::test]
async fn on_queue_is_off_queue_first_and_idle_shortly_after() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let duty = Duty::of(&house).await;
    duty.pick(BREAK).await;
    house.set(json!({"on_queue_lag": 60_000})).await;
    let before = duty.clocks().await;
    assert_eq!(duty.pick(ON_QUEUE).await, 200);
    assert_eq!(duty.seen().await, state("On Queue", "OFF_QUEUE"));
    let picked = duty.clocks().await;
    assert!(picked.0.as_str() > before.0.as_str() && picked.1 == before.1, "{before:?} {picked:?}");
    // Nobody is left between the two by a pause.
    house.control(Method::POST, "pause", json!({})).await;
    assert_eq!(duty.seen().await, state("On Queue", "IDLE"));
    let settled = duty.clocks().await;
    assert!(settled.0 == picked.0 && settled.1.as_str() > picked.0.as_str(), "{picked:?} {settled:?}");
    let told: Vec<Value> =
        receiver.events().iter().map(|event| event["state"]["routingStatus"]["status"].clone()).collect();
    assert_eq!(told[told.len() - 2..], ["OFF_QUEUE", "IDLE"]);
    house.close().await;
}

#[tokio::test]
async fn on_queue_becomes_idle_by_itself_when_the_lag_is_over() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    duty.pick(BREAK).await;
    house.set(json!({"on_queue_lag": 50})).await;
    duty.pick(ON_QUEUE).await;
    // The control plane has no rate limit.
    let truth = format!("/sim/agents/{}", duty.user);
    let idle = async || house.get(&truth, "").await.1["routingStatus"]["status"] == "IDLE";
    crate::webhooks::eventually("routing notices", idle).await;
    house.close().await;
}

#[tokio::test]
async fn a_long_lag_of_one_does_not_hold_up_a_short_one_of_another() {
    let house = House::of(60).await;
    let (token, truth) = (house.token("sim-full").await, house.truth().await);
    let body = json!({"presenceDefinition": {"id": ON_QUEUE}});
    let status = async |agent: &Value| {
        let path = format!("/sim/agents/{}", text(agent, "userId"));
        house.get(&path, "").await.1["routingStatus"]["status"].clone()
    };
    for (agent, lag_ms) in [(&truth[1], 60_000), (&truth[2], 20)] {
        house.force(agent, json!({"presence": "Break"})).await;
        house.set(json!({"on_queue_lag": lag_ms})).await;
        let path = format!("/api/v2/users/{}/presences/purecloud", text(agent, "userId"));
        assert_eq!(house.send(Method::PATCH, &path, &token, Some(body.clone())).await.status(), 200);
    }
    crate::webhooks::eventually("the second is noticed", async || status(&truth[2]).await == "IDLE").await;
    assert_eq!(status(&truth[1]).await, "OFF_QUEUE");
    house.close().await;
}

#[tokio::test]
async fn putting_somebody_on_queue_needs_a_permission_beside_that_of_editing_presences() {
    let house = House::of(60).await;
    let agent = house.force(&house.truth().await[1], json!({"presence": "Break"})).await;
    let path = format!("/api/v2/users/{}/presences/purecloud", text(&agent, "userId"));
    let client = |permissions: Value| json!({"clientId": "editor", "permissions": permissions});
    let edit = "presence:userPresence:edit";
    for (permissions, definition, status, code) in [
        (json!([edit]), BREAK, 200, Value::Null),
        (json!([edit]), ON_QUEUE, 403, json!("presence.not.authorized.update.on.queue")),
        (json!([edit, "routing:agent:onqueue"]), ON_QUEUE, 200, Value::Null),
    ] {
        house.control(Method::POST, "clients", client(permissions.clone())).await;
        let body = json!({"presenceDefinition": {"id": definition}});
        let token = house.token("editor").await;
        let response = house.send(Method::PATCH, &path, &token, Some(body)).await;
        assert_eq!(response.status(), status, "{permissions} {definition}");
        assert_eq!(response.json::<Value>().await.unwrap()["code"], code, "{permissions} {definition}");
    }
    house.close().await;
}

#[tokio::test]
async fn an_alert_is_accepted_talked_through_and_worked_off() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    let before = duty.clocks().await;
    assert_eq!(duty.work("answer").await, 200);
    assert_eq!(duty.seen().await, state("On Queue", "INTERACTING"));
    let talking = duty.clocks().await;
    assert!(talking.0 == before.0 && talking.1.as_str() > before.1.as_str());
    // After-call work is not seen: same status, same clock.
    assert_eq!(duty.work("hang_up").await, 200);
    assert_eq!((duty.seen().await, duty.clocks().await), (state("On Queue", "INTERACTING"), talking.clone()));
    assert_eq!(duty.work("hang_up").await, 409);
    assert_eq!(duty.work("finish").await, 200);
    assert_eq!(duty.seen().await, state("On Queue", "IDLE"));
    assert!(duty.clocks().await.1.as_str() > talking.1.as_str());
    house.close().await;
}

#[tokio::test]
async fn an_alert_not_answered_is_not_responding_until_the_agent_acts() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    for (acts, by) in [("acknowledges", None), ("goes on queue again", Some(ON_QUEUE))] {
        assert_eq!(duty.work("miss").await, 200);
        assert_eq!(duty.seen().await, state("On Queue", "NOT_RESPONDING"));
        assert_eq!(duty.work("answer").await, 409, "an alert cannot be accepted then");
        let presence_clock = duty.clocks().await.0;
        let status = match by {
            None => duty.work("acknowledge").await,
            Some(definition) => duty.pick(definition).await,
        };
        assert_eq!((status, duty.seen().await), (200, state("On Queue", "IDLE")), "{acts}");
        assert_eq!(duty.clocks().await.0, presence_clock, "{acts}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_call_of_ones_own_is_communicating_and_then_what_it_was() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    for (definition, during, after) in [
        (ON_QUEUE, state("On Queue", "COMMUNICATING"), state("On Queue", "IDLE")),
        (BREAK, state("Break", "COMMUNICATING"), state("Break", "OFF_QUEUE")),
    ] {
        duty.pick(definition).await;
        assert_eq!((duty.work("take_own_call").await, duty.seen().await), (200, during));
        assert_eq!((duty.work("end_own_call").await, duty.seen().await), (200, after));
    }
    house.close().await;
}

#[tokio::test]
async fn who_picks_a_break_or_logs_out_is_off_queue_whatever_they_did() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    for status in ["IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"] {
        for (definition, presence) in [(BREAK, "Break"), (MEAL, "Meal"), (OFFLINE, "Offline")] {
            duty.force(json!({"presence": "On Queue", "routingStatus": status})).await;
            assert_eq!(duty.pick(definition).await, 200);
            assert_eq!(duty.seen().await, state(presence, "OFF_QUEUE"), "{status}");
        }
        duty.force(json!({"presence": "On Queue", "routingStatus": status})).await;
        // The web client is lost.
        duty.force(json!({"loggedIn": false})).await;
        assert_eq!(duty.seen().await, state("Offline", "OFF_QUEUE"), "{status}");
    }
    house.close().await;
}

#[tokio::test]
async fn who_comes_back_inside_the_restore_window_is_what_they_were() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    let available = || state("Available", "OFF_QUEUE");
    for (window_ms, on_queue, left, expected) in [
        (0, true, "Meal", available()),
        (600_000, false, "Meal", state("Meal", "OFF_QUEUE")),
        (600_000, false, "On Queue", available()),
        (600_000, true, "On Queue", state("On Queue", "IDLE")),
    ] {
        house.set(json!({"restore_window": window_ms, "restore_on_queue": on_queue})).await;
        duty.force(json!({"presence": left})).await;
        duty.force(json!({"loggedIn": false})).await;
        duty.force(json!({"outOfOffice": true})).await;
        duty.force(json!({"loggedIn": true, "outOfOffice": false})).await;
        assert_eq!(duty.seen().await, expected, "{window_ms} {on_queue} {left}");
        let (status, settings) = house.get("/api/v2/presence/settings", &duty.token).await;
        let restored = json!({
            "enabled": window_ms > 0, "restoreTimeMilliseconds": window_ms, "restoreOnQueueEnabled": on_queue,
        });
        assert_eq!((status, &settings["restorePresenceSettings"]), (200, &restored));
    }
    house.set(json!({"restore_window": 1})).await;
    duty.force(json!({"presence": "Meal"})).await;
    duty.force(json!({"loggedIn": false})).await;
    let gone_at = duty.clocks().await.0;
    let later = async || {
        let response = house.send(Method::GET, "/sim/faults", "", None).await;
        response.status().is_success() && now() > gone_at.as_str().unwrap().parse().unwrap()
    };
    crate::webhooks::eventually("the window is over", later).await;
    duty.force(json!({"loggedIn": true})).await;
    assert_eq!(duty.seen().await, available());
    house.close().await;
}

/// Two milliseconds ago: by then a window of one millisecond that began at the same instant is over.
#[expect(clippy::disallowed_methods, reason = "the simulator under test takes the same clock")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now() - jiff::SignedDuration::from_millis(2)
}

#[tokio::test]
async fn routing_status_can_be_put_only_where_an_agent_could_move_it() {
    let house = House::of(60).await;
    let duty = Duty::of(&house).await;
    let statuses = ["OFF_QUEUE", "IDLE", "INTERACTING", "COMMUNICATING", "NOT_RESPONDING"];
    for from in statuses {
        for to in statuses {
            let presence = if from == "OFF_QUEUE" { "Available" } else { "On Queue" };
            duty.force(json!({"presence": presence, "routingStatus": from})).await;
            let (status, body) = duty.put_status(to).await;
            let taken = from == to || matches!((from, to), ("NOT_RESPONDING" | "COMMUNICATING", "IDLE"));
            assert_eq!(status, if taken { 200 } else { 400 }, "{from} {to}");
            if taken {
                assert_eq!(text(&body, "status"), to);
                continue;
            }
            let said = (text(&body, "code"), text(&body, "message"));
            assert_eq!(said, ("general.bad.request", "An invalid routing status transition was attempted."));
            assert_eq!(duty.seen().await.1, from, "{from} {to}");
        }
    }
    // After-call work can be ended, a conversation cannot.
    duty.force(json!({"presence": "On Queue", "routingStatus": "INTERACTING"})).await;
    assert_eq!(duty.put_status("IDLE").await.0, 400);
    duty.work("hang_up").await;
    assert_eq!(duty.put_status("IDLE").await.0, 200);
    assert_eq!(duty.put_status("Lunch").await.0, 400);
    house.close().await;
}
