//! What the token may not do, line by line.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use onduty_core::access::{Grant, Policy, Token};

use super::*;
use crate::doctor::check::Status;
use crate::doctor::testing::{NOW, facts, seen};
use crate::platform::genesys::users_api;

const LONG_AGO: Duration = Duration::from_secs(86_400);
const JUST_NOW: Duration = Duration::from_secs(60);

fn reader(division: Option<&str>, age: Duration, conditional: bool) -> Grant {
    let policy = |domain: &str, entity: &str| Policy {
        domain: domain.into(),
        entity: entity.into(),
        actions: vec!["view".into()],
        conditional,
    };
    Grant {
        role: "Reader".into(),
        role_id: "r".into(),
        division_id: division.map(DivisionId::from),
        policies: vec![policy("agent", "*"), policy("directory", "user"), policy("routing", "queue")],
        made_at: Some(NOW.before(age)),
    }
}

fn permitted(divisions: &[&str]) -> Permitted {
    let divisions = divisions.iter().map(|id| DivisionId::from(*id)).collect();
    Permitted { divisions, ..Permitted::default() }
}

/// The healthy patient, but for what `change` does to its access.
fn with_access(change: impl FnOnce(&mut Access)) -> Facts {
    facts(|facts| {
        let access = facts.access.as_mut().map(Arc::make_mut).expect("the healthy patient has access");
        access.grants = Some(seen(vec![reader(None, LONG_AGO, false)]));
        for (id, name) in [("berlin", "Berlin"), ("lisbon", "Lisbon")] {
            access.division_names.insert(DivisionId::from(id), name.into());
        }
        change(access);
    })
}

fn lacking(divisions: &[&str], grants: Vec<Grant>) -> Facts {
    with_access(|access| {
        (access.permitted, access.grants) = (Some(seen(permitted(divisions))), Some(seen(grants)));
    })
}

fn failed(facts: &Facts) -> Vec<(&'static str, Reason)> {
    let checks = judge(facts, &[]).into_iter().filter(|check| check.status == Status::Fail);
    checks.map(|check| (check.name, check.reason.expect("a reason"))).collect()
}

#[test]
fn each_lack_fails_on_its_own_line_and_on_no_other() {
    let no_scope = with_access(|access| {
        access.token = Some(seen(Token { scopes: BTreeSet::new(), ..Token::default() }));
    });
    let table: [(Facts, &[(&str, Reason)]); 6] = [
        (with_access(|_| {}), &[]),
        (no_scope, &[(SCOPES, Reason::ScopeMissing)]),
        (lacking(&[], Vec::new()), &[(PERMISSION, Reason::PermissionMissing)]),
        (lacking(&[], vec![reader(None, JUST_NOW, false)]), &[(PERMISSION, Reason::PermissionPending)]),
        (
            lacking(&["berlin"], vec![reader(Some("berlin"), LONG_AGO, false)]),
            &[(DIVISIONS, Reason::DivisionNotVisible)],
        ),
        (
            lacking(&["berlin"], vec![reader(None, JUST_NOW, false)]),
            &[(DIVISIONS, Reason::PermissionPending)],
        ),
    ];
    for (facts, expected) in table {
        assert_eq!(failed(&facts), expected);
    }
    let checks = judge(&lacking(&[], Vec::new()), &[]);
    assert_eq!(checks.last().map(|check| &*check.found), Some("waits for: permission"));
}

#[test]
fn a_condition_is_a_doubt_until_a_read_was_refused_by_it() {
    let mut facts = lacking(&["berlin"], vec![reader(None, LONG_AGO, true)]);
    facts.directory.divisions.insert(DivisionId::from("berlin"), 3);
    assert_eq!(failed(&facts), []);
    let denial = Denial { status: 403, code: "authz.policy.denied".into(), message: "no".into() };
    facts.denials = vec![seen(denial)];
    assert_eq!(failed(&facts), [(PERMISSION, Reason::PolicyDenied)]);
}

#[test]
fn a_division_is_told_by_name_with_how_many_are_left_out() {
    let mut facts = lacking(&["berlin"], vec![reader(Some("berlin"), LONG_AGO, false)]);
    facts.directory.divisions =
        [("berlin", 3), ("lisbon", 4)].map(|(id, agents)| (DivisionId::from(id), agents)).into();
    facts.directory.agents = 7;
    let check = judge(&facts, &[]).pop().expect("the last line");
    assert_eq!(check.found, "agent:state:view is not granted in Lisbon");
    assert_eq!(check.meaning, "the states of 4 of 7 agents are left out");
    facts.directory.divisions.remove(&DivisionId::from("lisbon"));
    assert_eq!(failed(&facts), [], "nobody is in a division that is not granted");
}

#[test]
fn in_the_users_api_neither_scopes_nor_roles_keep_states_back() {
    let mut facts = lacking(&["berlin"], vec![reader(Some("berlin"), LONG_AGO, false)]);
    facts.needs = users_api::NEEDS;
    assert_eq!(failed(&facts), []);
    let checks = judge(&facts, &[]);
    let line = |name| checks.iter().find(|check| check.name == name).expect("a line");
    assert!(line(SCOPES).found.contains("do not bind"));
    assert!(line(PERMISSION).found.contains("none needed"));
    assert_eq!(line(DIVISIONS).status, Status::Warn);
}

#[test]
fn what_else_onduty_would_use_is_only_worth_knowing() {
    let mut grant = reader(None, LONG_AGO, false);
    grant.policies.pop();
    let facts = with_access(|access| access.grants = Some(seen(vec![grant])));
    let checks = judge(&facts, &[]);
    let wishes = checks.iter().find(|check| check.name == OPTIONAL).expect("a line");
    assert_eq!((wishes.status, &*wishes.found), (Status::Warn, "not granted: routing:queue:view"));
}

#[test]
fn what_could_not_be_read_is_no_verdict() {
    let facts = with_access(|access| *access = Access::default());
    assert_eq!(failed(&facts), []);
    let statuses: Vec<Status> = judge(&facts, &[]).into_iter().map(|check| check.status).collect();
    assert_eq!(statuses, [Status::Warn; 4]);
}
