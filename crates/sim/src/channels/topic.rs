//! Names of topics: single ones, combined ones, and what they stand for.

use super::catalogue::{Kind, Object, TEMPLATES, Template};
use crate::cloud::id::Id;

/// The name of a topic is shorter than this, in characters.
const LENGTH_LIMIT: usize = 200;

/// One topic with its object. A combined name stands for several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Topic {
    /// Its template.
    pub(crate) template: &'static Template,
    /// The user or queue it is about.
    pub(crate) object: Option<Id>,
    /// The single name under which its events arrive.
    pub(crate) name: String,
}

impl Topic {
    /// Reads a name, which may be combined: `v2.users.{id}?presence&routingStatus` is two topics. Letter case does
    /// not matter. None when one of the parts is no topic.
    pub(crate) fn parse(text: &str) -> Option<Vec<Self>> {
        if text.chars().count() >= LENGTH_LIMIT {
            return None;
        }
        match text.split_once('?') {
            None => Some(vec![Self::single(text)?]),
            Some((prefix, parts)) => {
                parts.split('&').map(|part| Self::single(&format!("{prefix}.{part}"))).collect()
            }
        }
    }

    fn single(text: &str) -> Option<Self> {
        TEMPLATES.iter().find_map(|template| Self::fitting(template, text))
    }

    fn fitting(template: &'static Template, text: &str) -> Option<Self> {
        let mut hole = None;
        let mut given = text.split('.');
        for expected in template.text.split('.') {
            let segment = given.next()?;
            if expected == "{id}" {
                hole = Some(segment).filter(|segment| !segment.is_empty());
                hole?;
            } else if !expected.eq_ignore_ascii_case(segment) {
                return None;
            }
        }
        if given.next().is_some() {
            return None;
        }
        let object = match template.object {
            Object::User | Object::Queue => Some(Id::parse(hole?)?),
            Object::Other => None,
        };
        let name = match (object, hole) {
            (Some(id), _) => template.text.replace("{id}", &id.to_string()),
            (None, Some(hole)) => template.text.replace("{id}", hole),
            (None, None) => template.text.to_owned(),
        };
        Some(Self { template, object, name })
    }
}

/// Which kinds of events are wanted about one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    /// Adds a kind. What is never sent is not kept.
    pub(crate) fn insert(&mut self, kind: Kind) {
        if kind != Kind::Silent {
            self.0 |= 1 << kind as u8;
        }
    }

    /// Whether a kind is wanted.
    pub(crate) fn contain(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "4a2f0f6e-0d0b-4b3e-9b0e-6f2f5a0c1d11";

    fn names(text: &str) -> Option<Vec<String>> {
        Topic::parse(text).map(|topics| topics.into_iter().map(|topic| topic.name).collect())
    }

    #[test]
    fn a_combined_name_stands_for_its_single_ones_in_any_letter_case() {
        let of = |last: &str| format!("v2.users.{USER}.{last}");
        let table = [
            (of("activity"), vec![of("activity")]),
            (of("ROUTINGSTATUS"), vec![of("routingStatus")]),
            (of("routingstatus").to_ascii_uppercase(), vec![of("routingStatus")]),
            (
                format!("v2.users.{USER}?presence&routingstatus&Activity"),
                vec![of("presence"), of("routingStatus"), of("activity")],
            ),
            (format!("v2.users.{USER}?presence"), vec![of("presence")]),
            (
                format!("v2.users.{USER}?workforcemanagement.adherence"),
                vec![of("workforcemanagement.adherence")],
            ),
        ];
        for (text, expected) in table {
            assert_eq!(names(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_topic_is_none() {
        let long = format!("v2.users.{USER}?{}", ["routingStatus"; 12].join("&"));
        assert!(long.len() >= LENGTH_LIMIT);
        for text in [
            "",
            "v2.users",
            "v2.users.ada.presence",
            "v2.users..presence",
            &format!("v2.users.{USER}.mood"),
            &format!("v2.users.{USER}.presence.more"),
            &format!("v2.users.{USER}?presence&mood"),
            &format!("v2.users.{USER}?"),
            &long,
        ] {
            assert_eq!(names(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_never_sent_is_not_wanted() {
        let mut kinds = Kinds::default();
        kinds.insert(Kind::Silent);
        assert_eq!(kinds, Kinds::default());
        kinds.insert(Kind::Presence);
        let wanted: Vec<Kind> = Kind::SENT.into_iter().filter(|kind| kinds.contain(*kind)).collect();
        assert_eq!(wanted, [Kind::Presence]);
    }
}
