//! From facts to a finding, by families: what proves a cause, what only leaves it possible, and that no set of facts
//! is answered with anything but one finding.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a test fails it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Access, Grant, Needs, Permitted, Policy, Seen, Token};
use onduty_core::agent::{AccountState, DivisionId, UserId};
use onduty_core::answer::Asked;
use onduty_core::cursor::Epoch;
use onduty_core::diagnose::{Case, Rights, diagnose, hindrance};
use onduty_core::facts::{Alone, Denial, Existence, Facts, Kind, Listed, Untaken};
use onduty_core::finding::{Evidence, Finding, Reason};
use onduty_core::observation::{Input, Observation, Source, Statement};
use onduty_core::roster::Roster;
use onduty_core::row::Row;
use onduty_core::time::Timestamp;
use proptest::prelude::*;

const ID: &str = "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11";
const NOW: Timestamp = Timestamp::from_millis(10_000_000);
const SCOPE: &str = "agent:state:read";
const PERMISSION: &str = "agent:state:view";
const NEEDS: Needs =
    Needs { scope: Some(SCOPE), permission: PERMISSION, permission_binds: true, roles: &["Agent State"] };

fn seen<T>(value: T) -> Seen<T> {
    Seen { value, origin: "/api/v2/somewhere", at: NOW, correlation_id: Some("c1".into()) }
}

fn division(name: &str) -> DivisionId {
    DivisionId::from(name)
}

/// A token with the scope, and the permission in these divisions (all, if none is said).
fn access(divisions: Option<&[&str]>) -> Access {
    let permitted = Permitted {
        everywhere: divisions.is_none(),
        divisions: divisions.unwrap_or_default().iter().map(|name| division(name)).collect(),
        has_more: false,
    };
    Access {
        token: Some(seen(Token { scopes: BTreeSet::from([SCOPE.to_owned()]), ..Token::default() })),
        permitted: Some(seen(permitted)),
        grants: Some(seen(Vec::new())),
        division_names: BTreeMap::from([(division("d-lisbon"), "Lisbon".into())]),
        unread: Vec::new(),
    }
}

fn grant(place: Option<&str>, minutes_ago: u64, conditional: bool) -> Grant {
    let (domain, entity, actions) = ("agent".into(), "state".into(), vec!["view".into()]);
    Grant {
        role: "Agent State".into(),
        role_id: "r1".into(),
        division_id: place.map(division),
        policies: vec![Policy { domain, entity, actions, conditional }],
        made_at: Some(NOW.before(Duration::from_secs(60 * minutes_ago))),
    }
}

fn denial(code: &str) -> Denial {
    Denial { status: 403, code: code.into(), message: "no".into() }
}

fn facts(access: Access) -> Facts {
    Facts { list: Some(seen(Listed::Omitted)), ..Facts::none(NEEDS, Arc::new(access)) }
}

fn alone(access: Access, alone: Alone) -> Facts {
    Facts { alone: Some(seen(alone)), ..facts(access) }
}

fn directory(existence: Existence) -> Facts {
    Facts { directory: Some(seen(existence)), ..facts(access(None)) }
}

/// Ada, of Lisbon.
fn row(account: AccountState) -> Arc<Row> {
    let statement =
        Statement { division_id: Some(division("d-lisbon")), account: Some(account), ..Statement::default() };
    let observation = Observation {
        user_id: UserId::from(ID),
        source: Source::Sweep,
        heard_at: NOW,
        as_of: None,
        event_id: None,
        statement,
    };
    let mut roster = Roster::new(Epoch(1));
    roster.step(&Input::Observation(Box::new(observation)));
    Arc::clone(roster.snapshot().by_user_id(ID).unwrap())
}

fn judged(facts: &Facts, row: Option<&Arc<Row>>) -> Finding {
    diagnose(&Case { asked: &Asked::AgentId(ID.into()), row, listing: None, facts, now: NOW })
}

/// Reason and the other causes of an active agent of Lisbon.
fn of_ada(facts: &Facts) -> (Reason, Vec<Reason>) {
    let finding = judged(facts, Some(&row(AccountState::Active)));
    (finding.reason, finding.also)
}

type Situation = (&'static str, Facts, Reason, Vec<Reason>);

fn granted(grants: Vec<Grant>, divisions: Option<&[&str]>) -> Access {
    Access { grants: Some(seen(grants)), ..access(divisions) }
}

fn refused(code: &str) -> Facts {
    facts(access(None)).denied(&seen(denial(code)))
}

fn situations_of_permission() -> Vec<Situation> {
    use Reason::*;
    let unread = Access { grants: None, ..access(Some(&[])) };
    let elsewhere = Some(["d-berlin"].as_slice());
    let lately = |place| granted(vec![grant(place, 2, false)], elsewhere);
    let long_ago = |conditional| granted(vec![grant(None, 60, conditional)], Some(&[]));
    vec![
        ("no grant", facts(access(Some(&[]))), PermissionMissing, vec![]),
        ("no grant, said by the platform", refused("missing.any.permissions"), PermissionMissing, vec![]),
        ("a grant of now", facts(granted(vec![grant(None, 2, false)], Some(&[]))), PermissionPending, vec![]),
        (
            "a grant of an hour ago that does not apply",
            facts(long_ago(false)),
            Undetermined,
            vec![PermissionPending],
        ),
        ("a conditional grant that does not apply", facts(long_ago(true)), Undetermined, vec![PolicyDenied]),
        ("unread grants", facts(unread), Undetermined, vec![PermissionMissing, PermissionPending]),
        ("another division", facts(access(elsewhere)), DivisionNotVisible, vec![]),
        ("another division, and here lately", facts(lately(Some("d-lisbon"))), PermissionPending, vec![]),
        ("another division, and a third lately", facts(lately(Some("d-rome"))), DivisionNotVisible, vec![]),
    ]
}

fn situations_of_the_token() -> Vec<Situation> {
    use Reason::*;
    let scopeless = |divisions| Access { token: Some(seen(Token::default())), ..access(divisions) };
    vec![
        ("no scope", facts(scopeless(None)), ScopeMissing, vec![]),
        ("no scope, said by the platform", refused("app.not.authorized.for.scope"), ScopeMissing, vec![]),
        ("a policy", refused("authz.policy.denied"), PolicyDenied, vec![]),
        ("no scope and no grant", facts(scopeless(Some(&[]))), ScopeMissing, vec![PermissionMissing]),
        ("a refusal of another kind", refused("not.authorized"), Undetermined, vec![]),
    ]
}

#[test]
fn rights_are_weighed_by_the_token_the_refusal_and_the_age_of_grants() {
    for (situation, facts, reason, also) in
        situations_of_permission().into_iter().chain(situations_of_the_token())
    {
        assert_eq!(of_ada(&facts), (reason, also), "{situation}");
    }
}

#[test]
fn an_api_that_is_not_there_is_told_from_an_agent_who_is_not() {
    let endpoint = Denial { status: 404, code: "not.found".into(), message: "no".into() };
    let facts = Facts { list: Some(seen(Listed::Denied(endpoint))), ..facts(access(None)) };
    let finding = judged(&facts, None);
    assert_eq!(finding.reason, Reason::NameUnknown);
    assert!(finding.remedy.contains("platform.api = \"users\""), "{finding:?}");
}

#[test]
fn what_the_id_is_decides_before_what_the_agent_does() {
    use Reason::*;
    let queue = Kind::Queue(Some("Billing".into()));
    let table: Vec<(&str, Facts, Option<Arc<Row>>, Reason)> = vec![
        ("nobody", directory(Existence::Unknown), None, AgentUnknown),
        ("a queue", Facts { kind: Some(seen(queue)), ..directory(Existence::Unknown) }, None, WrongIdKind),
        ("deleted", directory(Existence::Deleted), None, AgentDeleted),
        ("deleted, as held", facts(access(None)), Some(row(AccountState::Deleted)), AgentDeleted),
        ("inactive", facts(access(None)), Some(row(AccountState::Inactive)), AgentInactive),
        (
            "inactive and without a state",
            alone(access(None), Alone::NoState),
            Some(row(AccountState::Inactive)),
            AgentInactive,
        ),
        (
            "inactive and hidden",
            facts(access(Some(&["d-berlin"]))),
            Some(row(AccountState::Inactive)),
            DivisionNotVisible,
        ),
    ];
    for (situation, facts, row, reason) in table {
        assert_eq!(judged(&facts, row.as_ref()).reason, reason, "{situation}");
    }
}

#[test]
fn nobody_is_said_to_be_logged_out_where_the_rights_do_not_reach_or_are_not_known() {
    use Reason::*;
    let no_state = |access| alone(access, Alone::NoState);
    assert_eq!(of_ada(&no_state(access(None))), (NotLoggedIn, vec![]));
    assert_eq!(of_ada(&no_state(access(Some(&["d-lisbon"])))), (NotLoggedIn, vec![]));
    assert_eq!(of_ada(&no_state(access(Some(&["d-berlin"])))), (DivisionNotVisible, vec![]));
    let unread = Access { permitted: None, ..access(None) };
    assert_eq!(of_ada(&no_state(unread)), (Undetermined, vec![DivisionNotVisible, NotLoggedIn]));
    assert_eq!(of_ada(&alone(access(None), Alone::Blank)), (StateWithheld, vec![]));
}

#[test]
fn somebody_hidden_with_their_division_is_not_somebody_unknown() {
    let hidden = |access| Facts {
        directory: Some(seen(Existence::Hidden)),
        needs: Needs { scope: None, permission_binds: false, ..NEEDS },
        ..facts(access)
    };
    assert_eq!(judged(&hidden(access(Some(&["d-berlin"]))), None).reason, Reason::DivisionNotVisible);
    let lately =
        Access { grants: Some(seen(vec![grant(Some("d-rome"), 2, false)])), ..access(Some(&["d-berlin"])) };
    let finding = judged(&hidden(lately), None);
    assert_eq!((finding.reason, finding.also.len()), (Reason::Undetermined, 2), "{finding:?}");
}

#[test]
fn a_finding_names_exactly_what_to_give_and_where() {
    let finding = judged(&facts(access(Some(&["d-berlin"]))), Some(&row(AccountState::Active)));
    for word in [PERMISSION, "Agent State", "Lisbon (d-lisbon)"] {
        assert!(finding.remedy.contains(word), "{word}: {}", finding.remedy);
    }
    assert!(
        finding.summary.contains("d-berlin") && finding.summary.contains("Lisbon"),
        "{}",
        finding.summary
    );
    assert!(finding.evidence.iter().any(|seen| seen.detail.contains("correlation id c1")), "{finding:?}");
    let scopeless = Access { token: Some(seen(Token::default())), ..access(None) };
    assert!(judged(&facts(scopeless), None).remedy.contains(SCOPE));
}

#[test]
fn a_division_among_those_that_were_not_read_is_not_said_to_be_hidden() {
    let mut access = access(Some(&["d-berlin"]));
    access.permitted.as_mut().unwrap().value.has_more = true;
    assert_eq!(of_ada(&facts(access)).0, Reason::Undetermined);
}

#[test]
fn a_hindrance_of_all_is_seen_without_any_agent() {
    let rights = |access: &Access, division: Option<&DivisionId>| {
        hindrance(&Rights { needs: &NEEDS, access, division, now: NOW })
    };
    let lisbon = division("d-lisbon");
    let (here, there) = (access(Some(&["d-lisbon"])), access(Some(&["d-berlin"])));
    assert_eq!(rights(&access(Some(&[])), None), Some(Reason::PermissionMissing));
    assert_eq!(rights(&there, None), None);
    assert_eq!(rights(&there, Some(&lisbon)), Some(Reason::DivisionNotVisible));
    assert_eq!(rights(&here, Some(&lisbon)), None);
    assert_eq!(rights(&Access::default(), Some(&lisbon)), None, "what was not read hinders nobody");
}

fn any_facts() -> impl Strategy<Value = (Facts, Option<Arc<Row>>)> {
    let codes = [
        "app.not.authorized.for.scope",
        "missing.permissions",
        "missing.division.permission",
        "authz.policy.denied",
        "odd",
    ];
    let alone = prop_oneof![
        Just(None),
        Just(Some(Alone::NoState)),
        Just(Some(Alone::Blank)),
        prop::sample::select(codes.to_vec()).prop_map(|code| Some(Alone::Denied(denial(code)))),
    ];
    let existence = prop::option::of(prop::sample::select(vec![
        Existence::Named,
        Existence::Unknown,
        Existence::Deleted,
        Existence::Hidden,
    ]));
    let divisions = prop::option::of(prop::sample::subsequence(vec!["d-berlin", "d-lisbon"], 0..=2));
    let grants = prop::collection::vec((prop::option::of(Just("d-lisbon")), 0_u64..30, any::<bool>()), 0..3);
    let readable = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let row = prop::option::of(prop::sample::select(vec![
        AccountState::Active,
        AccountState::Inactive,
        AccountState::Deleted,
    ]));
    (alone, existence, divisions, grants, readable, any::<bool>(), row).prop_map(
        |(alone, existence, divisions, grants, readable, is_queue, account)| {
            let mut access = access(divisions.as_deref());
            let grants = grants.into_iter().map(|(place, ago, conditional)| grant(place, ago, conditional));
            access.grants = readable.0.then(|| seen(grants.collect()));
            access.permitted = access.permitted.filter(|_| readable.1);
            access.token = access.token.filter(|_| readable.2);
            let mut facts = facts(access);
            facts.alone = alone.map(seen);
            facts.directory = existence.map(seen);
            facts.kind = is_queue.then(|| seen(Kind::Queue(None)));
            if !readable.3 {
                let why = Evidence::at("budget", "spent", NOW);
                facts.untaken.push(Untaken { why, would_show: Reason::WrongIdKind, is_passing: true });
            }
            (facts, account.map(self::row))
        },
    )
}

proptest! {
    #[test]
    fn any_facts_come_to_one_finding_with_evidence_and_a_remedy((facts, row) in any_facts()) {
        let finding = judged(&facts, row.as_ref());
        prop_assert!(!finding.summary.is_empty() && !finding.remedy.is_empty());
        prop_assert!(!finding.evidence.is_empty(), "{finding:?}");
        prop_assert!(!finding.also.contains(&finding.reason), "{finding:?}");
        prop_assert!(finding.reason == Reason::Undetermined || finding.also.iter().all(|also| *also >= finding.reason));
    }

    /// Forgetting what was read about rights never turns into another accusation: it only leaves more open.
    #[test]
    fn what_is_not_known_is_never_held_against_anybody((facts, row) in any_facts()) {
        let whole = judged(&facts, row.as_ref());
        let blind = Facts { access: Arc::default(), ..facts.clone() };
        let blind = judged(&blind, row.as_ref());
        let said_by_the_platform = facts.denials().count() > 0;
        let known: Vec<Reason> = whole.also.iter().copied().chain([whole.reason]).collect();
        prop_assert!(
            blind.reason == Reason::Undetermined || known.contains(&blind.reason) || said_by_the_platform,
            "{:?} became {:?}", whole.reason, blind.reason
        );
    }
}
