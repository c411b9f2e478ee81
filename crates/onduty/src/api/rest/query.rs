//! The query of a URL, read strictly: a broken escape or a parameter that means nothing here is an error that names it,
//! because whatever is passed over in silence answers another question than was asked.

use onduty_proto::v1;

use crate::api::problem::Problem;

/// A parameter that can't be read, by its name in the request.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) struct Unreadable {
    parameter: String,
    wrong: String,
}

impl Unreadable {
    pub(in crate::api) fn new(parameter: impl Into<String>, wrong: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), wrong: wrong.into() }
    }

    /// Its name in the request.
    pub(in crate::api) fn parameter(&self) -> &str {
        &self.parameter
    }

    /// What is wrong with it, as it would follow its name.
    pub(in crate::api) fn wrong(&self) -> &str {
        &self.wrong
    }
}

impl From<Unreadable> for Problem {
    fn from(Unreadable { parameter, wrong }: Unreadable) -> Self {
        Self::of_parameter(&parameter, &wrong)
    }
}

/// The parameters of a query, in order.
#[derive(Debug)]
pub(in crate::api) struct Query(Vec<(String, String)>);

/// How much of a parameter's name an error repeats.
const NAME_SHOWN_MAX: usize = 50;

impl Query {
    /// Reads the part of a URL behind its question mark.
    pub(in crate::api) fn read(raw: Option<&str>) -> Result<Self, Unreadable> {
        let parts = raw.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        let each = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(name).ok_or_else(|| broken("query"))?;
            let value = decode(value).ok_or_else(|| broken(&name))?;
            Ok((name, value))
        });
        each.collect::<Result<_, _>>().map(Self)
    }

    /// The same, or which parameter is none of these.
    pub(in crate::api) fn only(self, known: &[&str]) -> Result<Self, Unreadable> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(self),
            Some((name, _)) if known.is_empty() => {
                Err(Unreadable::new(shown(name), "means nothing here: no parameters are taken"))
            }
            Some((name, _)) => {
                let known = known.join(", ");
                Err(Unreadable::new(shown(name), format!("means nothing here: these are taken: {known}")))
            }
        }
    }

    /// The values of a parameter that may be repeated.
    pub(in crate::api) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may be repeated, each of which may be several with commas between.
    pub(in crate::api) fn listed<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(|value| value.split(','))
    }

    /// The value of a parameter that may be given once.
    pub(in crate::api) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Unreadable> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Unreadable::new(name, "is given twice; once is enough")),
        }
    }

    /// A span of time that may be given once.
    pub(in crate::api) fn span(&self, name: &str) -> Result<Option<prost_types::Duration>, Unreadable> {
        self.one(name)?.map(|text| read_span(name, text)).transpose()
    }

    /// A page size and token, each of which may be given once.
    pub(in crate::api) fn page(&self) -> Result<(i32, String), Unreadable> {
        let size = match self.one("pageSize")? {
            Some(text) => text.parse().map_err(|_| Unreadable::new("pageSize", "is not a number"))?,
            None => 0,
        };
        Ok((size, self.one("pageToken")?.unwrap_or_default().to_owned()))
    }

    /// Whether there is any condition.
    pub(in crate::api) fn has_filter(&self) -> bool {
        self.0.iter().any(|(name, _)| FILTER_PARAMETERS.contains(&name.as_str()))
    }

    /// The filter of a list: its fields under their JSON names, behind `filter.`.
    pub(in crate::api) fn filter(&self) -> Result<v1::AgentFilter, Unreadable> {
        let owned = |name| self.listed(name).map(str::to_owned).collect();
        let logged_in = match self.one("filter.loggedIn")? {
            None => None,
            Some(text) => {
                let wanted = || Unreadable::new("filter.loggedIn", "is neither true nor false");
                Some(text.parse::<bool>().map_err(|_| wanted())?)
            }
        };
        Ok(v1::AgentFilter {
            presences: self.named("filter.presences", "SYSTEM_PRESENCE_", |name| {
                v1::SystemPresence::from_str_name(name).map(Into::into)
            })?,
            routing_statuses: self.named("filter.routingStatuses", "ROUTING_STATUS_", |name| {
                v1::RoutingStatus::from_str_name(name).map(Into::into)
            })?,
            queue_ids: owned("filter.queueIds"),
            division_ids: owned("filter.divisionIds"),
            logged_in,
        })
    }

    /// Values of an enum, with or without what all of its names begin with.
    fn named(
        &self,
        parameter: &str,
        prefix: &str,
        find: impl Fn(&str) -> Option<i32>,
    ) -> Result<Vec<i32>, Unreadable> {
        let read = |(at, name)| {
            find(name).or_else(|| find(&format!("{prefix}{name}"))).ok_or_else(|| {
                Unreadable::new(format!("{parameter}[{at}]"), "is no name that this version knows")
            })
        };
        self.listed(parameter).enumerate().map(read).collect()
    }
}

/// The parameters of [`Query::page`].
pub(in crate::api) const PAGE_PARAMETERS: [&str; 2] = ["pageSize", "pageToken"];

/// The parameters of [`Query::filter`].
pub(in crate::api) const FILTER_PARAMETERS: [&str; 5] = [
    "filter.presences",
    "filter.routingStatuses",
    "filter.queueIds",
    "filter.divisionIds",
    "filter.loggedIn",
];

/// Reads a span of time as proto3 JSON writes it.
pub(in crate::api) fn read_span(name: &str, text: &str) -> Result<prost_types::Duration, Unreadable> {
    text.parse()
        .map_err(|_| Unreadable::new(name, "is not a span of time: write seconds, such as 30s or 0.5s"))
}

fn broken(name: &str) -> Unreadable {
    Unreadable::new(shown(name), "has a percent escape that is broken or leaves no UTF-8")
}

fn shown(name: &str) -> String {
    name.chars().take(NAME_SHOWN_MAX).collect()
}

/// Resolves the escapes of a form: `%41`, and `+` for a blank.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(raw: &str, name: &str) -> Vec<String> {
        Query::read(Some(raw)).expect(raw).listed(name).map(str::to_owned).collect()
    }

    #[test]
    fn a_value_may_be_repeated_and_listed_in_every_spelling() {
        let table: [(&str, &[&str]); 8] = [
            ("a=1&a=2", &["1", "2"]),
            ("a=1,2", &["1", "2"]),
            ("a=1%2C2&b=9&a=3", &["1", "2", "3"]),
            ("%61=1%2c2", &["1", "2"]),
            ("a=1,&&a", &["1", "", ""]),
            ("a=x+y%20z", &["x y z"]),
            ("a==", &["="]),
            ("A=1", &[]),
        ];
        for (raw, expected) in table {
            assert_eq!(values(raw, "a"), expected, "{raw}");
        }
        assert!(Query::read(None).expect("none").all("a").next().is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let table = [
            ("a=%", "a"),
            ("a=%4", "a"),
            ("a=%zz", "a"),
            ("a=%+1", "a"),
            ("a=%ff", "a"),
            ("%=1", "query"),
            ("pageSize=1&pageSize=1", "pageSize"),
            ("pageSize=ten", "pageSize"),
            ("pageSize=99999999999", "pageSize"),
            ("b=1", "b"),
            ("maxStaleness=30", "maxStaleness"),
            ("filter.presences=MEAL,NAP", "filter.presences[1]"),
            ("filter.routingStatuses=MEAL", "filter.routingStatuses[0]"),
            ("filter.loggedIn=yes", "filter.loggedIn"),
        ];
        let known = [&["a", "maxStaleness"][..], &FILTER_PARAMETERS, &PAGE_PARAMETERS].concat();
        for (raw, expected) in table {
            let read = || {
                let query = Query::read(Some(raw))?.only(&known)?;
                query.span("maxStaleness")?;
                query.filter()?;
                query.page()
            };
            assert_eq!(read().expect_err(raw).parameter, expected, "{raw}");
        }
    }

    #[test]
    fn enums_are_named_in_full_or_in_short() {
        let query = "filter.presences=ON_QUEUE,SYSTEM_PRESENCE_MEAL&filter.queueIds=q&filter.loggedIn=true";
        let expected = v1::AgentFilter {
            presences: vec![v1::SystemPresence::OnQueue.into(), v1::SystemPresence::Meal.into()],
            queue_ids: vec!["q".to_owned()],
            logged_in: Some(true),
            ..Default::default()
        };
        assert_eq!(Query::read(Some(query)).expect("a query").filter(), Ok(expected));
    }

    proptest! {
        #[test]
        fn whatever_is_escaped_comes_back(text in "\\PC*") {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(decode(&escaped), Some(text));
        }

        #[test]
        fn no_query_breaks_the_reader(raw in "[ -~]{0,60}") {
            let _ = Query::read(Some(&raw));
        }
    }
}
