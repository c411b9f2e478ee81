//! Access tokens of one organisation: who holds them, how long they live, and how many requests they have made.

use std::collections::{HashMap, VecDeque};

use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::faults::{Faults, Window};

/// How many tokens one organisation keeps; the oldest ones die when there are more.
const TOKENS_MAX: usize = 10_000;
/// What the headers and the published limits say when nothing is limited.
pub(crate) const UNLIMITED: u64 = 1_000_000;
/// The wait announced when `retry_after_huge` is on: four hours, in seconds.
const HUGE_WAIT_S: u64 = 14_400;

#[derive(Debug)]
struct Token {
    client: String,
    issued: Stamp,
    expires: Stamp,
    used: Stamp,
    window_start: Stamp,
    window_count: u64,
    recent: VecDeque<Stamp>,
}

/// The tokens that live.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    by_text: HashMap<String, Token>,
    order: VecDeque<String>,
    minted: u64,
}

/// Where a token stands in its window, after counting a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Requests in the window, this one included.
    pub(crate) count: u64,
    /// How many are allowed.
    pub(crate) allowed: u64,
    /// Seconds until the window is over.
    pub(crate) reset_s: u64,
    /// Seconds to wait, when this request was one too many.
    pub(crate) retry_after_s: Option<u64>,
}

impl Budget {
    /// The budget of somebody who has made no request yet.
    pub(crate) fn untouched(faults: &Faults) -> Self {
        Self { count: 0, allowed: allowance(faults), reset_s: faults.window_s, retry_after_s: None }
    }
}

impl Tokens {
    /// Makes a token for a client.
    pub(crate) fn mint(&mut self, seed: u64, client: &str, life_s: u64, now: Stamp) -> String {
        self.minted += 1;
        let text = format!(
            "{}-{}",
            Id::derive(seed, "token", self.minted * 2),
            Id::derive(seed, "token", self.minted * 2 + 1)
        );
        let token = Token {
            client: client.to_owned(),
            issued: now,
            expires: now.plus_millis(seconds(life_s)),
            used: now,
            window_start: now,
            window_count: 0,
            recent: VecDeque::new(),
        };
        self.by_text.insert(text.clone(), token);
        self.order.push_back(text.clone());
        if self.order.len() > TOKENS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_text.remove(&oldest);
        }
        text
    }

    /// The client that holds a token, if the token still lives.
    pub(crate) fn holder(&self, text: &str, faults: &Faults, now: Stamp) -> Option<&str> {
        let token = self.by_text.get(text)?;
        let early = faults.token_die_early_s;
        let died_early = early > 0 && now.millis_since(token.issued) >= seconds(early);
        let idled = self.idles_at(text, faults).is_some_and(|at| now >= at);
        (now < token.expires && !died_early && !idled).then_some(token.client.as_str())
    }

    /// Whether a token has died before its time: revoked, by switch, or of idling. One that has come to its
    /// promised end has not: what was opened with it may go on.
    pub(crate) fn is_cut(&self, text: &str, faults: &Faults, now: Stamp) -> bool {
        let Some(token) = self.by_text.get(text) else { return true };
        now < token.expires && self.holder(text, faults, now).is_none()
    }

    /// When a token dies of idling, if the organisation has a time-out.
    pub(crate) fn idles_at(&self, text: &str, faults: &Faults) -> Option<Stamp> {
        let token = self.by_text.get(text)?;
        (faults.idle_timeout_s > 0).then(|| token.used.plus_millis(seconds(faults.idle_timeout_s)))
    }

    /// Counts a request against the token's window. `keeps_alive` is whether the request pushes on the idle time-out.
    pub(crate) fn count(&mut self, text: &str, faults: &Faults, keeps_alive: bool, now: Stamp) -> Budget {
        let allowed = allowance(faults);
        let Some(token) = self.by_text.get_mut(text) else { return Budget::untouched(faults) };
        if keeps_alive {
            token.used = now;
        }
        let window_ms = seconds(faults.window_s);
        let (count, reset_ms) = match faults.window {
            Window::Fixed => token.count_fixed(window_ms, now),
            Window::Sliding => token.count_sliding(allowed, window_ms, now),
        };
        let reset_s = u64::try_from(reset_ms).unwrap_or(0).div_ceil(1000);
        let wait_s = if faults.retry_after_huge { HUGE_WAIT_S } else { reset_s.max(1) };
        let over = faults.rate > 0 && count > allowed;
        Budget { count, allowed, reset_s, retry_after_s: over.then_some(wait_s) }
    }

    /// Kills one token.
    pub(crate) fn revoke(&mut self, text: &str) {
        self.by_text.remove(text);
        self.order.retain(|known| known != text);
    }

    /// Kills all tokens, or those of one client. Gives how many.
    pub(crate) fn revoke_all(&mut self, client: Option<&str>) -> usize {
        let before = self.by_text.len();
        self.by_text.retain(|_, token| client.is_some_and(|client| token.client != client));
        let living = &self.by_text;
        self.order.retain(|text| living.contains_key(text));
        before - self.by_text.len()
    }
}

impl Token {
    fn count_fixed(&mut self, window_ms: i64, now: Stamp) -> (u64, i64) {
        if self.window_count == 0 || now.millis_since(self.window_start) >= window_ms {
            self.window_start = now;
            self.window_count = 0;
        }
        self.window_count += 1;
        (self.window_count, window_ms - now.millis_since(self.window_start))
    }

    /// Refused requests are not remembered, or a stubborn caller would never get through again.
    fn count_sliding(&mut self, allowed: u64, window_ms: i64, now: Stamp) -> (u64, i64) {
        while self.recent.front().is_some_and(|first| now.millis_since(*first) >= window_ms) {
            self.recent.pop_front();
        }
        let count = self.recent.len() as u64 + 1;
        if count <= allowed {
            self.recent.push_back(now);
        }
        let oldest = self.recent.front().copied().unwrap_or(now);
        (count, window_ms - now.millis_since(oldest))
    }
}

/// Requests that a token has in a window.
pub(crate) fn allowance(faults: &Faults) -> u64 {
    if faults.rate == 0 { UNLIMITED } else { faults.rate }
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Stamp = Stamp::from_millis(1_772_442_850_000);

    fn limited(rate: u64, window: Window) -> Faults {
        Faults { rate, window, ..Faults::default() }
    }

    #[test]
    fn a_fixed_window_starts_with_its_first_request_and_refuses_what_is_over() {
        let faults = limited(2, Window::Fixed);
        let mut tokens = Tokens::default();
        let token = tokens.mint(1, "c", 60, T0);
        let mut at = |ms| tokens.count(&token, &faults, true, T0.plus_millis(ms)).retry_after_s;
        assert_eq!(at(5_000), None);
        assert_eq!(at(6_000), None);
        assert_eq!(at(45_000), Some(20));
        assert_eq!(at(64_999), Some(1));
        assert_eq!(at(65_000), None);
    }

    #[test]
    fn a_window_is_as_long_as_its_switch_says() {
        let faults = Faults { window_s: 2, ..limited(1, Window::Fixed) };
        let mut tokens = Tokens::default();
        let token = tokens.mint(1, "c", 60, T0);
        let mut at = |ms| tokens.count(&token, &faults, true, T0.plus_millis(ms)).retry_after_s;
        assert_eq!(at(0), None);
        assert_eq!(at(500), Some(2));
        assert_eq!(at(2_000), None);
    }

    #[test]
    fn a_sliding_window_frees_one_place_at_a_time() {
        let faults = limited(2, Window::Sliding);
        let mut tokens = Tokens::default();
        let token = tokens.mint(1, "c", 60, T0);
        let mut at = |ms| tokens.count(&token, &faults, true, T0.plus_millis(ms)).retry_after_s;
        assert_eq!(at(0), None);
        assert_eq!(at(30_000), None);
        assert_eq!(at(40_000), Some(20));
        assert_eq!(at(60_000), None);
        assert_eq!(at(61_000), Some(29));
    }

    #[test]
    fn a_token_dies_of_age_of_the_switch_of_idling_and_of_revocation() {
        let mut tokens = Tokens::default();
        let token = tokens.mint(1, "c", 60, T0);
        let well = Faults::default();
        let early = Faults { token_die_early_s: 10, ..Faults::default() };
        let idle = Faults { idle_timeout_s: 20, ..Faults::default() };
        assert_eq!(tokens.holder(&token, &well, T0.plus_millis(59_999)), Some("c"));
        assert_eq!(tokens.holder(&token, &well, T0.plus_millis(60_000)), None);
        assert_eq!(tokens.holder(&token, &early, T0.plus_millis(10_000)), None);
        tokens.count(&token, &idle, true, T0.plus_millis(15_000));
        assert_eq!(tokens.holder(&token, &idle, T0.plus_millis(34_999)), Some("c"));
        tokens.count(&token, &idle, false, T0.plus_millis(34_999));
        assert_eq!(tokens.holder(&token, &idle, T0.plus_millis(35_000)), None);
        assert_eq!(tokens.revoke_all(Some("someone else")), 0);
        assert_eq!(tokens.revoke_all(None), 1);
        assert_eq!(tokens.holder(&token, &well, T0), None);
    }

    #[test]
    fn without_a_limit_nothing_is_refused() {
        let faults = limited(0, Window::Fixed);
        let mut tokens = Tokens::default();
        let token = tokens.mint(1, "c", 60, T0);
        for _ in 0..1000 {
            assert_eq!(tokens.count(&token, &faults, true, T0).retry_after_s, None);
        }
    }
}
