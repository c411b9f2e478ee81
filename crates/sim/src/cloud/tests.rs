//! The state machine by tables, and what holds whatever happens by properties.

use proptest::prelude::*;

use super::agent::{AgentState, RoutingStatus};
use super::moves::{Force, Move, Pick, Step};
use super::presence::SystemPresence;
use super::*;

const NOW: Stamp = Stamp::from_millis(1_772_442_850_900);

fn pick(cloud: &Cloud, system: SystemPresence) -> Pick {
    cloud.pick(system).unwrap()
}

/// A state with this presence and routing status.
fn state(cloud: &Cloud, system: SystemPresence, status: RoutingStatus) -> AgentState {
    let force = Force { presence: Some(pick(cloud, system)), routing: Some(status), ..Force::default() };
    let start = cloud.agent(0).unwrap().state();
    match start.step(&cloud.force(force), NOW) {
        Step::Changed(state, _) | Step::Hidden(state) => state,
        Step::Impossible => AgentState::clone(start),
    }
}

#[test]
fn presence_and_routing_move_together_as_the_platform_says() {
    use RoutingStatus::{Communicating, Idle, Interacting, NotResponding, OffQueue};
    use SystemPresence::{Available, Break, Offline, OnQueue};
    let cloud = Cloud::found(1, "Acme", 3, NOW);
    let to = |system| Move::Pick(pick(&cloud, system));
    let in_ = || Move::LogIn(pick(&cloud, Available));
    let out = || Move::LogOut(pick(&cloud, Offline));
    let table = [
        (Available, OffQueue, to(OnQueue), Some((OnQueue, OffQueue))),
        (OnQueue, OffQueue, Move::Settle, Some((OnQueue, Idle))),
        (Available, OffQueue, Move::Settle, None),
        (OnQueue, Idle, Move::Answer, Some((OnQueue, Interacting))),
        (OnQueue, Interacting, Move::Answer, None),
        (OnQueue, Interacting, Move::Finish, None),
        (OnQueue, Idle, Move::Miss, Some((OnQueue, NotResponding))),
        (OnQueue, NotResponding, Move::Answer, None),
        (OnQueue, NotResponding, Move::Acknowledge, Some((OnQueue, Idle))),
        (OnQueue, NotResponding, Move::Settle, Some((OnQueue, Idle))),
        (OnQueue, Idle, Move::TakeOwnCall, Some((OnQueue, Communicating))),
        (Available, OffQueue, Move::TakeOwnCall, Some((Available, Communicating))),
        (OnQueue, Interacting, Move::TakeOwnCall, None),
        (Offline, OffQueue, Move::TakeOwnCall, None),
        (OnQueue, Communicating, Move::EndOwnCall, Some((OnQueue, Idle))),
        (Available, Communicating, Move::EndOwnCall, Some((Available, OffQueue))),
        (OnQueue, Idle, to(Break), Some((Break, OffQueue))),
        (OnQueue, Interacting, to(Break), Some((Break, OffQueue))),
        (OnQueue, Idle, to(OnQueue), None),
        (OnQueue, Interacting, out(), Some((Offline, OffQueue))),
        (Offline, OffQueue, out(), None),
        (Offline, OffQueue, in_(), Some((Available, OffQueue))),
        (Available, OffQueue, in_(), None),
    ];
    for (system, status, happening, expected) in table {
        let came_of_it = match state(&cloud, system, status).step(&happening, NOW.plus_millis(5)) {
            Step::Changed(next, _) => Some((next.presence.system, next.routing.status)),
            Step::Hidden(_) | Step::Impossible => None,
        };
        assert_eq!(came_of_it, expected, "{system:?} {status:?} {happening:?}");
    }
}

#[test]
fn after_call_work_is_not_seen_until_it_is_done() {
    let cloud = Cloud::found(1, "Acme", 3, NOW);
    let talking = state(&cloud, SystemPresence::OnQueue, RoutingStatus::Interacting);
    let Step::Hidden(wrapping_up) = talking.step(&Move::HangUp, NOW.plus_millis(5)) else {
        panic!("hanging up was seen");
    };
    assert_eq!((wrapping_up.routing.status, wrapping_up.version), (talking.routing.status, talking.version));
    assert_eq!(wrapping_up.modified, talking.modified);
    let Step::Changed(idle, facets) = wrapping_up.step(&Move::Finish, NOW.plus_millis(9)) else {
        panic!("the work never ends");
    };
    assert_eq!(idle.routing.status, RoutingStatus::Idle);
    assert_eq!(idle.routing.since, Some(NOW.plus_millis(9)));
    assert!(facets.routing && !facets.presence);
}

#[test]
fn a_facet_that_stays_keeps_its_clock() {
    let cloud = Cloud::found(1, "Acme", 3, NOW);
    let idle = state(&cloud, SystemPresence::OnQueue, RoutingStatus::Idle);
    let Step::Changed(next, _) = idle.step(&Move::Answer, NOW.plus_millis(500)) else {
        panic!("nobody answers");
    };
    assert_eq!(next.presence.since, idle.presence.since);
    assert_eq!(next.routing.since, Some(NOW.plus_millis(500)));
    assert_eq!(next.modified, NOW.plus_millis(500));
}

#[test]
fn forcing_makes_it_so_and_lets_the_rest_follow() {
    use RoutingStatus::{Idle, Interacting, OffQueue};
    use SystemPresence::{Available, Break, Offline, OnQueue};
    let cloud = Cloud::found(1, "Acme", 3, NOW);
    let presence = |system| Force { presence: Some(pick(&cloud, system)), ..Force::default() };
    let routing = |status| Force { routing: Some(status), ..Force::default() };
    let logged_in = |there| Force { logged_in: Some(there), ..Force::default() };
    let table = [
        (Offline, OffQueue, presence(OnQueue), (OnQueue, Idle, true)),
        (Offline, OffQueue, presence(Break), (Break, OffQueue, true)),
        (OnQueue, Interacting, presence(Break), (Break, OffQueue, true)),
        (OnQueue, Interacting, presence(Offline), (Offline, OffQueue, false)),
        (Offline, OffQueue, logged_in(true), (Available, OffQueue, true)),
        (OnQueue, Idle, logged_in(false), (Offline, OffQueue, false)),
        (OnQueue, Idle, routing(Interacting), (OnQueue, Interacting, true)),
        (Offline, OffQueue, routing(Interacting), (Available, Interacting, true)),
        (Break, OffQueue, routing(Interacting), (Break, Interacting, true)),
    ];
    for (system, status, force, expected) in table {
        let Step::Changed(next, _) =
            state(&cloud, system, status).step(&cloud.force(force), NOW.plus_millis(5))
        else {
            panic!("{force:?} changed nothing");
        };
        let came_of_it = (next.presence.system, next.routing.status, next.logged_in);
        assert_eq!(came_of_it, expected, "{system:?} {status:?} {force:?}");
    }
}

#[test]
fn a_house_of_sixty_has_some_who_are_inactive_deleted_or_never_came() {
    let cloud = Cloud::found(1, "Acme", 60, NOW);
    let count = |account| cloud.agents().iter().filter(|agent| agent.account == account).count();
    assert_eq!((count(Account::Inactive), count(Account::Deleted)), (1, 1));
    let active = cloud.agents().iter().filter(|agent| agent.account == Account::Active);
    assert_eq!(active.filter(|agent| agent.state().presence.since.is_none()).count(), 1);
    assert!(cloud.agents().iter().all(|agent| agent.id != agent.user_id));
    let everybody_there = Cloud::found(1, "Acme", 59, NOW);
    assert!(everybody_there.agents().iter().all(|agent| agent.account == Account::Active));
}

#[test]
fn two_queues_are_larger_than_a_page_of_members_can_be() {
    let cloud = Cloud::found(1, "Acme", 400, NOW);
    let large = cloud.queues.iter().filter(|queue| queue.members.len() > 100).count();
    assert_eq!(large, 2);
}

#[test]
fn the_past_is_remembered_for_the_cache_that_lags() {
    let mut cloud = Cloud::found(1, "Acme", 3, NOW);
    let at = |seconds: i64| NOW.plus_millis(seconds * 1000);
    for (seconds, system) in
        [(1, SystemPresence::Break), (2, SystemPresence::Meal), (3, SystemPresence::Busy)]
    {
        let force = Force { presence: cloud.pick(system), ..Force::default() };
        let happening = cloud.force(force);
        cloud.apply(0, &happening, at(seconds));
    }
    let then = |instant| cloud.agent(0).unwrap().state_at(instant).presence.system;
    assert_eq!(then(at(2).plus_millis(999)), SystemPresence::Meal);
    assert_eq!(then(at(1)), SystemPresence::Break);
    assert_eq!(then(at(60)), SystemPresence::Busy);
}

#[test]
fn who_is_dismissed_is_logged_out_and_moves_no_more() {
    let mut cloud = Cloud::found(1, "Acme", 3, NOW);
    let happening = cloud.force(Force { logged_in: Some(true), ..Force::default() });
    cloud.apply(1, &happening, NOW);
    let change = cloud.dismiss(1, NOW.plus_millis(5)).unwrap();
    assert_eq!(change.occasion, Occasion::LoggedOut);
    assert_eq!(cloud.agent(1).unwrap().account, Account::Deleted);
    assert!(cloud.queues.iter().all(|queue| !queue.members.contains(&1)));
    assert!(cloud.apply(1, &happening, NOW.plus_millis(9)).is_none());
}

fn any_move() -> impl Strategy<Value = Move> {
    let cloud = Cloud::found(1, "Acme", 1, NOW);
    let picks = SystemPresence::ALL.map(|system| pick(&cloud, system));
    let offline = pick(&cloud, SystemPresence::Offline);
    prop_oneof![
        prop::sample::select(picks.to_vec()).prop_map(Move::Pick),
        prop::sample::select(picks[..8].to_vec()).prop_map(Move::LogIn),
        Just(Move::LogOut(offline)),
        prop::sample::select(vec![
            Move::Settle,
            Move::Answer,
            Move::HangUp,
            Move::Finish,
            Move::Miss,
            Move::Acknowledge,
            Move::TakeOwnCall,
            Move::EndOwnCall,
        ]),
        "[a-c]{0,2}".prop_map(Move::Message),
        any::<bool>().prop_map(Move::OutOfOffice),
        prop::sample::subsequence((0..3).map(|n| Id::derive(1, "queue", n)).collect::<Vec<_>>(), 0..3)
            .prop_map(Move::Queues),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_clocks_and_versions_only_grow(
        moves in prop::collection::vec((any_move(), -2000_i64..5000), 1..80)
    ) {
        let mut cloud = Cloud::found(1, "Acme", 1, NOW);
        let mut now = NOW;
        for (happening, passed_ms) in moves {
            now = now.plus_millis(passed_ms);
            let before = Arc::clone(cloud.agent(0).unwrap().state());
            let Some(change) = cloud.apply(0, &happening, now) else { continue };
            let after = &change.state;
            prop_assert_eq!(after.version, before.version + 1);
            prop_assert!(after.modified > before.modified);
            let clocks = [
                (change.facets.presence, before.presence.since, after.presence.since),
                (change.facets.routing, before.routing.since, after.routing.since),
                (change.facets.out_of_office, Some(before.out_of_office.since), Some(after.out_of_office.since)),
                (change.facets.queues, Some(before.queues.since), Some(after.queues.since)),
            ];
            for (moved, before, after) in clocks {
                prop_assert_eq!(moved, after > before, "{:?}", &happening);
                prop_assert!(after >= before);
            }
        }
    }

    #[test]
    fn nobody_logged_out_has_work_and_nobody_offline_is_logged_in(
        moves in prop::collection::vec(any_move(), 1..80)
    ) {
        let mut cloud = Cloud::found(1, "Acme", 1, NOW);
        for happening in moves {
            cloud.apply(0, &happening, NOW);
            let state = cloud.agent(0).unwrap().state();
            let offline = state.presence.system == SystemPresence::Offline;
            prop_assert_eq!(state.logged_in, !offline);
            if offline {
                prop_assert_eq!(state.routing.status, RoutingStatus::OffQueue);
            }
        }
    }
}
