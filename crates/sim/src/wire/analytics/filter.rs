//! Filters of analytics queries: predicates on dimensions, joined by `and` or `or`, grouped in clauses.

use serde::Deserialize;

use crate::wire::refusal::Refusal;

/// Most predicates of one filter, over all clauses.
const PREDICATES_MAX: usize = 500;

/// How predicates and clauses are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Junction {
    #[default]
    And,
    Or,
}

impl Junction {
    fn of(self, mut parts: impl Iterator<Item = bool>) -> bool {
        match self {
            Self::And => parts.all(|part| part),
            Self::Or => parts.any(|part| part),
        }
    }
}

/// What a dimension has to do with the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Operator {
    #[default]
    Matches,
    Exists,
    NotExists,
}

#[derive(Debug, Deserialize)]
struct Predicate {
    dimension: String,
    #[serde(default)]
    operator: Operator,
    #[serde(default)]
    value: String,
}

impl Predicate {
    /// Whether any of the values that something has in this dimension fits.
    fn takes(&self, has: &[String]) -> bool {
        match self.operator {
            Operator::Matches => has.iter().any(|value| value.eq_ignore_ascii_case(&self.value)),
            Operator::Exists => !has.is_empty(),
            Operator::NotExists => has.is_empty(),
        }
    }
}

#[derive(Debug, Deserialize)]
struct Clause {
    #[serde(rename = "type", default)]
    junction: Junction,
    predicates: Vec<Predicate>,
}

/// A filter as it is sent. The empty one takes everything.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Filter {
    #[serde(rename = "type", default)]
    junction: Junction,
    #[serde(default)]
    clauses: Vec<Clause>,
    #[serde(default)]
    predicates: Vec<Predicate>,
}

impl Filter {
    /// Refuses a filter with too many predicates, or with a dimension that is not among those known here.
    pub(super) fn check(&self, known: &[&'static str]) -> Result<(), Refusal> {
        let within = self.clauses.iter().flat_map(|clause| &clause.predicates);
        let all = self.predicates.iter().chain(within);
        if all.clone().count() > PREDICATES_MAX {
            return Err(Refusal::constraint(format!("A filter has at most {PREDICATES_MAX} predicates.")));
        }
        match all.map(|predicate| predicate.dimension.as_str()).find(|name| !known.contains(name)) {
            Some(unknown) => Err(Refusal::value(unknown, "dimension", known)),
            None => Ok(()),
        }
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.clauses.is_empty() && self.predicates.is_empty()
    }

    /// Whether something is taken whose values in each dimension are told by `of`.
    pub(super) fn takes(&self, of: &dyn Fn(&str) -> Vec<String>) -> bool {
        let fits = |predicate: &Predicate| predicate.takes(&of(&predicate.dimension));
        let clauses =
            self.clauses.iter().map(|clause| clause.junction.of(clause.predicates.iter().map(fits)));
        self.is_empty() || self.junction.of(clauses.chain(self.predicates.iter().map(fits)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn predicates_and_clauses_are_joined_as_the_filter_says() {
        let has = |dimension: &str| match dimension {
            "queueId" => vec!["a".to_owned(), "b".to_owned()],
            "userId" => vec!["u".to_owned()],
            _ => Vec::new(),
        };
        let is = |dimension: &str, value: &str| json!({"dimension": dimension, "value": value});
        let table = [
            (json!({}), true),
            (json!({"predicates": [is("queueId", "B")]}), true),
            (json!({"predicates": [is("queueId", "c")]}), false),
            (json!({"type": "and", "predicates": [is("queueId", "a"), is("userId", "v")]}), false),
            (json!({"type": "or", "predicates": [is("queueId", "c"), is("userId", "u")]}), true),
            (json!({"predicates": [{"dimension": "teamId", "operator": "notExists"}]}), true),
            (json!({"predicates": [{"dimension": "queueId", "operator": "exists"}]}), true),
            (
                json!({"type": "and", "predicates": [is("userId", "u")],
                    "clauses": [{"type": "or", "predicates": [is("queueId", "c"), is("queueId", "a")]}]}),
                true,
            ),
            (json!({"clauses": [{"type": "and", "predicates": [is("queueId", "c")]}]}), false),
        ];
        for (filter, expected) in table {
            let read: Filter = serde_json::from_value(filter.clone()).unwrap();
            assert_eq!(read.takes(&has), expected, "{filter}");
        }
    }

    #[test]
    fn an_unknown_dimension_and_a_flood_of_predicates_are_refused() {
        let filter = |count| Filter {
            predicates: (0..count)
                .map(|_| Predicate {
                    dimension: "userId".to_owned(),
                    operator: Operator::Matches,
                    value: String::new(),
                })
                .collect(),
            ..Filter::default()
        };
        assert!(filter(500).check(&["userId"]).is_ok());
        assert!(filter(501).check(&["userId"]).is_err());
        assert!(filter(1).check(&["queueId"]).is_err());
    }
}
