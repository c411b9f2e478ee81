//! The switches that make the platform misbehave, by name.
//!
//! Names and meanings are those of `platform.md` 16.4, and a few for the agent-states API and for plain HTTP
//! trouble. Every switch has a default under which the platform behaves.

use serde_json::{Map, Value};

use crate::cloud::presence::Spelling;

/// What happens to a request for several users of whom some are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The unknown ones are left out.
    Omit,
    /// 404 for the whole batch.
    Refuse,
    /// Left out, but 404 when none is known.
    RefuseIfAll,
}

/// How requests are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// A window starts with its first request.
    Fixed,
    /// Any stretch of that length.
    Sliding,
}

/// The envelope of pushed events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// The agent-states API's own event.
    Flat,
    /// The notification `v2.users.{id}.activity`.
    Notification,
    /// The same inside Amazon's envelope.
    EventBridge,
}

impl WebhookFormat {
    /// Reads the name used on the command line and in the switch.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "flat" => Some(Self::Flat),
            "notification" => Some(Self::Notification),
            "eventbridge" => Some(Self::EventBridge),
            _ => None,
        }
    }
}

/// What is wrong with the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Nothing.
    None,
    /// Everything answers 503.
    Unavailable,
    /// Nothing answers.
    Timeout,
}

/// All switches.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    pub(crate) bulk_unknown: Unknown,
    pub(crate) users_unknown: Unknown,
    pub(crate) users_division_filter: bool,
    pub(crate) routing_lie: bool,
    pub(crate) expand_drop: f64,
    pub(crate) presence_spelling: Spelling,
    pub(crate) oauth_error_status: u16,
    pub(crate) oauth_rate_limited: bool,
    pub(crate) rate: u64,
    pub(crate) window: Window,
    pub(crate) retry_after_huge: bool,
    pub(crate) event_loss: f64,
    pub(crate) event_dup: f64,
    pub(crate) event_reorder: f64,
    pub(crate) event_delay_ms: u64,
    pub(crate) event_without_modified_date: bool,
    pub(crate) activity_partial: bool,
    pub(crate) permission_lag_s: u64,
    pub(crate) token_die_early_s: u64,
    pub(crate) idle_timeout_s: u64,
    pub(crate) clock_skew_ms: i64,
    pub(crate) region_down: Outage,
    pub(crate) states_cache_lag_s: u64,
    pub(crate) http_error_p: f64,
    pub(crate) http_error_status: u16,
    pub(crate) http_hang_p: f64,
    pub(crate) webhook_format: WebhookFormat,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            bulk_unknown: Unknown::Omit,
            users_unknown: Unknown::RefuseIfAll,
            users_division_filter: false,
            routing_lie: true,
            expand_drop: 0.0,
            presence_spelling: Spelling::Blank,
            oauth_error_status: 400,
            oauth_rate_limited: false,
            rate: 300,
            window: Window::Fixed,
            retry_after_huge: false,
            event_loss: 0.0,
            event_dup: 0.0,
            event_reorder: 0.0,
            event_delay_ms: 0,
            event_without_modified_date: false,
            activity_partial: false,
            permission_lag_s: 300,
            token_die_early_s: 0,
            idle_timeout_s: 0,
            clock_skew_ms: 0,
            region_down: Outage::None,
            states_cache_lag_s: 0,
            http_error_p: 0.0,
            http_error_status: 503,
            http_hang_p: 0.0,
            webhook_format: WebhookFormat::Flat,
        }
    }
}

/// Why switches were not set. None of a request's switches is set then.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum FaultError {
    /// No switch has that name.
    #[error("no switch is named `{name}`; the nearest is `{nearest}`")]
    UnknownName {
        /// The name asked for.
        name: String,
        /// The name most like it.
        nearest: &'static str,
    },
    /// The switch does not take that value.
    #[error("switch `{name}` takes {wanted}, not {value}")]
    BadValue {
        /// The switch.
        name: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// What was given, as JSON.
        value: String,
    },
}

type Setter = fn(&mut Faults, &Value) -> Option<()>;
type Getter = fn(&Faults) -> Value;

/// One switch: its name, what it takes, and how to set and read it.
struct Switch {
    name: &'static str,
    takes: &'static str,
    set: Setter,
    get: Getter,
}

/// A probability.
macro_rules! chance {
    ($name:literal, $field:ident) => {
        Switch {
            name: $name,
            takes: "a probability from 0 to 1",
            set: |faults, value| {
                faults.$field = value.as_f64().filter(|p| (0.0..=1.0).contains(p))?;
                Some(())
            },
            get: |faults| faults.$field.into(),
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

const SWITCHES: &[Switch] = &[
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
    number!("rate", rate, 1_000_000, "requests a minute and token up to 1000000; 0 is no limit"),
    word!("window", window, "\"fixed\" or \"sliding\"", "fixed" => Window::Fixed, "sliding" => Window::Sliding),
    flag!("retry_after_huge", retry_after_huge),
    chance!("event_loss", event_loss),
    chance!("event_dup", event_dup),
    chance!("event_reorder", event_reorder),
    number!("event_delay", event_delay_ms, 60_000, "the longest delay in milliseconds, up to 60000"),
    flag!("presence_event_without_modifiedDate", event_without_modified_date),
    flag!("activity_partial", activity_partial),
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
    number!("states_cache_lag_s", states_cache_lag_s, 3600, "seconds up to 3600"),
    chance!("http_error_p", http_error_p),
    status!("http_error_status", http_error_status, "401, 429, 500, 503 or 504", 401, 429, 500, 503, 504),
    chance!("http_hang_p", http_hang_p),
    word!("webhook_format", webhook_format, "\"flat\", \"notification\" or \"eventbridge\"",
        "flat" => WebhookFormat::Flat, "notification" => WebhookFormat::Notification,
        "eventbridge" => WebhookFormat::EventBridge),
];

impl Faults {
    /// These switches with the given ones set over them: all of them, or an error and none.
    pub(crate) fn merged(&self, given: &Map<String, Value>) -> Result<Self, FaultError> {
        let mut next = self.clone();
        for (name, value) in given {
            let Some(switch) = SWITCHES.iter().find(|switch| switch.name == name) else {
                return Err(FaultError::UnknownName { name: name.clone(), nearest: nearest(name) });
            };
            (switch.set)(&mut next, value).ok_or_else(|| FaultError::BadValue {
                name: switch.name,
                wanted: switch.takes,
                value: value.to_string(),
            })?;
        }
        Ok(next)
    }

    /// All switches by name, as JSON.
    pub(crate) fn to_json(&self) -> Value {
        SWITCHES
            .iter()
            .map(|switch| (switch.name.to_owned(), (switch.get)(self)))
            .collect::<Map<_, _>>()
            .into()
    }
}

fn nearest(name: &str) -> &'static str {
    let by_distance = SWITCHES.iter().min_by_key(|switch| strsim::damerau_levenshtein(name, switch.name));
    by_distance.map_or("", |switch| switch.name)
}

fn as_flag(value: &Value) -> Option<bool> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(given: &Value) -> Result<Faults, FaultError> {
        Faults::default().merged(given.as_object().unwrap())
    }

    #[test]
    fn what_is_read_can_be_set_again() {
        let all = Faults::default().to_json();
        assert_eq!(merged(&all).unwrap().to_json(), all);
        assert_eq!(all.as_object().unwrap().len(), SWITCHES.len());
    }

    #[test]
    fn given_switches_are_set_and_others_stay() {
        let faults = merged(&json!({"event_loss": 0.1, "routing_lie": 404, "window": "sliding"})).unwrap();
        assert_eq!((faults.event_loss, faults.routing_lie, faults.window), (0.1, false, Window::Sliding));
        assert_eq!(faults.rate, 300);
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_one() {
        let error = merged(&json!({"event_los": 0.1})).unwrap_err();
        assert_eq!(error.to_string(), "no switch is named `event_los`; the nearest is `event_loss`");
    }

    #[test]
    fn a_bad_value_is_refused_and_says_what_is_taken() {
        for (name, value) in [
            ("event_loss", json!(1.5)),
            ("rate", json!(-1)),
            ("window", json!("wobbly")),
            ("http_error_status", json!(418)),
            ("activity_partial", json!(null)),
            ("clock_skew", json!(1e9)),
        ] {
            let error = merged(&json!({ name: value })).unwrap_err();
            assert!(matches!(error, FaultError::BadValue { .. }), "{name}: {error}");
        }
    }
}
