//! Rows of the catalogue of empty look-ups, caused and lifted through the control plane: what a
//! caller sees in between is empty, less, or false, and afterwards the truth again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, text};

/// One thing done through the control plane.
type Control = (Method, String, Value);

/// A way to an empty answer, and back.
struct Cause {
    /// The row of the catalogue.
    code: &'static str,
    cause: Control,
    lift: Control,
    /// A read, and where in its answer the truth stands.
    read: String,
    pointer: &'static str,
}

fn faults(given: Value) -> Control {
    (Method::PUT, "faults".to_owned(), given)
}

fn client(member: &str, value: Value) -> Control {
    let mut client = json!({
        "clientId": "c", "scopes": ["agent:read", "agent:state:read"],
        "roles": ["Agent State"], "permissions": ["routing:queue:view"], "divisions": ["Berlin"],
    });
    client[member] = value;
    (Method::POST, "clients".to_owned(), client)
}

/// All causes that make a state of this agent vanish for the client `c`.
fn causes(agent: &Value, queues: &Value) -> Vec<Cause> {
    let (id, user) = (text(agent, "agentId"), text(agent, "userId"));
    let about = |what: &str, body| (Method::POST, format!("agents/{id}/{what}"), body);
    let whole = || client("disabled", json!(false));
    let states = format!("/api/v2/agents/states?agentId={id}");
    let users = format!("/api/v2/users?id={user}&expand=presence");
    let in_states = |code, cause, lift| Cause {
        code,
        cause,
        lift,
        read: states.clone(),
        pointer: "/0/presence/systemPresence",
    };
    let in_users = |code, cause, lift| Cause {
        code,
        cause,
        lift,
        read: users.clone(),
        pointer: "/entities/0/presence/presenceDefinition/systemPresence",
    };
    let off = |switch: &str, caused: Value, lifted: Value| {
        (faults(json!({ switch: caused })), faults(json!({ switch: lifted })))
    };
    let switched = |code, (cause, lift): (Control, Control)| in_states(code, cause, lift);
    let account = |state: &str| about("account", json!({"state": state}));
    let back = || about("state", json!({"presence": "On Queue"}));
    vec![
        switched("E01", off("agent_states_api", json!("off"), json!("on"))),
        in_users("E03", account("inactive"), account("active")),
        in_users("E04", account("deleted"), account("active")),
        in_states("E06", client("region", json!("usw2.pure.cloud")), whole()),
        in_states("E07", client("roles", json!(["Directory Reader"])), whole()),
        in_states("E08", client("divisions", json!(["Lisbon"])), whole()),
        in_states(
            "E08 moved",
            about("division", json!({"division": "Lisbon"})),
            about("division", json!({"division": "Berlin"})),
        ),
        in_states("E09", client("freshGrant", json!(true)), faults(json!({"permission_lag": 0}))),
        in_states("E10", client("scopes", json!(["agent:read"])), whole()),
        in_states("policy", client("policyDenies", json!(["agent:state:view"])), whole()),
        in_users("E12", faults(json!({"expand_drop": 1.0})), faults(json!({"expand_drop": 0.0}))),
        Cause {
            code: "E17",
            cause: about("queues", json!({"active": []})),
            lift: about("queues", json!({"active": queues})),
            read: format!("/api/v2/users/{user}/queues"),
            pointer: "/entities/0/joined",
        },
        switched("E29", off("rate", json!(1), json!(0))),
        in_states("not logged in", about("state", json!({"loggedIn": false})), back()),
        switched("withheld", off("state_withheld", json!([id]), json!(false))),
        switched("unavailable", off("http_error_p", json!(1.0), json!(0.0))),
        switched("no answer from the region", off("region_down", json!("503"), json!("off"))),
    ]
}

#[tokio::test]
async fn what_empties_a_look_up_can_be_caused_and_lifted() {
    let house = House::of(60).await;
    house.set(json!({"rate": 0})).await;
    let agent = house.somebody().await;
    let run = async |(method, path, body): Control| house.control(method, &path, body).await;
    run(client("disabled", json!(false))).await;
    for Cause { code, cause, lift, read, pointer } in causes(&agent, &agent["queueIds"]) {
        let truth = async || {
            // A client that was away has lost its tokens, so each look is with a new one.
            let signed_in: Value = house.ask_for_token("", "c", "sim-secret").await.json().await.unwrap();
            let token = signed_in["access_token"].as_str().unwrap_or("none");
            // Twice, because a rate limit lets the first request through.
            house.get(&read, token).await;
            house.get(&read, token).await.1.pointer(pointer).cloned()
        };
        house.force(&agent, json!({"presence": "On Queue"})).await;
        let before = truth().await;
        assert!(before.is_some(), "{code} before");
        run(cause).await;
        assert_eq!(truth().await, None, "{code} caused");
        run(lift).await;
        // Who was logged out by the cause comes back by hand.
        house.force(&agent, json!({"presence": "On Queue"})).await;
        assert_eq!(truth().await, before, "{code} lifted");
        run(client("disabled", json!(false))).await;
        house.set(json!({"permission_lag": 300})).await;
    }
    house.close().await;
}
