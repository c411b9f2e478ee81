//! Tables for what the platform says, properties for what may never happen.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn to(route: Route, purpose: Purpose) -> Request {
    Request { purpose, route, gives_way: false, has_waited: false }
}

/// Asks until there is no leave, as if every request were over at once.
fn grants(budget: &mut Budget, now: Timestamp, purpose: Purpose) -> u32 {
    let mut granted = 0;
    while budget.decide(now, &to(Route::Users, purpose)) == Decision::Grant {
        budget.over();
        granted += 1;
    }
    granted
}

fn headers(count: u32, allowed: u32, reset_s: u64) -> LimitHeaders {
    LimitHeaders { count: Some(count), allowed: Some(allowed), reset: Some(Duration::from_secs(reset_s)) }
}

#[test]
fn one_purpose_alone_leaves_the_floors_of_the_others() {
    let table = [(true, 81, 54, 108, 27), (false, 81, 0, 162, 27)];
    for (keeps_channels, lookup, channel, sweep, diagnosis) in table {
        let mut budget = Budget::default();
        budget.keep_channels(keeps_channels);
        assert_eq!(grants(&mut budget, at(0), Purpose::Sweep), sweep);
        assert_eq!(grants(&mut budget, at(0), Purpose::Channel), channel);
        assert_eq!(grants(&mut budget, at(0), Purpose::Lookup), lookup);
        assert_eq!(grants(&mut budget, at(0), Purpose::Diagnosis), diagnosis);
        let sweep = to(Route::Users, Purpose::Sweep);
        assert_eq!(budget.decide(at(60_999), &sweep), Decision::Wait(at(61_000)));
        assert_eq!(budget.decide(at(61_000), &sweep), Decision::Grant);
    }
}

#[test]
fn repairs_leave_the_channels_enough_to_be_opened_again_and_go_on_from_the_listings_share() {
    let mut budget = Budget::default();
    budget.keep_channels(true);
    assert_eq!(repairs(&mut budget, at(0)), (17, 108));
    assert_eq!(grants(&mut budget, at(0), Purpose::Channel), 37, "a dozen channels take three requests each");
}

#[test]
fn repairs_go_on_as_soon_as_either_share_can_pay() {
    let mut budget = Budget::default();
    budget.keep_channels(true);
    assert_eq!(repairs(&mut budget, at(0)), (17, 108));
    assert_eq!(budget.pays_for_repairs(at(1)), Err(at(61_000)));
    let opening = to(Route::Channels, Purpose::Channel);
    for _ in 0..24 {
        assert_eq!(budget.decide(at(5_000), &opening), Decision::Grant);
        budget.over();
    }
    assert_eq!(repairs(&mut budget, at(61_000)), (0, 108));
    assert_eq!(
        budget.pays_for_repairs(at(61_000)),
        Err(at(66_000)),
        "not only when the listings' share is back"
    );
    assert_eq!(repairs(&mut budget, at(66_000)), (17, 0));
}

/// Reads again until nobody pays any more; gives what channels paid and what listings did.
fn repairs(budget: &mut Budget, now: Timestamp) -> (u32, u32) {
    let mut paid = [0; Purpose::ALL.len()];
    while let Ok(purpose) = budget.pays_for_repairs(now) {
        assert_eq!(budget.decide(now, &to(Route::Users, purpose)), Decision::Grant);
        budget.over();
        paid[purpose as usize] += 1;
    }
    (paid[Purpose::Channel as usize], paid[Purpose::Sweep as usize])
}

#[test]
fn diagnosis_never_takes_more_than_its_ceiling() {
    assert_eq!(grants(&mut Budget::default(), at(0), Purpose::Diagnosis), 54);
}

#[test]
fn whoever_gives_way_takes_only_what_nobody_else_can() {
    let mut budget = Budget::default();
    let sweep = Request { gives_way: true, ..to(Route::Users, Purpose::Sweep) };
    let mut granted = 0;
    while budget.decide(at(0), &sweep) == Decision::Grant {
        budget.over();
        granted += 1;
    }
    assert_eq!(granted, budget.floor(Purpose::Sweep));
    assert!(grants(&mut budget, at(0), Purpose::Lookup) > budget.floor(Purpose::Lookup));
}

#[test]
fn the_platforms_count_is_believed_when_it_is_higher() {
    let mut budget = Budget::default();
    budget.decide(at(0), &to(Route::Users, Purpose::Sweep));
    budget.record(at(100), &headers(265, 300, 30));
    budget.over();
    assert_eq!(budget.left(), 5);
    for _ in 0..5 {
        assert_eq!(budget.decide(at(200), &to(Route::Users, Purpose::Lookup)), Decision::Grant);
    }
    // What is under way counts, too, until an answer has counted it.
    let wait = budget.decide(at(300), &to(Route::Users, Purpose::Lookup));
    assert_eq!(wait, Decision::Wait(at(31_100)));
}

#[test]
fn before_the_platform_has_counted_few_requests_are_under_way_at_once() {
    let mut budget = Budget::default();
    let lookup = to(Route::Users, Purpose::Lookup);
    assert_eq!(budget.decide(at(0), &lookup), Decision::Grant);
    assert_eq!(budget.decide(at(0), &lookup), Decision::AwaitAnswer);
    let in_vain = Request { has_waited: true, ..lookup };
    assert_eq!(budget.decide(at(2_000), &in_vain), Decision::Grant);
    budget.record(at(2_100), &headers(2, 60, 58));
    budget.over();
    budget.over();
    assert_eq!(budget.left(), 54 - 2);
    // The next window begins with as many as the reserve holds.
    for _ in 0..6 {
        assert_eq!(budget.decide(at(120_000), &lookup), Decision::Grant);
    }
    assert_eq!(budget.decide(at(120_000), &lookup), Decision::AwaitAnswer);
}

#[test]
fn a_new_token_is_given_no_allowance_of_its_own() {
    let mut budget = Budget::default();
    grants(&mut budget, at(0), Purpose::Sweep);
    budget.record(at(50_000), &headers(1, 300, 60));
    assert_eq!(budget.left(), 270 - 162);
}

#[test]
fn a_raised_or_lowered_allowance_is_followed() {
    for (allowed, usable) in [(600, 540), (300, 270), (180, 162), (20, 18), (5, 4), (2, 1), (1, 1)] {
        let mut budget = Budget::default();
        budget.record(at(0), &headers(0, allowed, 60));
        assert_eq!(budget.left(), usable, "{allowed}");
    }
}

#[test]
fn a_429_blocks_the_token_or_only_the_endpoint_and_never_for_hours() {
    let spent = headers(301, 300, 20);
    let table = [
        (spent, Some(42), false, 42, None),
        (LimitHeaders::default(), None, false, 1, None),
        (spent, None, false, 20, None),
        (spent, Some(14_400), false, 300, Some(14_400)),
        (headers(299, 300, 20), Some(42), false, 42, None),
        (headers(3, 300, 20), Some(42), true, 42, None),
        (headers(1, 1, 20), Some(42), false, 42, None),
    ];
    for (headers, retry_after, endpoint_only, seconds, asked) in table {
        let mut budget = Budget::default();
        let limited = budget.refused(at(0), Route::Users, &headers, retry_after.map(Duration::from_secs));
        let until = at(seconds * 1_000);
        let asked = asked.map(Duration::from_secs);
        assert_eq!(limited, Limited { until, endpoint_only, asked, known: false });
        let (users, user) = (to(Route::Users, Purpose::Sweep), to(Route::User, Purpose::Sweep));
        assert_eq!(budget.decide(at(0), &users), Decision::Wait(until));
        let elsewhere = if endpoint_only { Decision::Grant } else { Decision::Wait(until) };
        assert_eq!(budget.decide(at(0), &user), elsewhere);
        budget.over();
        assert!(budget.refused(at(1), Route::Users, &headers, None).known);
        assert_eq!(budget.decide(until.after(Duration::from_secs(20)), &users), Decision::Grant);
    }
}

#[test]
fn a_clock_that_was_set_back_by_hours_holds_nothing_up() {
    let mut budget = Budget::default();
    let later = at(4 * 3_600_000);
    budget.refused(later, Route::Users, &headers(301, 300, 60), None);
    budget.record(later, &headers(300, 300, 60));
    assert_eq!(budget.decide(at(0), &to(Route::Users, Purpose::Lookup)), Decision::Grant);
}

/// The platform's own counting, in either shape.
#[derive(Debug)]
struct Counter {
    allowed: u32,
    sliding: bool,
    began_at: Option<Timestamp>,
    recent: VecDeque<Timestamp>,
}

impl Counter {
    fn count(&mut self, now: Timestamp) -> LimitHeaders {
        if self.sliding {
            while self.recent.front().is_some_and(|first| now.since(*first) >= WINDOW) {
                self.recent.pop_front();
            }
        } else if self.began_at.is_none_or(|began_at| now.since(began_at) >= WINDOW) {
            self.began_at = Some(now);
            self.recent.clear();
        }
        self.recent.push_back(now);
        let began_at = self.began_at.unwrap_or(self.recent[0]);
        let left_ms = u64::try_from((WINDOW - now.since(began_at)).as_millis()).unwrap();
        headers(u32::try_from(self.recent.len()).unwrap(), self.allowed, left_ms.div_ceil(1_000))
    }
}

#[derive(Clone, Debug)]
enum Event {
    Ask {
        purpose: Purpose,
        gives_way: bool,
    },
    /// The request under way at this place is counted and answered.
    Answer(usize),
    /// It is counted, and its answer is lost.
    Lose(usize),
    LimitEndpoint,
    Pass(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let ask = (prop::sample::select(Purpose::ALL.to_vec()), prop::bool::weighted(0.1));
    let event = prop_oneof![
        20 => ask.prop_map(|(purpose, gives_way)| Event::Ask { purpose, gives_way }),
        12 => (0_usize..8).prop_map(Event::Answer),
        1 => (0_usize..8).prop_map(Event::Lose),
        1 => Just(Event::LimitEndpoint),
        2 => (1_i64..5_000).prop_map(Event::Pass),
    ];
    prop::collection::vec(event, 1..1_500)
}

proptest! {
    /// Whatever comes in whatever order: the platform, by its own count, never has to refuse.
    #[test]
    fn the_platform_never_counts_more_than_it_allows(
        events in events(), allowed in 1_u32..400, sliding: bool, others in 0_u32..200,
    ) {
        let mut budget = Budget::default();
        let (mut now, mut under_way) = (at(1), Vec::new());
        let mut platform = Counter { allowed, sliding, began_at: None, recent: VecDeque::new() };
        for _ in 0..others.min(allowed / 2) {
            platform.count(now);
        }
        for event in events {
            match event {
                Event::Ask { purpose, gives_way } => {
                    let request = Request { gives_way, ..to(Route::Users, purpose) };
                    if budget.decide(now, &request) == Decision::Grant {
                        under_way.push(now);
                    }
                }
                Event::Answer(at) | Event::Lose(at) if at < under_way.len() => {
                    under_way.swap_remove(at);
                    let headers = platform.count(now);
                    prop_assert!(headers.count <= Some(allowed), "{headers:?}");
                    // Where nothing is known yet, only an answer can tell.
                    if matches!(event, Event::Lose(_)) && budget.counted.is_some() {
                        budget.lost();
                    } else {
                        budget.record(now, &headers);
                        budget.over();
                    }
                }
                Event::LimitEndpoint => {
                    budget.refused(now, Route::Users, &headers(0, allowed, 1), Some(ROUNDING));
                }
                Event::Pass(millis) => {
                    now = now.after(Duration::from_millis(millis.unsigned_abs()));
                    for _ in under_way.drain(..) {
                        let headers = platform.count(now);
                        prop_assert!(headers.count <= Some(allowed), "{headers:?}");
                        budget.record(now, &headers);
                        budget.over();
                    }
                }
                Event::Answer(_) | Event::Lose(_) => {}
            }
        }
    }

    #[test]
    fn whatever_the_others_take_each_purpose_gets_its_floor(
        others in prop::collection::vec(prop::sample::select(Purpose::ALL.to_vec()), 0..600),
        allowed in 1_u32..1_000,
        keeps_channels: bool,
    ) {
        for purpose in Purpose::ALL {
            let mut budget = Budget { allowed, keeps_channels, ..Budget::default() };
            let floor = budget.floor(purpose);
            for other in others.iter().filter(|other| **other != purpose) {
                budget.decide(at(0), &to(Route::Users, *other));
                budget.over();
            }
            prop_assert!(grants(&mut budget, at(0), purpose) >= floor);
        }
    }

    /// Whoever asks again when told to gets leave in the end, whatever the others go on to take.
    #[test]
    fn nobody_starves(
        allowed in 1_u32..400,
        purpose in prop::sample::select(Purpose::ALL.to_vec()),
        greedy in prop::sample::select(Purpose::ALL.to_vec()),
    ) {
        let mut budget = Budget { allowed, is_heard: true, ..Budget::default() };
        let (mut now, mut waited) = (at(1), 0);
        loop {
            if greedy != purpose && budget.floor(purpose) > 0 {
                grants(&mut budget, now, greedy);
            }
            match budget.decide(now, &to(Route::Users, purpose)) {
                Decision::Grant => break,
                Decision::Wait(until) => {
                    prop_assert!(until > now);
                    now = until;
                }
                Decision::AwaitAnswer => prop_assert!(false, "nothing is under way"),
            }
            waited += 1;
            prop_assert!(waited <= 120, "{purpose:?} after {greedy:?} at {now:?}");
        }
    }
}

#[test]
fn only_an_answer_that_tells_of_the_allowance_opens_the_blind_limit() {
    let nothing = LimitHeaders::default();
    let table = [
        (nothing, 1),
        (LimitHeaders { reset: Some(Duration::from_secs(60)), ..nothing }, 1),
        (LimitHeaders { allowed: Some(300), ..nothing }, 30),
    ];
    for (headers, at_once) in table {
        let mut budget = Budget::default();
        assert_eq!(budget.decide(at(0), &to(Route::Users, Purpose::Lookup)), Decision::Grant);
        budget.over();
        budget.record(at(0), &headers);
        let mut granted = 0;
        while budget.decide(at(1), &to(Route::Users, Purpose::Lookup)) == Decision::Grant {
            granted += 1;
        }
        assert_eq!(granted, at_once, "{headers:?}");
    }
}
