//! The switches that make the platform misbehave, by name.
//!
//! `docs/simulator.md` lists them with what each does. Every switch has a default under which the platform behaves.

mod format;
mod per_transport;
mod selection;
mod switch;

use serde_json::{Map, Value};

use crate::cloud::presence::Spelling;
pub use format::WebhookFormat;
pub(crate) use per_transport::PerTransport;
pub(crate) use selection::{Routes, Selection, TopicList};
use switch::SWITCHES;

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
    pub(crate) window_s: u64,
    pub(crate) retry_after_huge: bool,
    pub(crate) event_loss: PerTransport<f64>,
    pub(crate) event_dup: PerTransport<f64>,
    pub(crate) event_reorder: PerTransport<f64>,
    pub(crate) event_delay_ms: PerTransport<u64>,
    pub(crate) event_without_modified_date: bool,
    pub(crate) activity_partial: bool,
    pub(crate) routing_status_error_p: f64,
    pub(crate) permission_lag_s: u64,
    pub(crate) token_die_early_s: u64,
    pub(crate) idle_timeout_s: u64,
    pub(crate) clock_skew_ms: i64,
    pub(crate) region_down: Outage,
    pub(crate) agent_states_api: bool,
    pub(crate) state_withheld: Selection,
    pub(crate) presence_not_primary: Selection,
    pub(crate) states_cache_lag_s: u64,
    pub(crate) state_cache_lag_s: u64,
    pub(crate) users_cache_lag_s: u64,
    pub(crate) search_lag_s: u64,
    pub(crate) activity_rows_max: u64,
    pub(crate) presence_conflict: f64,
    pub(crate) on_queue_lag_ms: u64,
    pub(crate) restore_window_ms: u64,
    pub(crate) restore_on_queue: bool,
    pub(crate) http_error_p: f64,
    pub(crate) http_error_status: u16,
    pub(crate) http_hang_p: f64,
    pub(crate) http_trouble_routes: Routes,
    pub(crate) webhook_format: WebhookFormat,
    pub(crate) webhook_ttl_s: u64,
    pub(crate) webhook_throttle: u64,
    pub(crate) heartbeat_s: u64,
    pub(crate) heartbeat_stop: bool,
    pub(crate) half_open: bool,
    pub(crate) close_1001_s: u64,
    pub(crate) socket_closing_after_s: u64,
    pub(crate) socket_closing_notice_s: u64,
    pub(crate) channel_ttl_s: u64,
    pub(crate) channel_limit: u64,
    pub(crate) channel_takeover_s: u64,
    pub(crate) topic_reject: TopicList,
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
            window_s: 60,
            retry_after_huge: false,
            event_loss: PerTransport::both(0.0),
            event_dup: PerTransport::both(0.0),
            event_reorder: PerTransport::both(0.0),
            event_delay_ms: PerTransport::both(0),
            event_without_modified_date: false,
            activity_partial: false,
            routing_status_error_p: 0.0,
            permission_lag_s: 300,
            token_die_early_s: 0,
            idle_timeout_s: 0,
            clock_skew_ms: 0,
            region_down: Outage::None,
            agent_states_api: true,
            state_withheld: Selection::Nobody,
            presence_not_primary: Selection::Nobody,
            states_cache_lag_s: 0,
            state_cache_lag_s: 0,
            users_cache_lag_s: 0,
            search_lag_s: 0,
            activity_rows_max: 100,
            presence_conflict: 0.0,
            on_queue_lag_ms: 0,
            restore_window_ms: 0,
            restore_on_queue: false,
            http_error_p: 0.0,
            http_error_status: 503,
            http_hang_p: 0.0,
            http_trouble_routes: Routes::default(),
            webhook_format: WebhookFormat::Flat,
            webhook_ttl_s: 0,
            webhook_throttle: 0,
            heartbeat_s: 30,
            heartbeat_stop: false,
            half_open: false,
            close_1001_s: 0,
            socket_closing_after_s: 0,
            socket_closing_notice_s: 60,
            channel_ttl_s: 86_400,
            channel_limit: 20,
            channel_takeover_s: 0,
            topic_reject: TopicList::default(),
        }
    }
}

/// Why switches were not set. None of a request's switches is set then.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultError {
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
        assert_eq!(
            (faults.event_loss.webhook, faults.routing_lie, faults.window),
            (0.1, false, Window::Sliding)
        );
        assert_eq!(faults.rate, 300);
    }

    #[test]
    fn a_state_is_withheld_of_nobody_of_everybody_or_of_those_named() {
        let id = "00000000-0000-4000-8000-000000000000";
        for value in [json!(false), json!(true), json!([id])] {
            let faults = merged(&json!({"state_withheld": value})).unwrap();
            assert_eq!(faults.to_json()["state_withheld"], value);
        }
        assert_eq!(merged(&json!({"state_withheld": []})).unwrap().state_withheld, Selection::Nobody);
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
            ("state_withheld", json!(["ada"])),
            ("clock_skew", json!(1e9)),
        ] {
            let error = merged(&json!({ name: value })).unwrap_err();
            assert!(matches!(error, FaultError::BadValue { .. }), "{name}: {error}");
        }
    }
}
