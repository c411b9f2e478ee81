//! How deep, how many and how long. A body comes from a stranger.

use serde_json::Value;

use super::Malformed;

/// The deepest nesting of arrays and objects taken. The deepest payload known has 6.
pub const BODY_DEPTH_MAX: usize = 32;

/// The most events taken in one array.
pub const EVENTS_MAX: usize = 10_000;

/// The longest id taken. The platform's own have 36 characters.
pub(super) const ID_LENGTH_MAX: usize = 128;

/// The longest word taken of which only a few values are known: statuses, event types, topics, dates. The platform
/// allows topics of 200 characters.
pub(super) const WORD_LENGTH_MAX: usize = 256;

/// The longest free text taken, in bytes: names and presence messages.
pub(super) const TEXT_LENGTH_MAX: usize = 4_096;

/// The most queues on which one agent is active.
pub(super) const QUEUES_MAX: usize = 5_000;

/// The most locales in which one presence has a label.
pub(super) const LABELS_MAX: usize = 500;

/// Parses a body, unless it is nested too deep.
pub(super) fn parse(body: &[u8]) -> Result<Value, Malformed> {
    if depth_exceeds(body, BODY_DEPTH_MAX) {
        return Err(Malformed::here(format!("nested deeper than {BODY_DEPTH_MAX} levels")));
    }
    serde_json::from_slice(body).map_err(|error| Malformed::here(format!("not JSON: {error}")))
}

/// Whether brackets outside of strings nest deeper than `max`. Right for every valid body; of an invalid one the
/// parser complains later.
fn depth_exceeds(body: &[u8], max: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_limited_and_brackets_in_text_are_not_nesting() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(BODY_DEPTH_MAX).as_bytes()).is_ok());
        let error = parse(nested(BODY_DEPTH_MAX + 1).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), ".: nested deeper than 32 levels");
        let text = format!(r#"["{}\"{}"]"#, "[".repeat(99), "{".repeat(99));
        assert!(parse(text.as_bytes()).is_ok());
    }
}
