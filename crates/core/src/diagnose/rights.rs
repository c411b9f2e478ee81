//! What the token may not see: the scope, the permission, its divisions, a policy, or an endpoint that is not there.

use std::time::Duration;

use super::{Case, Cause, Question, Verdict};
use crate::access::{Access, Grant, Needs, Permitted, Seen, a_few};
use crate::agent::DivisionId;
use crate::facts::{Denial, DenialKind, Existence};
use crate::finding::{Evidence, Finding, Reason};
use crate::time::Timestamp;

/// The platform's administration pages say that a changed grant takes minutes to apply; one older than this should
/// have.
const GRANT_APPLIES_WITHIN: Duration = Duration::from_secs(600);

/// How soon a grant that does not apply yet is worth another look.
const PENDING_RETRY: Duration = Duration::from_secs(30);

/// What the token needs and has, for one agent or for all.
#[derive(Clone, Copy, Debug)]
pub struct Rights<'a> {
    /// What states need.
    pub needs: &'a Needs,
    /// What the token may do.
    pub access: &'a Access,
    /// The agent's division, where it is known.
    pub division: Option<&'a DivisionId>,
    /// Now, by our clock.
    pub now: Timestamp,
}

/// What keeps every agent of a division (or, without one, every agent) from being seen, by what is known of the
/// token alone.
pub fn hindrance(rights: &Rights<'_>) -> Option<Reason> {
    let verdict = weigh(rights, &[], Binding::of(rights.needs));
    verdict.shown.iter().map(|cause| cause.reason).min()
}

/// Why a directory shows nobody at all, where the token holds the permission that decides it in no division. A
/// listing that names nobody says no word of that.
pub fn nobody_shown(rights: &Rights<'_>) -> Option<Finding> {
    let permitted = rights.access.permitted.as_ref()?;
    let everybody = Rights { division: None, ..*rights };
    let verdict = permitted.value.is_nowhere().then(|| weigh(&everybody, &[], Binding::Hidden))?;
    verdict.shown.into_iter().min_by_key(|cause| cause.reason).map(|cause| cause.finding(""))
}

/// Everything that stands in the way, and what could.
#[derive(Clone, Debug, Default)]
pub struct Hindrances {
    /// Each cause that is proven, in the order of blame.
    pub shown: Vec<Finding>,
    /// What remains possible.
    pub open: Vec<Question>,
}

/// As [`hindrance`], with every cause and the evidence for it, and with what single reads were refused with.
pub fn hindrances(rights: &Rights<'_>, denials: &[Seen<&Denial>]) -> Hindrances {
    let mut verdict = weigh(rights, denials, Binding::of(rights.needs));
    verdict.shown.sort_by_key(|cause| cause.reason);
    let shown = verdict.shown.into_iter().map(|cause| cause.finding("").without_repetition()).collect();
    Hindrances { shown, open: verdict.open }
}

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let facts = case.facts;
    let denials: Vec<Seen<&Denial>> = facts.denials().collect();
    let rights = Rights {
        needs: &facts.needs,
        access: &facts.access,
        division: case.row.and_then(|row| row.division_id()),
        now: case.now,
    };
    let is_hidden = facts.directory.as_ref().is_some_and(|seen| seen.value == Existence::Hidden);
    let binds = if is_hidden { Binding::Hidden } else { Binding::of(&facts.needs) };
    let mut verdict = weigh(&rights, &denials, binds);
    if let Some(hidden) = facts.directory.as_ref().filter(|_| is_hidden) {
        let shown = "somebody of this id exists, and the directory does not show them";
        for cause in &mut verdict.shown {
            cause.evidence.insert(0, hidden.says(shown));
        }
    }
    verdict
}

/// Whether the permission decides what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Binding {
    /// It does not.
    Free,
    /// It does.
    Binds,
    /// It does, and has hidden this very agent.
    Hidden,
}

impl Binding {
    const fn of(needs: &Needs) -> Self {
        if needs.permission_binds { Self::Binds } else { Self::Free }
    }
}

/// Where the permission is not in effect.
#[derive(Clone, Copy, Debug)]
enum Lack<'a> {
    /// Anywhere.
    Everywhere,
    /// In the agent's division, which may be unknown.
    Here(Option<&'a DivisionId>),
}

fn weigh(rights: &Rights<'_>, denials: &[Seen<&Denial>], binding: Binding) -> Verdict {
    let mut verdict = Verdict::default();
    let denied = |kind| denials.iter().filter(move |seen| seen.value.kind() == kind).map(words);
    verdict.shown.extend(endpoint(rights.needs, denied(DenialKind::Endpoint).collect()));
    verdict.shown.extend(scope(rights, denied(DenialKind::Scope).collect()));
    verdict.shown.extend(policy(rights, denied(DenialKind::Policy).collect()));

    let permitted = rights.access.permitted.as_ref();
    let nowhere = permitted.filter(|permitted| binding != Binding::Free && permitted.value.is_nowhere());
    let denied_everywhere: Vec<Evidence> = denied(DenialKind::Permission).collect();
    let elsewhere = permitted.filter(|permitted| is_elsewhere(&permitted.value, rights.division, binding));
    let denied_here: Vec<Evidence> = denied(DenialKind::Division).collect();
    if nowhere.is_some() || !denied_everywhere.is_empty() {
        let seen =
            denied_everywhere.into_iter().chain(nowhere.map(|seen| seen.says(in_words(rights, &seen.value))));
        permission(rights, Lack::Everywhere, seen.collect(), &mut verdict);
    } else if elsewhere.is_some() || !denied_here.is_empty() {
        let seen =
            denied_here.into_iter().chain(permitted.map(|seen| seen.says(in_words(rights, &seen.value))));
        permission(rights, Lack::Here(rights.division), seen.collect(), &mut verdict);
    }
    verdict
}

fn words(seen: &Seen<&Denial>) -> Evidence {
    seen.says(seen.value.words())
}

fn is_elsewhere(permitted: &Permitted, division: Option<&DivisionId>, binding: Binding) -> bool {
    let is_hiding = match binding {
        Binding::Free => false,
        Binding::Binds => division.is_some(),
        Binding::Hidden => true,
    };
    is_hiding && !permitted.has_more && !permitted.is_nowhere() && !permitted.covers(division)
}

/// Where the permission is in effect.
fn in_words(rights: &Rights<'_>, permitted: &Permitted) -> String {
    let place = permitted.place(|id| rights.access.division(id));
    format!("{} is in effect {place}", rights.needs.permission)
}

fn endpoint(needs: &Needs, evidence: Vec<Evidence>) -> Option<Cause> {
    let (summary, remedy) = match needs.scope {
        // Scopes bind in the agent-states API only.
        Some(_) => (
            "the agent-states API does not exist on this platform: its paths answer 404",
            "set platform.api = \"users\"; the nearest real calls are \
             GET /api/v2/users?id=…&expand=presence,routingStatus and \
             GET /api/v2/users/presences/purecloud/bulk?id=…",
        ),
        None => (
            "what answers at platform.api_url has no users API: the path answers 404",
            "check platform.api_url: it should be the region's API host, such as https://api.mypurecloud.ie",
        ),
    };
    (!evidence.is_empty()).then(|| Cause::new(Reason::NameUnknown, summary, remedy).seen(evidence))
}

fn scope(rights: &Rights<'_>, denied: Vec<Evidence>) -> Option<Cause> {
    let needed = rights.needs.scope?;
    let token = rights.access.token.as_ref();
    let lacking = token.filter(|token| !token.value.scopes.contains(needed));
    if denied.is_empty() && lacking.is_none() {
        return None;
    }
    let held = lacking.map(|token| {
        let scopes: Vec<&str> = token.value.scopes.iter().map(String::as_str).collect();
        let scopes = if scopes.is_empty() { "no scope".to_owned() } else { scopes.join(", ") };
        token.says(format!("the token has {scopes}; it lacks {needed}"))
    });
    let client = token.and_then(|token| token.value.client_id.as_deref());
    let client = client.map_or(String::new(), |id| format!(" {id}"));
    Some(
        Cause::new(
            Reason::ScopeMissing,
            format!("the token lacks the scope {needed}, and without it states are left out in silence"),
            format!("add the scope {needed} to the OAuth client{client}; onduty takes a new token by itself"),
        )
        .seen(held)
        .seen(denied),
    )
}

fn policy(rights: &Rights<'_>, denied: Vec<Evidence>) -> Option<Cause> {
    (!denied.is_empty()).then(|| {
        let permission = rights.needs.permission;
        Cause::new(
            Reason::PolicyDenied,
            "an attribute-based policy of the organisation refuses this read",
            format!("let the policy named in the evidence allow {permission} to this OAuth client"),
        )
        .seen(denied)
    })
}

/// The permission is not in effect. What was granted tells a grant that is missing from one that does not apply yet.
fn permission(rights: &Rights<'_>, lack: Lack<'_>, evidence: Vec<Evidence>, verdict: &mut Verdict) {
    let permission = rights.needs.permission;
    let (missing, division) = match lack {
        Lack::Everywhere => (Reason::PermissionMissing, None),
        Lack::Here(division) => (Reason::DivisionNotVisible, division),
    };
    let Some(grants) = &rights.access.grants else {
        let settled_by = "a look at the client's roles in Admin, and when they were given";
        verdict.leave_open(missing, settled_by, evidence);
        verdict.leave_open(Reason::PermissionPending, settled_by, rights.access.unread.clone());
        return;
    };
    let carrying = || {
        let reaching = grants.value.iter().filter(|grant| grant.reaches(division));
        reaching.filter(|grant| grant.carries(permission).is_some())
    };
    let fresh = carrying().filter_map(|grant| Some((grant, grant.made_at?)));
    let fresh = fresh.filter(|(_, made_at)| rights.now.since(*made_at) < GRANT_APPLIES_WITHIN);
    let fresh = fresh.max_by_key(|(_, made_at)| *made_at);
    match (lack, fresh) {
        (Lack::Here(None), Some(_)) => {
            let settled_by = "asking again in ten minutes, when every grant applies";
            verdict.leave_open(Reason::PermissionPending, settled_by, evidence.clone());
            verdict.leave_open(missing, settled_by, evidence);
        }
        (_, Some((grant, made_at))) => {
            let given = format!("the role \"{}\", which carries {permission}, was given then", grant.role);
            let given = Evidence::at(grants.origin, given, made_at);
            verdict.show(pending(rights, grant, made_at).seen(evidence).seen([given]));
        }
        // In an unknown division: old grants are for others.
        (Lack::Here(None), None) => verdict.show(elsewhere(rights, None).seen(evidence)),
        (_, None) if carrying().next().is_none() => {
            let given = grants.says(what_was_given(&grants.value, permission, division));
            let cause = match division {
                Some(division) => elsewhere(rights, Some(division)),
                None => nowhere(rights),
            };
            verdict.show(cause.seen(evidence).seen([given]));
        }
        (_, None) => contradiction(rights, grants, &carrying().collect::<Vec<_>>(), evidence, verdict),
    }
}

fn what_was_given(grants: &[Grant], permission: &str, division: Option<&DivisionId>) -> String {
    let held = match grants {
        [] => "no role".to_owned(),
        _ => a_few(grants.iter().map(|grant| format!("\"{}\"", grant.role))),
    };
    let place = if division.is_some() { " there" } else { "" };
    format!("the client was given {held}; none carries {permission}{place}")
}

/// A grant that should apply, by its age, and does not.
fn contradiction(
    rights: &Rights<'_>,
    grants: &Seen<Vec<Grant>>,
    carrying: &[&Grant],
    evidence: Vec<Evidence>,
    verdict: &mut Verdict,
) {
    let permission = rights.needs.permission;
    let roles: Vec<&str> = carrying.iter().map(|grant| &*grant.role).collect();
    let is_conditional = |grant: &&Grant| grant.carries(permission).is_some_and(|policy| policy.conditional);
    let (reason, settled_by) = if carrying.iter().all(is_conditional) {
        let settled_by = "the conditions of that role's policy, which only the platform can evaluate";
        (Reason::PolicyDenied, settled_by)
    } else {
        (Reason::PermissionPending, "waiting: the platform has not applied a grant that it lists")
    };
    let seen = grants.says(format!("{} carries {permission}, given long ago", roles.join(", ")));
    verdict.leave_open(reason, settled_by, evidence.into_iter().chain([seen]).collect());
}

fn pending(rights: &Rights<'_>, grant: &Grant, made_at: Timestamp) -> Cause {
    let permission = rights.needs.permission;
    let minutes = rights.now.since(made_at).as_secs() / 60;
    let ago = match minutes {
        0 => "less than a minute ago".to_owned(),
        minutes => format!("{minutes} min ago"),
    };
    let mut cause = Cause::new(
        Reason::PermissionPending,
        format!("{permission} was granted {ago} and does not apply yet"),
        format!(
            "wait: grants take some minutes to apply; if it stays so after ten, give the role \"{}\" anew",
            grant.role
        ),
    );
    cause.retry_after = Some(PENDING_RETRY);
    cause
}

fn nowhere(rights: &Rights<'_>) -> Cause {
    let permission = rights.needs.permission;
    Cause::new(
        Reason::PermissionMissing,
        format!("the client's roles grant {permission} in no division"),
        format!("give the OAuth client a role that carries {permission}{}", carrying(rights.needs)),
    )
}

fn elsewhere(rights: &Rights<'_>, division: Option<&DivisionId>) -> Cause {
    let permission = rights.needs.permission;
    let granted = match &rights.access.permitted {
        Some(permitted) => a_few(permitted.value.divisions.iter().map(|id| rights.access.division(id))),
        None => "other divisions".to_owned(),
    };
    let (place, grant) = match division.map(|division| rights.access.division(division)) {
        Some(division) => (format!("division {division}"), format!("in division {division}")),
        None => {
            ("a division that is hidden, too".to_owned(), "in the agent's division, or in all".to_owned())
        }
    };
    Cause::new(
        Reason::DivisionNotVisible,
        format!("the agent is in {place}; {permission} is granted in {granted} only"),
        format!("give the OAuth client a role that carries {permission}{} {grant}", carrying(rights.needs)),
    )
}

fn carrying(needs: &Needs) -> String {
    match needs.roles {
        [] => String::new(),
        roles => format!(" (such as \"{}\")", roles.join("\" or \"")),
    }
}
