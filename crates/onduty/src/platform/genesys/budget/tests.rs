//! Tables for what the platform says, properties for what may never happen.

use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn grants(budget: &mut Budget, now: Timestamp, purpose: Purpose) -> u32 {
    let mut granted = 0;
    while budget.decide(now, purpose, Route::Users) == Decision::Grant {
        granted += 1;
    }
    granted
}

fn headers(count: u32, allowed: u32, reset_s: u64) -> LimitHeaders {
    LimitHeaders { count: Some(count), allowed: Some(allowed), reset: Some(Duration::from_secs(reset_s)) }
}

#[test]
fn one_purpose_alone_leaves_the_floors_of_the_others() {
    for (keeps_channels, lookup, channel, sweep, diagnosis) in
        [(true, 81, 54, 108, 27), (false, 81, 0, 162, 27)]
    {
        let mut budget = Budget::default();
        budget.keep_channels(keeps_channels);
        assert_eq!(grants(&mut budget, at(0), Purpose::Sweep), sweep);
        assert_eq!(grants(&mut budget, at(0), Purpose::Channel), channel);
        assert_eq!(grants(&mut budget, at(0), Purpose::Lookup), lookup);
        assert_eq!(grants(&mut budget, at(0), Purpose::Diagnosis), diagnosis);
        assert_eq!(budget.decide(at(59_999), Purpose::Sweep, Route::Users), Decision::Wait(at(60_000)));
        assert_eq!(budget.decide(at(60_000), Purpose::Sweep, Route::Users), Decision::Grant);
    }
}

#[test]
fn diagnosis_never_takes_more_than_its_ceiling() {
    assert_eq!(grants(&mut Budget::default(), at(0), Purpose::Diagnosis), 54);
}

#[test]
fn the_platforms_count_is_believed_when_it_is_higher() {
    let mut budget = Budget::default();
    budget.decide(at(0), Purpose::Sweep, Route::Users);
    budget.record(at(100), &headers(265, 300, 30));
    assert_eq!(budget.left(), 5);
    assert_eq!(grants(&mut budget, at(200), Purpose::Lookup), 5);
    assert_eq!(budget.decide(at(300), Purpose::Lookup, Route::Users), Decision::Wait(at(31_100)));
}

#[test]
fn a_window_that_the_platform_began_anew_is_followed() {
    let mut budget = Budget::default();
    grants(&mut budget, at(0), Purpose::Sweep);
    budget.record(at(50_000), &headers(1, 300, 60));
    assert_eq!(budget.left(), 269);
}

#[test]
fn a_raised_or_lowered_allowance_is_followed() {
    for (allowed, usable) in [(600, 540), (180, 162), (5, 5), (1, 1)] {
        let mut budget = Budget::default();
        budget.record(at(0), &headers(0, allowed, 60));
        assert_eq!(budget.left(), usable, "{allowed}");
    }
}

#[test]
fn a_429_blocks_the_token_or_only_the_route_and_never_for_hours() {
    let table = [
        (headers(301, 300, 20), Some(42), Route::User, 42),
        (LimitHeaders::default(), None, Route::User, 1),
        (headers(301, 300, 20), None, Route::User, 20),
        (headers(301, 300, 20), Some(14_400), Route::User, 300),
        (headers(3, 300, 20), Some(42), Route::Users, 42),
    ];
    for (headers, retry_after, other_route_blocked, seconds) in table {
        let mut budget = Budget::default();
        let until = budget.refused(at(0), Route::Users, &headers, retry_after.map(Duration::from_secs));
        assert_eq!(until, at(seconds * 1_000));
        assert_eq!(budget.decide(at(0), Purpose::Sweep, Route::Users), Decision::Wait(until));
        let other = budget.decide(at(0), Purpose::Sweep, other_route_blocked);
        assert_eq!(other, Decision::Wait(until));
        assert_eq!(budget.decide(until, Purpose::Sweep, Route::Users), Decision::Grant);
    }
    let mut budget = Budget::default();
    budget.refused(at(0), Route::Users, &headers(3, 300, 20), None);
    assert_eq!(budget.decide(at(0), Purpose::Sweep, Route::User), Decision::Grant);
}

#[derive(Clone, Debug)]
enum Event {
    Ask(Purpose),
    Answer { count: u32 },
    Pass(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => prop::sample::select(Purpose::ALL.to_vec()).prop_map(Event::Ask),
        1 => (0_u32..320).prop_map(|count| Event::Answer { count }),
        1 => (1_i64..20_000).prop_map(Event::Pass),
    ];
    prop::collection::vec(event, 1..1_500)
}

proptest! {
    #[test]
    fn no_window_grants_more_than_the_allowance(events in events(), allowed in 1_u32..400) {
        let mut budget = Budget { allowed, ..Budget::default() };
        let (mut now, mut granted, mut window) = (at(1), 0_u32, None);
        for event in events {
            match event {
                Event::Ask(purpose) => {
                    if budget.decide(now, purpose, Route::Users) == Decision::Grant {
                        // Unlike the budget, the test's window never moves once it has begun.
                        if window.is_none_or(|ends_at| now >= ends_at) {
                            (window, granted) = (Some(now.after(WINDOW)), 0);
                        }
                        granted += 1;
                        prop_assert!(granted <= allowed, "{granted} of {allowed}");
                    }
                }
                Event::Answer { count } => {
                    budget.record(now, &LimitHeaders { count: Some(count), ..LimitHeaders::default() });
                }
                Event::Pass(millis) => now = now.after(Duration::from_millis(millis.unsigned_abs())),
            }
        }
    }

    #[test]
    fn whatever_the_others_take_each_purpose_gets_its_floor(
        others in prop::collection::vec(prop::sample::select(Purpose::ALL.to_vec()), 0..600),
        allowed in 1_u32..1_000,
    ) {
        for purpose in Purpose::ALL {
            let mut budget = Budget { allowed, ..Budget::default() };
            let floor = budget.floor(purpose);
            for other in others.iter().filter(|other| **other != purpose) {
                budget.decide(at(0), *other, Route::Users);
            }
            prop_assert!(grants(&mut budget, at(0), purpose) >= floor);
        }
    }
}
