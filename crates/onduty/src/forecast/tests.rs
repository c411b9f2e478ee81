//! The arithmetic at the sizes that organisations have.

use proptest::prelude::*;

use super::*;

const USERS: ListingShape = ListingShape { page: 100, states_apart: None, batch: 100 };

fn of(agents: u64, channels_max: u64) -> Circumstances {
    Circumstances {
        agents,
        allowed: 300,
        shape: USERS,
        channels_max,
        channel_rotation: Duration::from_secs(12 * 3_600),
        interval: Interval::Auto,
    }
}

#[test]
fn the_forecast_at_the_sizes_that_organisations_have() {
    // agents, channels allowed; interval, requests of a listing, channels, beyond, requests a minute of listings,
    // requests and seconds of the cold start, of the channels, of the loss of one, and the age without push.
    #[rustfmt::skip]
    let table = [
        (100,    20, 60,  1,   1,  0,     1.0,  (5, 0),     (3, 0),    (3, 0),  108),
        (1_000,  20, 60,  10,  1,  0,     10.0, (14, 2),    (12, 3),   (12, 3), 108),
        (12_000, 20, 135, 120, 12, 0,     53.3, (124, 30),  (144, 76), (12, 3), 243),
        (20_000, 20, 225, 200, 20, 0,     53.3, (204, 70),  (240, 141), (12, 3), 405),
        (25_000, 20, 140, 250, 20, 5_000, 107.1, (254, 83), (240, 141), (12, 3), 252),
        (12_000, 0,  70,  120, 0,  12_000, 102.9, (124, 30), (0, 0),    (0, 0),  126),
        (20_000, 0,  115, 200, 0,  20_000, 104.3, (204, 70), (0, 0),    (0, 0),  207),
        (0,      20, 60,  1,   0,  0,     1.0,  (5, 0),     (0, 0),    (0, 0),  108),
    ];
    for (agents, max, interval, requests, channels, beyond, sweep, cold, whole, loss, stale) in table {
        let forecast = of(agents, max).forecast();
        let told = |effort: Effort| (effort.requests, effort.takes.as_secs());
        let name = format!("{agents} agents, {max} channels");
        assert_eq!(forecast.listing.interval.as_secs(), interval, "{name}");
        assert_eq!(
            (forecast.listing_requests, forecast.channels, forecast.beyond),
            (requests, channels, beyond)
        );
        assert!((forecast.steady.sweep - sweep).abs() < 0.1, "{name}: {}", forecast.steady.sweep);
        assert_eq!(told(forecast.cold_start), cold, "{name}");
        assert_eq!(told(forecast.channels_whole), whole, "{name}");
        assert_eq!(told(forecast.channel_loss), loss, "{name}");
        assert_eq!(forecast.stale_without_push.as_secs(), stale, "{name}");
    }
}

#[test]
fn in_steady_state_a_channel_costs_a_probe_in_five_minutes_and_its_replacement() {
    let replaced_hourly = |agents| {
        let channel_rotation = Duration::from_secs(3_600);
        Circumstances { channel_rotation, ..of(agents, 20) }.forecast().steady.channel
    };
    for (agents, requests_an_hour) in [(0, 0), (1, 15), (1_000, 15), (12_000, 12 * 15)] {
        assert!((replaced_hourly(agents) * 60.0 - f64::from(requests_an_hour)).abs() < 0.001, "{agents}");
    }
}

#[test]
fn a_configured_interval_is_kept_unless_the_allowance_does_not_permit_it() {
    let seconds = Duration::from_secs;
    let table = [
        (100, 300, 1, 1, None),
        (12_000, 300, 3_600, 3_600, None),
        (12_000, 300, 60, 67, Some(60)),
        (12_000, 3_000, 60, 60, None),
        (12_000, 20, 60, 800, Some(60)),
    ];
    for (agents, allowed, wanted, interval, impossible) in table {
        let circumstances =
            Circumstances { allowed, interval: Interval::Fixed(seconds(wanted)), ..of(agents, 20) };
        let chosen = circumstances.chosen(true);
        assert_eq!(chosen.interval, seconds(interval), "{agents} agents, {allowed} allowed");
        assert_eq!(chosen.impossible, impossible.map(seconds));
        assert!(!chosen.is_auto);
    }
}

#[test]
fn states_read_apart_make_a_listing_dearer() {
    let shape = ListingShape { page: 500, states_apart: Some(50), batch: 50 };
    assert_eq!([0, 1, 500, 501].map(|agents| shape.requests(agents)), [1, 2, 11, 13]);
}

proptest! {
    #[test]
    fn a_chosen_interval_leaves_the_others_their_floors(
        agents in 0_u64..100_000, allowed in 1_u32..5_000, channels_max in 0_u64..=20, whole: bool,
    ) {
        let circumstances = Circumstances { allowed, ..of(agents, channels_max) };
        let chosen = circumstances.chosen(whole);
        prop_assert!(chosen.interval >= INTERVAL_MIN && chosen.interval >= circumstances.least_interval());
        let per_minute = USERS.requests(agents) * 60 / chosen.interval.as_secs();
        prop_assert!(per_minute <= u64::from(usable(allowed)));
    }

    #[test]
    fn more_agents_or_less_allowance_never_make_listings_more_frequent(
        agents in 0_u64..50_000, more in 0_u64..50_000, allowed in 1_u32..2_000, less in 0_u32..2_000,
    ) {
        let before = of(agents, 20).chosen(false).interval;
        prop_assert!(of(agents + more, 20).chosen(false).interval >= before);
        let scarce = Circumstances { allowed: allowed.saturating_sub(less).max(1), ..of(agents, 20) };
        let plenty = Circumstances { allowed, ..of(agents, 20) };
        prop_assert!(scarce.chosen(false).interval >= plenty.chosen(false).interval);
    }
}
