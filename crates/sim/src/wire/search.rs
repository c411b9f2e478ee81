//! `POST /api/v2/users/search`: users by name or address, out of an index that lags behind the
//! directory. Who is not indexed yet is simply not found.

use serde::Deserialize;
use serde_json::json;

use super::call::{Answer, Asked};
use super::refusal::Refusal;
use super::users;
use crate::cloud::access::Held;
use crate::cloud::agent::{Account, Agent};
use crate::shapes::UserBody;

const PERMISSION: &str = "directory:user:view";
/// Most users on one page.
const PAGE_MAX: usize = 100;
/// Most queries of one search.
const QUERIES_MAX: usize = 10;
/// Most values of one query.
const VALUES_MAX: usize = 100;
const FIELDS: [&str; 6] = ["id", "name", "email", "username", "state", "divisionId"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Search {
    #[serde(default = "default_page_size")]
    page_size: usize,
    #[serde(default = "first_page")]
    page_number: usize,
    #[serde(default)]
    expand: Vec<String>,
    query: Vec<Criterion>,
    #[serde(default)]
    enforce_permissions: bool,
}

fn default_page_size() -> usize {
    25
}

fn first_page() -> usize {
    1
}

/// How a field has to look. Only these types are simulated.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Exact,
    StartsWith,
    Contains,
    Term,
    Terms,
    MatchAll,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Operator {
    #[default]
    And,
    Or,
    Not,
}

#[derive(Deserialize)]
struct Criterion {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    fields: Vec<String>,
    value: Option<String>,
    #[serde(default)]
    values: Vec<String>,
    #[serde(default)]
    operator: Operator,
}

impl Criterion {
    /// All values in one list, in lower case.
    fn lowered(mut self) -> Self {
        self.values.extend(self.value.take());
        self.values.iter_mut().for_each(|value| *value = value.to_lowercase());
        self
    }

    fn fits(&self, agent: &Agent, domain: &str) -> bool {
        let hit = |has: &str| {
            self.values.iter().any(|wanted| match self.kind {
                Kind::Exact => has == wanted,
                Kind::StartsWith => {
                    has.split(' ').any(|word| word.starts_with(wanted)) || has.starts_with(wanted)
                }
                Kind::Contains => has.contains(wanted),
                Kind::Term | Kind::Terms => has == wanted || has.split(' ').any(|word| word == wanted),
                Kind::MatchAll => true,
            })
        };
        self.kind == Kind::MatchAll
            || self.fields.iter().any(|field| hit(&text_of(agent, domain, field).to_lowercase()))
    }
}

/// The search.
pub(super) fn search(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    let held = asked.require(PERMISSION)?;
    let search: Search = asked.body()?;
    check(&search)?;
    let query: Vec<Criterion> = search.query.into_iter().map(Criterion::lowered).collect();
    let held = if search.enforce_permissions { held } else { Held::Everywhere };
    let lag_ms = i64::try_from(asked.world.faults.search_lag_s).unwrap_or(i64::MAX).saturating_mul(1000);
    let by_state = query.iter().any(|query| query.fields.iter().any(|field| field == "state"));
    let domain = asked.cloud().organisation.domain.clone();
    let indexed = |agent: &Agent| lag_ms == 0 || asked.call.now.millis_since(agent.hired) >= lag_ms;
    let found: Vec<usize> = asked
        .cloud()
        .agents()
        .iter()
        .enumerate()
        .filter(|(_, agent)| by_state || agent.account == Account::Active)
        .filter(|(_, agent)| held.covers(agent.division) && indexed(agent))
        .filter(|(_, agent)| takes(&query, agent, &domain))
        .map(|(position, _)| position)
        .collect();
    let (total, pages) = (found.len(), found.len().div_ceil(search.page_size));
    let page = found.into_iter().skip(search.page_size.saturating_mul(search.page_number - 1));
    let expand: Vec<&str> = search.expand.iter().map(String::as_str).collect();
    let results: Vec<UserBody> = page
        .take(search.page_size)
        .filter_map(|position| users::body_with(asked, position, &expand))
        .collect();
    Ok(Answer::ok(&json!({
        "total": total,
        "pageCount": pages,
        "pageSize": search.page_size,
        "pageNumber": search.page_number,
        "types": ["users"],
        "results": results,
    })))
}

fn check(search: &Search) -> Result<(), Refusal> {
    if search.page_size == 0 || search.page_number == 0 {
        return Err(Refusal::constraint("pageSize and pageNumber are from 1.".to_owned()));
    }
    let of_values = |query: &Criterion| query.values.len() + usize::from(query.value.is_some());
    if search.page_size > PAGE_MAX {
        let message = "Only 100 results can be requested at a time.";
        return Err(Refusal::plain(400, "too.many.requested.results", message));
    }
    if search.query.len() > QUERIES_MAX {
        let message = "A search can have 10 criteria at most.";
        return Err(Refusal::plain(400, "too.many.search.criteria", message));
    }
    if search.query.iter().any(|query| of_values(query) > VALUES_MAX) {
        let message = "A search criterion can have 100 values at most.";
        return Err(Refusal::plain(400, "search.criteria.values.exceed.limit", message));
    }
    if search.query.iter().any(|query| query.fields.len() > FIELDS.len()) {
        return Err(Refusal::constraint("A field is named more than once.".to_owned()));
    }
    let mut fields = search.query.iter().flat_map(|query| &query.fields);
    match fields.find(|field| !FIELDS.contains(&field.as_str())) {
        Some(unknown) => Err(Refusal::value(unknown, "field", &FIELDS)),
        None => Ok(()),
    }
}

/// All of those joined by `AND`, none of those with `NOT`, and one of those with `OR` if there are any.
fn takes(query: &[Criterion], agent: &Agent, domain: &str) -> bool {
    let of = |operator| query.iter().filter(move |criterion| criterion.operator == operator);
    of(Operator::And).all(|criterion| criterion.fits(agent, domain))
        && !of(Operator::Not).any(|criterion| criterion.fits(agent, domain))
        && (of(Operator::Or).next().is_none()
            || of(Operator::Or).any(|criterion| criterion.fits(agent, domain)))
}

fn text_of(agent: &Agent, domain: &str, field: &str) -> String {
    match field {
        "id" => agent.user_id.to_string(),
        "name" => agent.name.clone(),
        "email" | "username" => format!("{}@{domain}", agent.login),
        "state" => agent.account.text().to_owned(),
        "divisionId" => agent.division.to_string(),
        _ => String::new(),
    }
}
