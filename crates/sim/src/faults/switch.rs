//! The table of switches: for each its name, what it takes, and how it is set and read.

use serde_json::Value;

use super::{Faults, Outage, PerTransport, Routes, Selection, TopicList, Unknown, WebhookFormat, Window};
use crate::cloud::presence::Spelling;

type Setter = fn(&mut Faults, &Value) -> Option<()>;
type Getter = fn(&Faults) -> Value;

/// One switch: its name, what it takes, and how to set and read it.
pub(super) struct Switch {
    pub(super) name: &'static str,
    pub(super) takes: &'static str,
    pub(super) set: Setter,
    pub(super) get: Getter,
}

/// A probability.
macro_rules! chance {
    ($name:literal, $field:ident) => {
        Switch {
            name: $name,
            takes: "a probability from 0 to 1",
            set: |faults, value| {
                faults.$field = as_chance(value)?;
                Some(())
            },
            get: |faults| faults.$field.into(),
        }
    };
}

/// A value for every transport, or one each.
macro_rules! per_transport {
    ($name:literal, $field:ident, $takes:literal, $read:expr) => {
        Switch {
            name: $name,
            takes: concat!($takes, ", or {\"webhook\": …, \"channel\": …} of it"),
            set: |faults, value| {
                faults.$field = PerTransport::read(faults.$field, value, $read)?;
                Some(())
            },
            get: |faults| faults.$field.to_json(),
        }
    };
}

/// Yes or no.
macro_rules! flag {
    ($name:literal, $field:ident) => {
        Switch {
            name: $name,
            takes: "true or false (or \"on\", \"off\")",
            set: |faults, value| {
                faults.$field = as_flag(value)?;
                Some(())
            },
            get: |faults| faults.$field.into(),
        }
    };
}

/// A whole number up to a limit.
macro_rules! number {
    ($name:literal, $field:ident, $max:literal, $takes:literal) => {
        Switch {
            name: $name,
            takes: $takes,
            set: |faults, value| {
                faults.$field = value.as_u64().filter(|number| *number <= $max)?;
                Some(())
            },
            get: |faults| faults.$field.into(),
        }
    };
}

/// Some agents.
macro_rules! selection {
    ($name:literal, $field:ident) => {
        Switch {
            name: $name,
            takes: "true, false or a list of up to 1000 agent or user ids",
            set: |faults, value| {
                faults.$field = Selection::read(value)?;
                Some(())
            },
            get: |faults| faults.$field.to_json(),
        }
    };
}

/// One of some words.
macro_rules! word {
    ($name:literal, $field:ident, $takes:literal, $($text:literal => $value:expr),+) => {
        Switch {
            name: $name,
            takes: $takes,
            set: |faults, value| {
                faults.$field = match as_word(value)?.as_str() {
                    $($text => $value,)+
                    _ => return None,
                };
                Some(())
            },
            get: |faults| {
                $(if faults.$field == $value {
                    return $text.into();
                })+
                Value::Null
            },
        }
    };
}

/// A status code.
macro_rules! status {
    ($name:literal, $field:ident, $takes:literal, $($status:literal),+) => {
        Switch {
            name: $name,
            takes: $takes,
            set: |faults, value| {
                let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
                faults.$field = status.filter(|status| [$($status),+].contains(status))?;
                Some(())
            },
            get: |faults| faults.$field.into(),
        }
    };
}

/// All switches, in the order in which they are shown.
pub(super) const SWITCHES: &[Switch] = &[
    word!("bulk_unknown", bulk_unknown, "\"omit\" or \"404\"", "omit" => Unknown::Omit, "404" => Unknown::Refuse),
    word!("users_unknown", users_unknown, "\"omit\" or \"404_if_all\"",
        "omit" => Unknown::Omit, "404_if_all" => Unknown::RefuseIfAll),
    flag!("users_division_filter", users_division_filter),
    word!("routing_lie", routing_lie, "\"on\" or \"404\"", "on" => true, "404" => false),
    chance!("expand_drop", expand_drop),
    word!("presence_spelling", presence_spelling, "\"On Queue\", \"OnQueue\" or \"ON_QUEUE\"",
        "On Queue" => Spelling::Blank, "OnQueue" => Spelling::Joined, "ON_QUEUE" => Spelling::Upper),
    status!("oauth_error_status", oauth_error_status, "400 or 401", 400, 401),
    flag!("oauth_rate_limited", oauth_rate_limited),
    number!("rate", rate, 1_000_000, "requests a window and token up to 1000000; 0 is no limit"),
    word!("window", window, "\"fixed\" or \"sliding\"", "fixed" => Window::Fixed, "sliding" => Window::Sliding),
    number!("window_s", window_s, 3_600, "the window's length in seconds, up to 3600"),
    flag!("retry_after_huge", retry_after_huge),
    per_transport!("event_loss", event_loss, "a probability from 0 to 1", as_chance),
    per_transport!("event_dup", event_dup, "a probability from 0 to 1", as_chance),
    per_transport!("event_reorder", event_reorder, "a probability from 0 to 1", as_chance),
    per_transport!("event_delay", event_delay_ms, "the longest delay in milliseconds, up to 60000", as_delay),
    flag!("presence_event_without_modifiedDate", event_without_modified_date),
    flag!("activity_partial", activity_partial),
    chance!("routing_status_error_p", routing_status_error_p),
    number!("permission_lag", permission_lag_s, 86_400, "seconds up to 86400"),
    number!("token_die_early", token_die_early_s, 172_800, "seconds a token really lives; 0 is as promised"),
    number!("idle_timeout", idle_timeout_s, 28_800, "seconds up to 28800; 0 is none"),
    Switch {
        name: "clock_skew",
        takes: "milliseconds by which routing runs ahead of presence, from -60000 to 60000",
        set: |faults, value| {
            faults.clock_skew_ms = value.as_i64().filter(|skew| (-60_000..=60_000).contains(skew))?;
            Some(())
        },
        get: |faults| faults.clock_skew_ms.into(),
    },
    word!("region_down", region_down, "\"off\", \"503\" or \"timeout\"",
        "off" => Outage::None, "503" => Outage::Unavailable, "timeout" => Outage::Timeout),
    flag!("agent_states_api", agent_states_api),
    selection!("state_withheld", state_withheld),
    selection!("presence_not_primary", presence_not_primary),
    number!("states_cache_lag_s", states_cache_lag_s, 3600, "seconds up to 3600"),
    number!("state_cache_lag_s", state_cache_lag_s, 3600, "seconds up to 3600"),
    number!("users_cache_lag_s", users_cache_lag_s, 3600, "seconds up to 3600"),
    number!("activity_rows_max", activity_rows_max, 100_000, "rows of one group up to 100000"),
    number!("search_lag_s", search_lag_s, 86_400, "seconds up to 86400"),
    chance!("presence_conflict", presence_conflict),
    number!("on_queue_lag", on_queue_lag_ms, 60_000, "milliseconds from On Queue to IDLE, up to 60000"),
    number!(
        "restore_window",
        restore_window_ms,
        600_000,
        "milliseconds up to 600000 in which who comes back gets the former presence; 0 is never"
    ),
    flag!("restore_on_queue", restore_on_queue),
    chance!("http_error_p", http_error_p),
    status!(
        "http_error_status",
        http_error_status,
        "401, 403, 429, 500, 503 or 504",
        401,
        403,
        429,
        500,
        503,
        504
    ),
    chance!("http_hang_p", http_hang_p),
    Switch {
        name: "http_trouble_routes",
        takes: "a list of route templates as /sim/stats shows them; an empty one is every route but the log-in",
        set: |faults, value| {
            faults.http_trouble_routes = Routes::read(value)?;
            Some(())
        },
        get: |faults| faults.http_trouble_routes.to_json(),
    },
    Switch {
        name: "webhook_format",
        takes: "the name of an envelope: flat, notification, eventbridge, process-automation, bare, cloudevents, \
                cloudevents-batch or relay",
        set: |faults, value| {
            faults.webhook_format = WebhookFormat::parse(value.as_str()?)?;
            Some(())
        },
        get: |faults| faults.webhook_format.name().into(),
    },
    number!(
        "webhook_ttl",
        webhook_ttl_s,
        86_400,
        "seconds up to 86400 after which an event is dropped; 0 is never"
    ),
    number!("webhook_throttle", webhook_throttle, 1_000_000, "events a minute up to 1000000; 0 is no limit"),
    number!("heartbeat_s", heartbeat_s, 3600, "seconds up to 3600; 0 is none"),
    flag!("heartbeat_stop", heartbeat_stop),
    flag!("half_open", half_open),
    number!("close_1001", close_1001_s, 86_400, "seconds of a client's silence up to 86400; 0 is never"),
    number!("socket_closing_after", socket_closing_after_s, 86_400, "seconds up to 86400; 0 is never"),
    number!("socket_closing_notice_s", socket_closing_notice_s, 3600, "seconds up to 3600"),
    number!("channel_ttl", channel_ttl_s, 604_800, "seconds of a channel's life up to 604800"),
    number!("channel_limit", channel_limit, 1000, "channels of a client up to 1000"),
    number!("channel_takeover", channel_takeover_s, 86_400, "seconds up to 86400; 0 is never"),
    Switch {
        name: "topic_reject",
        takes: "a list of up to 1000 topics, templates such as v2.users.{id}.activity, or ids",
        set: |faults, value| {
            faults.topic_reject = TopicList::read(value)?;
            Some(())
        },
        get: |faults| faults.topic_reject.to_json(),
    },
];

/// A probability.
fn as_chance(value: &Value) -> Option<f64> {
    value.as_f64().filter(|p| (0.0..=1.0).contains(p))
}

/// Milliseconds up to a minute.
fn as_delay(value: &Value) -> Option<u64> {
    value.as_u64().filter(|delay_ms| *delay_ms <= 60_000)
}

/// Yes or no, as JSON or as a word.
pub(super) fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) if text == "on" => Some(true),
        Value::String(text) if text == "off" => Some(false),
        _ => None,
    }
}

/// A word may also be written as the number or flag that it looks like.
fn as_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("on".to_owned()),
        Value::Bool(false) => Some("off".to_owned()),
        _ => None,
    }
}
