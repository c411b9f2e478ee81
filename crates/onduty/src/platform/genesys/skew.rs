//! How our clock stands to the platform's, by the `Date` of its answers. Pure.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use onduty_core::time::Timestamp;
use reqwest::header::{DATE, HeaderMap};

use crate::status::ClockStanding;

/// `Date` is cut to the second below: on average the platform's clock was half of one further.
const HALF_A_SECOND: i64 = 500;

/// What one answer tells, if it is dated. It was written at some instant between question and answer.
pub(super) fn measured(
    headers: &HeaderMap,
    sent_at: Timestamp,
    heard_at: Timestamp,
) -> Option<ClockStanding> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?.as_millisecond();
    let half_way = heard_at.since(sent_at) / 2;
    let ours = sent_at.after(half_way).as_millis();
    let within = half_way + Duration::from_millis(HALF_A_SECOND.unsigned_abs());
    let ahead_ms = ours.saturating_sub(theirs.saturating_add(HALF_A_SECOND));
    Some(ClockStanding { ahead_ms, within, at: heard_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thu, 01 Jan 1970 00:16:40 GMT.
    const THEIRS: i64 = 1_000_000;

    fn standing(date: &str, sent: i64, heard: i64) -> Option<(i64, u128)> {
        let headers = HeaderMap::from_iter([(DATE, date.parse().expect("a header"))]);
        let standing = measured(&headers, Timestamp::from_millis(sent), Timestamp::from_millis(heard));
        standing.map(|standing| (standing.ahead_ms, standing.within.as_millis()))
    }

    #[test]
    fn the_difference_is_taken_half_way_and_is_as_rough_as_the_journey_was_long() {
        let date = "Thu, 01 Jan 1970 00:16:40 GMT";
        let table = [
            (THEIRS + 500, THEIRS + 500, 0, 500),
            (THEIRS, THEIRS + 1_000, 0, 1_000),
            (THEIRS + 40_400, THEIRS + 40_600, 40_000, 600),
            (THEIRS - 60_000, THEIRS - 59_000, -60_000, 1_000),
        ];
        for (sent, heard, ahead, within) in table {
            assert_eq!(standing(date, sent, heard), Some((ahead, within)), "{sent} {heard}");
        }
    }

    #[test]
    fn an_answer_without_a_date_tells_nothing() {
        assert_eq!(standing("yesterday", 0, 0), None);
        assert_eq!(measured(&HeaderMap::new(), Timestamp::default(), Timestamp::default()), None);
    }
}
