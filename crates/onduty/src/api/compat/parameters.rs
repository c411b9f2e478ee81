//! What the platform's parameters ask for. Official SDKs send a list as one value with commas (JavaScript), with
//! `%2C` (Python), or repeated, as the description has it; all three are read. A parameter that means nothing here is
//! passed over, as the platform does, unless the answer would then be another than was asked for.

use std::collections::BTreeSet;

use http::StatusCode;
use onduty_core::agent::Facet;

use super::refusal::Refusal;
use crate::api::request::ID_BYTES_MAX;
use crate::api::rest::query::Query;

/// Which parts of a user are asked for. The platform's other expands are best effort, and left out here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expand {
    /// `presence`
    pub(super) presence: bool,
    /// `routingStatus`
    pub(super) routing_status: bool,
    /// `outOfOffice`
    pub(super) out_of_office: bool,
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// How many on one.
    pub(super) size: usize,
    /// From 1.
    pub(super) number: usize,
}

impl Expand {
    /// Reads `expand`.
    pub(super) fn read(query: &Query) -> Self {
        let asks_for = |part| query.listed("expand").any(|name| name.trim() == part);
        Self {
            presence: asks_for("presence"),
            routing_status: asks_for("routingStatus"),
            out_of_office: asks_for("outOfOffice"),
        }
    }

    /// What is asked for of somebody's state; nothing, if only who they are is.
    pub(super) fn facets(self) -> Vec<Facet> {
        let wanted = [(self.presence, Facet::Presence), (self.routing_status, Facet::RoutingStatus)];
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, facet)| facet).collect()
    }

    /// The same without what belongs to a state.
    pub(super) const fn without_state(self) -> Self {
        Self { presence: false, routing_status: false, ..self }
    }
}

impl Page {
    /// Reads `pageSize` (at most `size_max`) and `pageNumber`.
    pub(super) fn read(query: &Query, size_max: usize) -> Result<Self, Refusal> {
        let size = number(query, "pageSize", 25, size_max)?;
        Ok(Self { size, number: number(query, "pageNumber", 1, usize::MAX)? })
    }

    /// How many come before it.
    pub(super) const fn offset(self) -> usize {
        self.size.saturating_mul(self.number - 1)
    }
}

fn number(query: &Query, name: &'static str, default: usize, max: usize) -> Result<usize, Refusal> {
    let Some(text) = query.one(name)? else { return Ok(default) };
    let accepted = text.parse().ok().filter(|number| (1..=max).contains(number));
    let allowed = if max == usize::MAX { "1 or more".to_owned() } else { format!("1 to {max}") };
    accepted.ok_or_else(|| Refusal::parameter(name, text, &allowed))
}

/// The different ids of a list, in order; more than `max` are refused as `too_many` says. `None` if there is no such
/// parameter: somebody whose variable was empty asks for nobody, not for everybody.
pub(super) fn ids(query: &Query, max: usize, too_many: Refusal) -> Result<Option<Vec<&str>>, Refusal> {
    if query.all("id").next().is_none() {
        return Ok(None);
    }
    let mut met = BTreeSet::new();
    let listed = query.listed("id").map(str::trim).filter(|id| !id.is_empty());
    let ids: Vec<&str> = listed.filter(|id| met.insert(*id)).take(max + 1).collect();
    if ids.is_empty() {
        return Err(Refusal::parameter("id", "", "one or more ids"));
    }
    if ids.len() > max {
        return Err(too_many);
    }
    if let Some(long) = ids.iter().find(|id| id.len() > ID_BYTES_MAX) {
        return Err(Refusal::parameter("id", long, "ids of the platform, of 36 characters"));
    }
    Ok(Some(ids))
}

/// The refusal of more ids than the platform takes at once.
pub(super) fn too_many(code: &'static str, message: &'static str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_the_three_forms_that_sdks_send() {
        let both = Expand { presence: true, routing_status: true, out_of_office: false };
        for text in [
            "expand=presence,routingStatus",
            "expand=presence%2CroutingStatus",
            "expand=presence&expand=routingStatus",
            "expand=routingStatus,skills,presence,nothing",
        ] {
            assert_eq!(Expand::read(&Query::read(Some(text)).unwrap()), both, "{text}");
        }
        for text in ["id=a,b,a", "id=a%2Cb", "id=a&id=b&id=b", "id=,a,&id= b"] {
            let query = Query::read(Some(text)).unwrap();
            assert_eq!(ids(&query, 2, Refusal::bad_token()).unwrap(), Some(vec!["a", "b"]), "{text}");
        }
    }

    #[test]
    fn an_empty_list_of_ids_is_nobody_and_no_list_is_everybody() {
        let read = |text| {
            let query = Query::read(Some(text)).unwrap();
            ids(&query, 2, Refusal::bad_token()).map(|ids| ids.is_some()).ok()
        };
        let long = format!("id={}", "x".repeat(ID_BYTES_MAX + 1));
        let table =
            [("", Some(false)), ("id=a", Some(true)), ("id=", None), ("id=,", None), ("id=a,b,c", None)];
        for (text, expected) in table.into_iter().chain([(&*long, None)]) {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn pages_have_the_platform_s_defaults_and_bounds() {
        let table = [
            ("", Some((25, 1))),
            ("pageSize=500&pageNumber=7", Some((500, 7))),
            ("pageSize=501", None),
            ("pageSize=0", None),
            ("pageNumber=0", None),
            ("pageNumber=-1", None),
            ("pageSize=many", None),
            ("pageSize=1&pageSize=2", None),
        ];
        for (text, expected) in table {
            let page = Page::read(&Query::read(Some(text)).unwrap(), 500).ok();
            assert_eq!(page.map(|page| (page.size, page.number)), expected, "{text}");
        }
        let last = Page { size: 500, number: usize::MAX };
        assert_eq!(last.offset(), usize::MAX, "no page number overflows");
    }
}
