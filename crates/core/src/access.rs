//! What the token may do, as the platform tells it: its scopes, where it holds the permission that states need, and
//! the grants behind that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::agent::DivisionId;
use crate::finding::Evidence;
use crate::time::Timestamp;

/// Something that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// What.
    pub value: T,
    /// Where: the path's template.
    pub origin: &'static str,
    /// When it was asked for, by our clock.
    pub at: Timestamp,
    /// The platform's id of the request, where it gave one.
    pub correlation_id: Option<Arc<str>>,
}

/// What a token must have for an agent's state to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The scope; none where scopes do not bind such tokens.
    pub scope: Option<&'static str>,
    /// The permission that decides which divisions are shown, `domain:entity:action`.
    pub permission: &'static str,
    /// Whether nothing at all is shown without that permission.
    pub permission_binds: bool,
    /// Roles that carry it by the platform's own words.
    pub roles: &'static [&'static str],
}

/// What the token may do. A member is absent until it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The token itself.
    pub token: Option<Seen<Token>>,
    /// Where it holds the permission now.
    pub permitted: Option<Seen<Permitted>>,
    /// What was granted, in effect or not.
    pub grants: Option<Seen<Vec<Grant>>>,
    /// The names of divisions, as far as they were read.
    pub division_names: BTreeMap<DivisionId, Arc<str>>,
    /// What could not be read, and why.
    pub unread: Vec<Evidence>,
}

/// A token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Its scopes.
    pub scopes: BTreeSet<String>,
    /// The organisation it was given for.
    pub organisation: Option<Arc<str>>,
    /// The OAuth client it was given to.
    pub client_id: Option<Arc<str>>,
}

/// Where a permission is in effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permitted {
    /// In every division.
    pub everywhere: bool,
    /// In these.
    pub divisions: BTreeSet<DivisionId>,
    /// Whether there are more than were read: then nothing follows about any other.
    pub has_more: bool,
}

/// A role given to the client in a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The role's name.
    pub role: Arc<str>,
    /// Its id.
    pub role_id: Arc<str>,
    /// Where; everywhere if absent.
    pub division_id: Option<DivisionId>,
    /// What the role allows.
    pub policies: Vec<Policy>,
    /// When it was given.
    pub made_at: Option<Timestamp>,
}

/// What a role allows: some actions on one kind of thing. `*` stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// First part of a permission.
    pub domain: Arc<str>,
    /// Second part, or `*`.
    pub entity: Arc<str>,
    /// Third parts, or `*`.
    pub actions: Vec<Arc<str>>,
    /// Whether it holds under conditions only, which this program cannot evaluate.
    pub conditional: bool,
}

impl Needs {
    /// Nothing is asked for.
    pub const NOTHING: Self = Self { scope: None, permission: "", permission_binds: false, roles: &[] };
}

impl<T> Seen<T> {
    /// In words, as evidence.
    pub fn says(&self, detail: impl Into<String>) -> Evidence {
        let mut detail = detail.into();
        if let Some(id) = &self.correlation_id {
            detail.push_str(&format!("{CORRELATION}{id})"));
        }
        Evidence::at(self.origin, detail, self.at)
    }

    /// Something else seen in the answer to the same request.
    pub fn with<U>(&self, value: U) -> Seen<U> {
        let Self { value: _, origin, at, correlation_id } = self;
        Seen { value, origin, at: *at, correlation_id: correlation_id.clone() }
    }
}

impl Access {
    /// Whether it is known that nothing of a division is hidden.
    pub fn sees(&self, division: Option<&DivisionId>) -> bool {
        self.permitted.as_ref().is_some_and(|permitted| permitted.value.covers(division))
    }

    /// A division for people: its name where it is known, and its id.
    pub fn division(&self, id: &DivisionId) -> String {
        match self.division_names.get(id).filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({id})", id = id.as_str()),
            None => id.as_str().to_owned(),
        }
    }
}

impl Permitted {
    /// Whether it is in effect there. Of an unknown division only what holds everywhere is known.
    pub fn covers(&self, division: Option<&DivisionId>) -> bool {
        self.everywhere || division.is_some_and(|division| self.divisions.contains(division))
    }

    /// Whether it is in effect in no division.
    pub fn is_nowhere(&self) -> bool {
        !self.everywhere && self.divisions.is_empty()
    }

    /// Where that is, for people; each division as `named` has it.
    pub fn place(&self, named: impl Fn(&DivisionId) -> String) -> String {
        if self.everywhere {
            return "in every division".to_owned();
        }
        if self.divisions.is_empty() {
            return "in no division".to_owned();
        }
        format!("in {}", a_few(self.divisions.iter().map(named)))
    }
}

/// What stands before the platform's id of a request, at the end of what was seen.
const CORRELATION: &str = " (correlation id ";

/// What was seen, without the platform's id of the request: its support can use that, and on a screen it is in the way.
pub fn without_correlation(detail: &str) -> &str {
    detail.split(CORRELATION).next().unwrap_or(detail)
}

/// So many of a list are named one by one.
const NAMED_MAX: usize = 5;

/// A list for people: the first few, and how many more there are.
pub fn a_few(mut names: impl Iterator<Item = String>) -> String {
    let first: Vec<String> = names.by_ref().take(NAMED_MAX).collect();
    match names.count() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

impl Grant {
    /// The policy by which it carries a permission; one without conditions if there is one.
    pub fn carries(&self, permission: &str) -> Option<&Policy> {
        let carrying = || self.policies.iter().filter(|policy| policy.allows(permission));
        carrying().find(|policy| !policy.conditional).or_else(|| carrying().next())
    }

    /// Whether it holds in a division; for no division in particular, whether it holds anywhere.
    pub fn reaches(&self, division: Option<&DivisionId>) -> bool {
        match (&self.division_id, division) {
            (None, _) | (Some(_), None) => true,
            (Some(mine), Some(asked)) => mine == asked,
        }
    }
}

impl Policy {
    /// Whether it allows a permission, conditions aside.
    pub fn allows(&self, permission: &str) -> bool {
        let matches = |mine: &str, asked: &str| mine == "*" || mine.eq_ignore_ascii_case(asked);
        let mut parts = permission.splitn(3, ':');
        let (Some(domain), Some(entity), Some(action)) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        matches(&self.domain, domain)
            && matches(&self.entity, entity)
            && self.actions.iter().any(|mine| matches(mine, action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(domain: &str, entity: &str, actions: &[&str], conditional: bool) -> Policy {
        let actions = actions.iter().map(|action| (*action).into()).collect();
        Policy { domain: domain.into(), entity: entity.into(), actions, conditional }
    }

    #[test]
    fn a_policy_allows_by_name_or_by_star() {
        let table = [
            (policy("agent", "state", &["view"], false), true),
            (policy("agent", "*", &["view"], false), true),
            (policy("agent", "state", &["edit", "*"], false), true),
            (policy("agent", "state", &["edit"], false), false),
            (policy("agent", "profile", &["view"], false), false),
            (policy("routing", "*", &["*"], false), false),
            (policy("agent", "state", &[], false), false),
        ];
        for (policy, expected) in table {
            assert_eq!(policy.allows("agent:state:view"), expected, "{policy:?}");
        }
        assert!(!policy("*", "*", &["*"], false).allows("agent:state"), "two parts are no permission");
    }

    #[test]
    fn a_grant_carries_by_its_least_conditional_policy_and_reaches_its_division() {
        let berlin = DivisionId::from("berlin");
        let grant = Grant {
            role: "Agent State".into(),
            role_id: "r".into(),
            division_id: Some(berlin.clone()),
            policies: vec![policy("agent", "state", &["view"], true), policy("agent", "*", &["view"], false)],
            made_at: None,
        };
        assert!(grant.carries("agent:state:view").is_some_and(|policy| !policy.conditional));
        assert!(grant.carries("routing:queue:view").is_none());
        assert!(grant.reaches(Some(&berlin)) && grant.reaches(None));
        assert!(!grant.reaches(Some(&DivisionId::from("lisbon"))));
    }

    #[test]
    fn the_correlation_id_is_told_and_can_be_left_out() {
        let seen =
            |correlation_id| Seen { value: (), origin: "here", at: Timestamp::default(), correlation_id };
        let told = seen(Some("2b5f".into())).says("no scope").detail;
        assert_eq!((&*told, without_correlation(&told)), ("no scope (correlation id 2b5f)", "no scope"));
        assert_eq!(without_correlation(&seen(None).says("no scope").detail), "no scope");
    }

    #[test]
    fn a_place_names_a_few_divisions_and_counts_the_others() {
        let place = |divisions: &[&str]| {
            let divisions = divisions.iter().map(|id| DivisionId::from(*id)).collect();
            Permitted { divisions, ..Permitted::default() }.place(|id| id.as_str().to_owned())
        };
        assert_eq!(place(&[]), "in no division");
        assert_eq!(place(&["a", "b", "c", "d", "e"]), "in a, b, c, d, e");
        assert_eq!(place(&["a", "b", "c", "d", "e", "f", "g"]), "in a, b, c, d, e and 2 more");
        let everywhere = Permitted { everywhere: true, ..Permitted::default() };
        assert_eq!(everywhere.place(|_| String::new()), "in every division");
    }

    #[test]
    fn of_an_unknown_division_only_rights_everywhere_are_known_to_reach() {
        let berlin = DivisionId::from("berlin");
        let here = Permitted { divisions: BTreeSet::from([berlin.clone()]), ..Permitted::default() };
        assert!(here.covers(Some(&berlin)) && !here.covers(None) && !here.is_nowhere());
        assert!(Permitted { everywhere: true, ..Permitted::default() }.covers(None));
        assert!(Permitted::default().is_nowhere());
    }
}
