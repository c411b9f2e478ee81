//! How often something is done: chosen by the sidecar itself, or a length of time.

use std::time::Duration;

use serde_json::json;

use super::kind::{Kind, Span};
use super::layers::Raw;

/// How often something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// Chosen from what there is to do and from what the platform allows.
    Auto,
    /// As configured.
    Fixed(Duration),
}

/// `auto`, or a length of time inside bounds.
pub(super) struct Cadence {
    /// The lengths of time accepted.
    pub(super) span: Span,
}

const AUTO: &str = "auto";

impl Kind for Cadence {
    type Value = Interval;

    fn read(&self, raw: &Raw) -> Option<Interval> {
        if raw.as_text() == Some(AUTO) {
            return Some(Interval::Auto);
        }
        self.span.read(raw).map(Interval::Fixed)
    }

    fn accepts(&self) -> String {
        format!("{AUTO}, or {}", self.span.accepts())
    }

    fn schema(&self) -> serde_json::Value {
        json!({"anyOf": [{"const": AUTO}, self.span.schema()]})
    }

    fn show(&self, value: &Interval) -> String {
        match value {
            Interval::Auto => AUTO.to_owned(),
            Interval::Fixed(span) => self.span.show(span),
        }
    }
}
