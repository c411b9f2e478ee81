//! Every switch that the platform's description asks of a simulator, with the test that shows its effect.
//!
//! The table names functions, so that a test cannot be renamed or removed without the table hearing of it.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, still, text};
use crate::socket::{Caller, topic};
use crate::webhooks::{self, Receiver, SECRET, eventually};
use crate::{agent_states, channel_faults, channel_sockets, channels, errors, sign_in, users};

/// The switches that have to be there, as they are named there.
const WANTED: [&str; 33] = [
    "bulk_unknown",
    "users_unknown",
    "users_division_filter",
    "routing_lie",
    "expand_drop",
    "presence_spelling",
    "oauth_error_status",
    "rate",
    "window",
    "retry_after_huge",
    "event_loss",
    "event_dup",
    "event_reorder",
    "event_delay",
    "presence_event_without_modifiedDate",
    "activity_partial",
    "heartbeat_stop",
    "half_open",
    "close_1001",
    "socket_closing_after",
    "channel_ttl",
    "channel_takeover",
    "channel_limit",
    "topic_reject",
    "permission_lag",
    "token_die_early",
    "idle_timeout",
    "clock_skew",
    "region_down",
    "states_cache_lag_s",
    "http_error_p",
    "http_error_status",
    "http_hang_p",
];

/// A switch, and the test that shows its effect.
type Shown = (&'static str, fn());

/// Where each is shown. The event switches are shown on both transports.
const SHOWN: &[Shown] = &[
    ("bulk_unknown", users::bulk_presences_are_an_array_of_at_most_fifty),
    ("users_unknown", users::unknown_ids_are_omitted_and_refused_when_none_is_known),
    ("users_division_filter", people_of_other_divisions_are_hidden),
    ("routing_lie", users::routing_status_lies_about_nobody_and_presence_does_not),
    ("expand_drop", users::a_dropped_expand_leaves_the_user_and_no_null),
    ("presence_spelling", a_presence_is_spelt_as_the_switch_says_and_events_in_capitals),
    ("oauth_error_status", sign_in::a_refused_sign_in_says_so_in_the_log_in_hosts_own_words),
    ("rate", errors::requests_over_the_rate_get_429_with_the_seconds_to_wait_and_each_token_has_its_own),
    ("window", a_sliding_window_does_not_count_what_it_refuses),
    (
        "retry_after_huge",
        errors::requests_over_the_rate_get_429_with_the_seconds_to_wait_and_each_token_has_its_own,
    ),
    ("event_loss", webhooks::losses_and_copies_add_up_and_every_event_not_lost_arrives),
    ("event_loss", channel_faults::two_channels_lose_independently_and_the_losses_add_up),
    ("event_dup", webhooks::losses_and_copies_add_up_and_every_event_not_lost_arrives),
    ("event_dup", channel_faults::events_are_doubled_delayed_and_overtaken_by_switch),
    ("event_reorder", an_event_held_back_is_overtaken),
    ("event_reorder", channel_faults::events_are_doubled_delayed_and_overtaken_by_switch),
    ("event_delay", an_event_is_under_way_for_as_long_as_its_delay),
    ("event_delay", channel_faults::events_are_doubled_delayed_and_overtaken_by_switch),
    ("presence_event_without_modifiedDate", an_event_may_lack_the_presence_clock_in_every_envelope),
    (
        "activity_partial",
        webhooks::notifications_spell_in_capitals_and_tell_only_the_changed_facet_when_asked,
    ),
    ("heartbeat_stop", a_socket_without_heartbeats_has_none),
    ("half_open", channel_faults::a_half_open_socket_stays_open_and_neither_sends_nor_answers),
    ("close_1001", channel_faults::a_silent_client_is_closed_with_1001),
    ("socket_closing_after", channel_faults::a_planned_close_is_announced_and_the_subscriptions_survive_it),
    ("channel_ttl", channels::a_channel_lives_as_long_as_the_switch_says_and_then_cannot_be_had),
    ("channel_takeover", channel_faults::a_channel_taken_over_is_told_so_and_hears_no_more),
    (
        "channel_limit",
        channel_sockets::the_twenty_first_channel_displaces_an_unconnected_one_then_a_connected_one,
    ),
    ("topic_reject", channel_faults::topics_are_refused_by_name_by_template_and_by_object),
    ("permission_lag", agent_states::a_fresh_grant_takes_effect_after_the_lag),
    ("token_die_early", a_token_dies_early_or_of_idling),
    ("token_die_early", channel_faults::a_token_that_dies_before_its_time_takes_its_channels_along),
    ("idle_timeout", a_token_dies_early_or_of_idling),
    ("clock_skew", the_routing_clock_runs_ahead_and_the_presence_clock_does_not),
    ("clock_skew", the_routing_clock_runs_ahead_in_events_as_it_does_in_answers),
    ("region_down", errors::trouble_by_switch_has_the_right_body_and_spares_the_control_plane),
    ("region_down", errors::a_region_that_times_out_answers_neither_requests_nor_sign_ins_nor_sockets),
    ("states_cache_lag_s", agent_states::the_list_lags_behind_by_the_switch_and_the_single_call_does_not),
    ("http_error_p", errors::trouble_by_switch_has_the_right_body_and_spares_the_control_plane),
    ("http_error_status", errors::trouble_by_switch_has_the_right_body_and_spares_the_control_plane),
    ("http_hang_p", errors::a_hanging_request_gets_no_answer_and_does_not_hold_up_the_end),
];

#[tokio::test]
async fn every_switch_asked_for_is_there_is_shown_and_every_switch_there_is_documented() {
    let shown: BTreeSet<&str> = SHOWN.iter().map(|(name, _)| *name).collect();
    assert_eq!(shown, BTreeSet::from(WANTED));
    let house = House::of(1).await;
    let (_, faults) = house.get("/sim/faults", "").await;
    let there = faults.as_object().unwrap();
    for name in WANTED {
        assert!(there.contains_key(name), "{name}");
    }
    let manual = include_str!("../../../../docs/simulator.md");
    for name in there.keys() {
        assert!(manual.contains(&format!("`{name}`")), "docs/simulator.md does not tell of {name}");
    }
    house.close().await;
}

#[tokio::test]
async fn people_of_other_divisions_are_hidden() {
    let house = House::of(60).await;
    let token = house.token("sim-one-division").await;
    let home = text(&house.truth().await[0], "userId").to_owned();
    for (switch, total, status) in [("off", 58, 200), ("on", 19, 404)] {
        house.set(json!({"users_division_filter": switch})).await;
        let (_, listed) = house.get("/api/v2/users", &token).await;
        assert_eq!(listed["total"], total, "{switch}");
        assert_eq!(house.get(&format!("/api/v2/users/{home}"), &token).await.0, status, "{switch}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_presence_is_spelt_as_the_switch_says_and_events_in_capitals() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let path = format!("/api/v2/users/{}/presences/purecloud", text(&agent, "userId"));
    for (round, spelling) in ["On Queue", "OnQueue", "ON_QUEUE"].into_iter().enumerate() {
        house.set(json!({"presence_spelling": spelling, "webhook_format": "notification"})).await;
        let (_, presence) = house.get(&path, &token).await;
        assert_eq!(presence["presenceDefinition"]["systemPresence"], spelling);
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
        house.control(Method::POST, "pause", json!({})).await;
        let event = receiver.events().pop().unwrap();
        let told = event.pointer("/eventBody/presence/presenceDefinition/systemPresence");
        assert_eq!(told, Some(&json!("ON_QUEUE")), "{spelling}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_sliding_window_does_not_count_what_it_refuses() {
    for (window, counts) in [("fixed", ["1", "2", "3", "4"]), ("sliding", ["1", "2", "2", "2"])] {
        let house = House::of(1).await;
        house.set(json!({"rate": 1, "window": window})).await;
        let token = house.token("sim-full").await;
        for count in counts {
            let response = house.send(Method::GET, "/api/v2/tokens/me", &token, None).await;
            assert_eq!(response.headers()["inin-ratelimit-count"], count, "{window}");
        }
        house.close().await;
    }
}

#[tokio::test]
async fn an_event_held_back_is_overtaken() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.somebody().await;
    house.control(Method::POST, "pause", json!({})).await;
    let before = receiver.events().len();
    house.set(json!({"event_reorder": {"webhook": 0.5}})).await;
    for round in 0..20 {
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
    }
    house.control(Method::POST, "pause", json!({})).await;
    let versions: Vec<u64> =
        receiver.events()[before..].iter().map(|event| event["stateVersion"].as_u64().unwrap()).collect();
    assert!(versions.len() == 20 && !versions.is_sorted(), "{versions:?}");
    house.close().await;
}

#[tokio::test]
async fn an_event_is_under_way_for_as_long_as_its_delay() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    house.set(json!({"event_delay": {"webhook": 60_000}})).await;
    let agent = house.somebody().await;
    for round in 0..20 {
        house.force(&agent, json!({"outOfOffice": round % 2 == 0})).await;
    }
    // Half of them take longer than half a minute.
    let (_, stats) = house.get("/sim/stats", "").await;
    assert!(stats["events"]["webhook"]["outstanding"].as_u64() > Some(10), "{stats}");
    house.close().await;
}

#[tokio::test]
async fn an_event_may_lack_the_presence_clock_in_every_envelope() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let agent = house.somebody().await;
    let mut away = false;
    for (format, presence) in [
        ("flat", "/state/presence"),
        ("notification", "/eventBody/presence"),
        ("eventbridge", "/detail/eventBody/presence"),
        ("bare", "/presence"),
    ] {
        for without in [false, true] {
            away = !away;
            house
                .set(json!({"webhook_format": format, "presence_event_without_modifiedDate": without}))
                .await;
            house.force(&agent, json!({"outOfOffice": away})).await;
            house.control(Method::POST, "pause", json!({})).await;
            let event = receiver.events().pop().unwrap();
            let presence = event.pointer(presence).and_then(Value::as_object).unwrap();
            assert_eq!(presence.contains_key("modifiedDate"), !without, "{format}: {event}");
        }
    }
    house.close().await;
}

#[tokio::test]
async fn a_socket_without_heartbeats_has_none() {
    for (stop, heard) in [(true, false), (false, true)] {
        let house = House::of(1).await;
        house.set(json!({
            "heartbeat_s": 1, "heartbeat_stop": stop, "socket_closing_after": 1, "socket_closing_notice_s": 1,
        }))
        .await;
        let caller = Caller::of(&house, "sim-full").await;
        let (_, mut socket) = caller.listen(&[]).await;
        // Two seconds later the platform closes: by then there was time for a heartbeat.
        let (frames, _) = socket.until_the_end().await;
        let heartbeats = frames.iter().filter(|frame| frame["topicName"] == "channel.metadata").count();
        assert_eq!(heartbeats > 0, heard, "{frames:?}");
        house.close().await;
    }
}

#[tokio::test]
async fn a_token_dies_early_or_of_idling() {
    for switch in ["token_die_early", "idle_timeout"] {
        let house = House::with(still()).await;
        house.set(json!({"rate": 0, switch: 2})).await;
        let token = house.token("sim-full").await;
        // Looking at it so does not keep it alive.
        let looked = async || house.get("/api/v2/tokens/me?preserveIdleTTL=true", &token).await;
        assert_eq!(looked().await.0, 200, "{switch}");
        eventually("the token dies", async || looked().await.0 == 401).await;
        house.close().await;
    }
}

#[tokio::test]
async fn the_routing_clock_runs_ahead_and_the_presence_clock_does_not() {
    let house = House::of(60).await;
    let (agent, token) = (house.somebody().await, house.token("sim-full").await);
    let path = format!("/api/v2/users/{}?expand=presence,routingStatus", text(&agent, "userId"));
    let clocks = async || {
        let (_, user) = house.get(&path, &token).await;
        let clock =
            |part: &str, member: &str| -> jiff::Timestamp { text(&user[part], member).parse().unwrap() };
        (clock("presence", "modifiedDate"), clock("routingStatus", "startTime"))
    };
    let (presence, routing) = clocks().await;
    for skew_ms in [-5_000_i64, 0, 5_000] {
        house.set(json!({"clock_skew": skew_ms})).await;
        let ahead = jiff::SignedDuration::from_millis(skew_ms);
        assert_eq!(clocks().await, (presence, routing + ahead), "{skew_ms}");
    }
    house.close().await;
}

#[tokio::test]
async fn the_routing_clock_runs_ahead_in_events_as_it_does_in_answers() {
    let receiver = Receiver::open(&[]).await;
    let house = House::pushing_to(receiver.url.clone(), SECRET, 60, 0.0).await;
    let (agent, caller) = (house.somebody().await, Caller::of(&house, "sim-full").await);
    let topics = ["activity", "routingStatus"].map(|last| topic(&agent, last));
    let (_, mut socket) = caller.listen(&topics).await;
    let path = format!("/api/v2/users/{}?expand=presence,routingStatus", text(&agent, "userId"));
    for (skew_ms, status) in [(-5_000_i64, "INTERACTING"), (5_000, "IDLE")] {
        house.set(json!({"clock_skew": skew_ms, "webhook_format": "flat"})).await;
        house.force(&agent, json!({"routingStatus": status})).await;
        house.control(Method::POST, "pause", json!({})).await;
        let (_, user) = house.get(&path, &caller.token).await;
        let (presence, routing) = (&user["presence"]["modifiedDate"], &user["routingStatus"]["startTime"]);
        let pushed = receiver.events().pop().unwrap();
        assert_eq!(&pushed["state"]["routingStatus"]["startTime"], routing, "{skew_ms}");
        assert_eq!(&pushed["state"]["presence"]["modifiedDate"], presence, "{skew_ms}");
        let happened: jiff::Timestamp = text(&pushed, "timestamp").parse().unwrap();
        let told: jiff::Timestamp = routing.as_str().unwrap().parse().unwrap();
        assert_eq!(told, happened + jiff::SignedDuration::from_millis(skew_ms), "{skew_ms}");
        for event in socket.events().await {
            assert_eq!(&event["eventBody"]["routingStatus"]["startTime"], routing, "{skew_ms}: {event}");
            let shown = event.pointer("/eventBody/presence/modifiedDate").unwrap_or(presence);
            assert_eq!(shown, presence, "{skew_ms}: {event}");
        }
    }
    house.close().await;
}
