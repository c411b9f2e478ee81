//! What is allowed or refused: some actions on one kind of thing, written `domain:entity:action`.

/// A set of permissions. `*` stands for everything in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// First part of a permission, or `*`.
    pub domain: String,
    /// Second part, or `*`.
    pub entity: String,
    /// Third parts, or `*`.
    pub actions: Vec<String>,
}

impl Policy {
    /// Every permission there is.
    pub fn everything() -> Self {
        let star = || "*".to_owned();
        Self { domain: star(), entity: star(), actions: vec![star()] }
    }

    /// Reads `domain:entity:action`.
    pub fn parse(permission: &str) -> Option<Self> {
        let mut parts = permission.split(':');
        let policy = Self {
            domain: parts.next()?.to_owned(),
            entity: parts.next()?.to_owned(),
            actions: vec![parts.next()?.to_owned()],
        };
        let filled = !policy.domain.is_empty() && !policy.entity.is_empty() && policy.actions != [""];
        (filled && parts.next().is_none()).then_some(policy)
    }

    /// Whether a permission is in the set.
    pub fn covers(&self, permission: &str) -> bool {
        let mut parts = permission.split(':');
        let (domain, entity, action) = (parts.next(), parts.next(), parts.next());
        let matches = |mine: &str, asked: Option<&str>| mine == "*" || Some(mine) == asked;
        matches(&self.domain, domain)
            && matches(&self.entity, entity)
            && self.actions.iter().any(|mine| matches(mine, action))
    }

    /// Whether some permission is in both sets.
    pub fn meets(&self, other: &Self) -> bool {
        let alike = |mine: &str, theirs: &str| mine == "*" || theirs == "*" || mine == theirs;
        alike(&self.domain, &other.domain)
            && alike(&self.entity, &other.entity)
            && self.actions.iter().any(|mine| other.actions.iter().any(|theirs| alike(mine, theirs)))
    }

    /// The permissions of the set, as they are written.
    pub fn permissions(&self) -> impl Iterator<Item = String> + '_ {
        self.actions.iter().map(|action| format!("{}:{}:{action}", self.domain, self.entity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_policy_stands_for_everything() {
        let policy = Policy::parse("presence:*:*").unwrap();
        assert!(policy.covers("presence:userPresence:edit"));
        assert!(!policy.covers("routing:queue:view"));
        assert!(Policy::everything().covers("routing:queue:view"));
        for malformed in ["", "a", "a:b", "a:b:", "a:b:c:d", ":b:c"] {
            assert_eq!(Policy::parse(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn two_policies_meet_where_a_permission_is_in_both() {
        let policy = |text: &str| Policy::parse(text).unwrap();
        let table = [
            ("agent:state:view", "agent:state:view", true),
            ("agent:state:view", "agent:state:edit", false),
            ("agent:*:view", "agent:state:*", true),
            ("agent:*:view", "routing:*:view", false),
            ("*:*:*", "routing:queue:view", true),
        ];
        for (one, other, expected) in table {
            assert_eq!(policy(one).meets(&policy(other)), expected, "{one} {other}");
            assert_eq!(policy(other).meets(&policy(one)), expected, "{other} {one}");
        }
    }
}
