//! What the token may do: its scopes, the permission that states need, further ones, and the divisions. What stands in
//! the way is decided by [`onduty_core::diagnose`] alone; here it is told by line.

use std::collections::BTreeMap;

use onduty_core::access::{Access, Permitted, Seen, a_few, without_correlation};
use onduty_core::agent::DivisionId;
use onduty_core::diagnose::{Hindrances, Rights, hindrance, hindrances};
use onduty_core::facts::Denial;
use onduty_core::finding::{Finding, Reason};

use super::check::{Check, awaited};
use super::facts::Facts;
use super::{budget, entrance};

pub(super) const SCOPES: &str = "scopes";
pub(super) const PERMISSION: &str = "permission";
pub(super) const OPTIONAL: &str = "optional rights";
pub(super) const DIVISIONS: &str = "divisions";

/// What onduty can also do, if it may.
const WISHES: [(&str, &str); 2] = [
    ("directory:user:view", "who an id belongs to can't be told where the directory hides people"),
    ("routing:queue:view", "an id that is a queue's can't be told from one that is nobody's"),
];

/// Scopes, permission, further permissions, divisions.
pub(super) fn judge(facts: &Facts, before: &[Check]) -> Vec<Check> {
    if let Some(name) = awaited(before, &[entrance::REGION]) {
        return [SCOPES, PERMISSION, OPTIONAL, DIVISIONS].map(|check| Check::waits(check, &name)).into();
    }
    let Some(access) = &facts.access else {
        let why = "what the token may do was not read in the time there was";
        return [SCOPES, PERMISSION, OPTIONAL, DIVISIONS].map(|check| Check::skipped(check, why)).into();
    };
    let denials: Vec<Seen<&Denial>> = facts.denials.iter().map(|denial| denial.with(&denial.value)).collect();
    let rights = Rights { needs: &facts.needs, access, division: None, now: facts.now };
    let found = hindrances(&rights, &denials);
    let scopes = scopes(facts, access, &found);
    let permission = permission(facts, access, &found);
    let divisions = divisions(facts, access, &permission);
    vec![scopes, permission, wishes(facts, access), divisions]
}

fn shown<'a>(found: &'a Hindrances, reasons: &[Reason]) -> Option<&'a Finding> {
    found.shown.iter().find(|finding| reasons.contains(&finding.reason))
}

fn scopes(facts: &Facts, access: &Access, found: &Hindrances) -> Check {
    if let Some(finding) = shown(found, &[Reason::ScopeMissing]) {
        let check = Check::of_finding(SCOPES, finding);
        let said = finding.evidence.first().map_or(&finding.summary, |evidence| &evidence.detail);
        return Check { found: without_correlation(said).to_owned(), ..check };
    }
    match (facts.needs.scope, &access.token) {
        (None, _) => Check::ok(
            SCOPES,
            format!("none needed: they do not bind client credentials in the {}", facts.api_name()),
        ),
        (Some(scope), Some(_)) => Check::ok(SCOPES, format!("the token has {scope}")),
        (Some(scope), None) => unread(SCOPES, facts, access, &format!("whether the token has {scope}")),
    }
}

fn permission(facts: &Facts, access: &Access, found: &Hindrances) -> Check {
    const BLAME: [Reason; 3] = [Reason::PermissionMissing, Reason::PermissionPending, Reason::PolicyDenied];
    let permission = facts.needs.permission;
    if let Some(finding) = shown(found, &BLAME) {
        let check = Check::of_finding(PERMISSION, finding);
        return Check {
            found: finding.summary.clone(),
            meaning: "nobody's state is shown to it".to_owned(),
            ..check
        };
    }
    let Some(permitted) = &access.permitted else {
        return unread(PERMISSION, facts, access, &format!("where {permission} is in effect"));
    };
    let place = place(access, &permitted.value);
    if !facts.needs.permission_binds {
        let found = format!("none needed for states; {permission} is in effect {place}");
        return Check::ok(PERMISSION, found);
    }
    let doubts: Vec<&str> = found.open.iter().map(|question| &*question.settled_by).collect();
    match found.open.first() {
        Some(question) => {
            Check::warn(PERMISSION, Some(question.reason), format!("{permission} is in effect {place}"))
                .meaning(format!("it may not be all: {} is possible and not proven", question.reason.name()))
                .remedy(format!("to settle it: {}", doubts.join("; ")))
                .seen(question.evidence.clone())
        }
        None => Check::ok(PERMISSION, format!("{permission} is in effect {place}")),
    }
}

fn place(access: &Access, permitted: &Permitted) -> String {
    permitted.place(|id| name_of(access, id))
}

/// A division by its name alone: on a line its id would be in the way.
pub(super) fn name_of(access: &Access, id: &DivisionId) -> String {
    let name = access.division_names.get(id).filter(|name| !name.is_empty());
    name.map_or_else(|| id.as_str().to_owned(), ToString::to_string)
}

fn wishes(facts: &Facts, access: &Access) -> Check {
    let Some(grants) = &access.grants else {
        return unread(OPTIONAL, facts, access, "what else the client's roles allow");
    };
    let held = |permission: &str| grants.value.iter().any(|grant| grant.carries(permission).is_some());
    let lacking: Vec<(&str, &str)> = WISHES.into_iter().filter(|(permission, _)| !held(permission)).collect();
    let names: Vec<&str> = lacking.iter().map(|(permission, _)| *permission).collect();
    if lacking.is_empty() {
        let wishes = WISHES.map(|(permission, _)| permission);
        return Check::ok(OPTIONAL, format!("granted: {}", wishes.join(", ")));
    }
    let losses: Vec<&str> = lacking.iter().map(|(_, loss)| *loss).collect();
    Check::warn(OPTIONAL, None, format!("not granted: {}", names.join(", ")))
        .meaning(losses.join("; "))
        .remedy("give the OAuth client a role that carries it, if you want that told")
        .seen([grants.says(format!(
            "{} grants, none of which carries {}",
            grants.value.len(),
            names.join(", ")
        ))])
}

fn divisions(facts: &Facts, access: &Access, permission: &Check) -> Check {
    if let Some(name) = awaited(std::slice::from_ref(permission), &[PERMISSION]) {
        return Check::waits(DIVISIONS, &name);
    }
    let Some(permitted) = &access.permitted else {
        return unread(DIVISIONS, facts, access, "which divisions are granted");
    };
    if permitted.value.everywhere {
        return Check::ok(DIVISIONS, "all of them, and those to come");
    }
    let known = known_divisions(facts, access);
    let hidden: Vec<(&DivisionId, usize)> =
        known.iter().filter(|(id, _)| !permitted.value.covers(Some(id))).map(|(id, n)| (*id, *n)).collect();
    if hidden.is_empty() {
        return Check::ok(DIVISIONS, format!("all {} that the directory has", known.len()));
    }
    let reason_of =
        |id| hindrance(&Rights { needs: &facts.needs, access, division: Some(id), now: facts.now });
    let reason = hidden.iter().filter_map(|(id, _)| reason_of(*id)).min();
    let names = a_few(hidden.iter().map(|(id, _)| name_of(access, id)));
    let in_full = a_few(hidden.iter().map(|(id, _)| access.division(id)));
    let agents: usize = hidden.iter().map(|(_, agents)| agents).sum();
    let whom = match facts.directory.agents {
        0 => "everybody there".to_owned(),
        all => format!("{agents} of {all} agents"),
    };
    let needed = facts.needs.permission;
    let found = format!("{needed} is not granted in {names}");
    let check = match reason {
        Some(reason) => {
            Check::fail(DIVISIONS, reason, found).meaning(format!("the states of {whom} are left out"))
        }
        None if facts.needs.permission_binds => Check::warn(DIVISIONS, Some(Reason::Undetermined), found)
            .meaning(format!("the states of {whom} may be left out; the client's roles do not say")),
        None => Check::warn(DIVISIONS, None, found)
            .meaning("the directory may hide people there; states themselves need no permission in this API"),
    };
    check
        .remedy(format!("give the OAuth client a role that carries {needed} in {names}, or in all divisions"))
        .seen([permitted.says(format!(
            "{needed} is in effect {}, and not in {in_full}",
            place(access, &permitted.value)
        ))])
}

/// The divisions in which somebody is; where nobody was listed yet, those that the organisation has.
fn known_divisions<'a>(facts: &'a Facts, access: &'a Access) -> BTreeMap<&'a DivisionId, usize> {
    let listed = &facts.directory.divisions;
    if listed.is_empty() {
        return access.division_names.keys().map(|id| (id, 0)).collect();
    }
    listed.iter().map(|(id, agents)| (id, *agents)).collect()
}

fn unread(name: &'static str, facts: &Facts, access: &Access, what: &str) -> Check {
    if facts.kept_until().is_some() {
        return Check::waits(name, budget::NAME);
    }
    Check::warn(name, Some(Reason::Undetermined), format!("{what} could not be read"))
        .meaning("why a state is missing may not be told")
        .remedy("look again shortly")
        .seen(access.unread.clone())
}

#[cfg(test)]
mod tests;
