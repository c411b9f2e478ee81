//! The platform's HTTP face, without HTTP: a call comes in as a value, an answer goes out as one.
//!
//! Every platform request goes the same way: correlation id, bearer token, rate limit,
//! trouble by switch, and only then the endpoint, which checks scope, permission, division and parameters itself.

mod agent_states;
mod analytics;
mod authorization;
mod call;
mod control;
mod injected;
mod listing;
mod notifications;
mod oauth;
mod oauth_clients;
mod organization;
mod other_presences;
mod presence;
mod presence_changes;
mod query;
mod refusal;
mod routing;
mod search;
mod sight;
mod sources;
mod tokens_me;
mod triggers;
mod users;

pub(crate) use call::{Answer, Call, Method, Outcome};
pub(crate) use query::Query;
pub(crate) use triggers::Trigger;

pub(crate) use notifications::socket;

use call::{Asked, Handler};
use refusal::Refusal;

use crate::cloud::access::{Client, ClientState};
use crate::cloud::id::Id;
use crate::faults::Outage;
use crate::tokens::Budget;
use crate::world::{OTHER_REGION, Where, World};

/// The largest request body the platform takes, in bytes.
pub(crate) const BODY_MAX: usize = 512_000;
/// The platform's own presence source; official SDKs write it in capitals too.
const SOURCE: &str = "purecloud";
/// The log-in host's one endpoint.
const LOG_IN: &str = "/oauth/token";
/// Route under which answers without a route are counted.
const NO_ROUTE: &str = "(none)";
/// Client under which answers without a token are counted.
const NO_CLIENT: &str = "(none)";

/// One endpoint: a method, a path template, and what answers it.
struct Route {
    method: Method,
    template: &'static str,
    handler: Handler,
}

const fn get(template: &'static str, handler: Handler) -> Route {
    Route { method: Method::Get, template, handler }
}

const fn post(template: &'static str, handler: Handler) -> Route {
    Route { method: Method::Post, template, handler }
}

const fn put(template: &'static str, handler: Handler) -> Route {
    Route { method: Method::Put, template, handler }
}

const TRIGGERS: &str = "/api/v2/processautomation/triggers";
const TRIGGER: &str = "/api/v2/processautomation/triggers/{triggerId}";
const CHANNELS: &str = "/api/v2/notifications/channels";
const CHANNEL: &str = "/api/v2/notifications/channels/{channelId}";
const SUBSCRIPTIONS: &str = "/api/v2/notifications/channels/{channelId}/subscriptions";

/// All endpoints under `/api/v2`. Where two templates match, the one with fewer holes comes first.
const ROUTES: &[Route] = &[
    get("/api/v2/tokens/me", tokens_me::show),
    Route { method: Method::Head, template: "/api/v2/tokens/me", handler: tokens_me::probe },
    Route { method: Method::Delete, template: "/api/v2/tokens/me", handler: tokens_me::revoke },
    get("/api/v2/authorization/subjects/me", authorization::subject),
    get("/api/v2/authorization/divisionspermitted/paged/me", authorization::divisions_permitted),
    get("/api/v2/authorization/divisions", authorization::divisions),
    get("/api/v2/authorization/divisions/home", authorization::home_division),
    get("/api/v2/authorization/permissions", authorization::permissions),
    get("/api/v2/oauth/clients", oauth_clients::list),
    get("/api/v2/organizations/me", organization::show),
    get("/api/v2/organizations/limits/namespaces/{namespace}", organization::limits),
    get("/api/v2/organizations/limits/namespaces/{namespace}/defaults", organization::limits),
    get("/api/v2/agents", agent_states::profiles),
    get("/api/v2/agents/states", agent_states::states),
    get("/api/v2/agents/{agentId}", agent_states::profile),
    get("/api/v2/agents/{agentId}/state", agent_states::state),
    get("/api/v2/users", users::list),
    get("/api/v2/users/me", users::me),
    get("/api/v2/users/query", users::query),
    post("/api/v2/users/search", search::search),
    get("/api/v2/users/presences/purecloud/bulk", presence::bulk),
    get("/api/v2/users/presences/{sourceId}/bulk", other_presences::bulk),
    put("/api/v2/users/presences/bulk", presence_changes::set_bulk),
    post("/api/v2/events/users/presence", injected::presences),
    post("/api/v2/events/users/routingstatus", injected::statuses),
    get("/api/v2/users/{userId}", users::one),
    get("/api/v2/users/{userId}/state", users::account_state),
    get("/api/v2/users/{userId}/queues", users::queues),
    get("/api/v2/users/{userId}/routingstatus", routing::status),
    put("/api/v2/users/{userId}/routingstatus", routing::set_status),
    get("/api/v2/users/{userId}/presences/purecloud", presence::one),
    Route {
        method: Method::Patch,
        template: "/api/v2/users/{userId}/presences/purecloud",
        handler: presence_changes::set,
    },
    get("/api/v2/users/{userId}/presences/{sourceId}", other_presences::one),
    get("/api/v2/presence/definitions", presence::definitions),
    get("/api/v2/presence/definitions/{definitionId}", presence::definition),
    get("/api/v2/presence/settings", sources::settings),
    get("/api/v2/presence/sources", sources::list),
    get("/api/v2/presence/users/{userId}/primarysource", sources::primary),
    get("/api/v2/processautomation/triggers/topics", triggers::topics),
    get(TRIGGERS, triggers::list),
    post(TRIGGERS, triggers::create),
    get(TRIGGER, triggers::one),
    put(TRIGGER, triggers::update),
    Route { method: Method::Delete, template: TRIGGER, handler: triggers::delete },
    post("/api/v2/processautomation/triggers/{triggerId}/test", triggers::trial::one),
    post("/api/v2/processautomation/triggers/topics/{topicName}/test", triggers::trial::topic),
    get("/api/v2/presencedefinitions", presence::legacy_definitions),
    get("/api/v2/routing/queues", routing::queues),
    get("/api/v2/routing/queues/{queueId}", routing::queue),
    get("/api/v2/routing/queues/{queueId}/members", routing::members),
    get("/api/v2/notifications/availabletopics", notifications::topics::available),
    get(CHANNELS, notifications::list),
    post(CHANNELS, notifications::create),
    Route { method: Method::Head, template: CHANNEL, handler: notifications::probe },
    get(SUBSCRIPTIONS, notifications::subscriptions::show),
    post(SUBSCRIPTIONS, notifications::subscriptions::add),
    Route { method: Method::Put, template: SUBSCRIPTIONS, handler: notifications::subscriptions::replace },
    Route { method: Method::Delete, template: SUBSCRIPTIONS, handler: notifications::subscriptions::clear },
    get("/api/v2/analytics/agents/{userId}/status", analytics::one),
    post("/api/v2/analytics/agents/status/query", analytics::agents),
    post("/api/v2/analytics/agents/status/counts", analytics::counts),
    post("/api/v2/analytics/users/activity/query", analytics::activity),
    post("/api/v2/analytics/users/observations/query", analytics::observations),
];

/// Whether a template is that of an endpoint.
fn is_route(template: &str) -> bool {
    matches!(template, LOG_IN | socket::CONNECT) || ROUTES.iter().any(|route| route.template == template)
}

/// Answers one call. The lock on the world is held for as long as this takes, so nothing here waits.
pub(crate) fn answer(world: &mut World, call: &Call) -> Outcome {
    if call.path.starts_with("/sim/") {
        return Outcome::Answer(control::answer(world, call));
    }
    let (place, path) = placed(&call.path);
    let mut count = Count { route: NO_ROUTE, client: NO_CLIENT.to_owned() };
    let outcome = platform(world, call, place, path, &mut count);
    if let Outcome::Answer(answer) = &outcome {
        world.stats.count_request(count.route, &count.client, answer.status);
    } else {
        world.stats.count_request(count.route, &count.client, 0);
    }
    outcome
}

/// The organisation that a path leads to, and the path there.
fn placed(path: &str) -> (Where, &str) {
    match path.strip_prefix("/region/").and_then(|rest| rest.strip_prefix(OTHER_REGION)) {
        Some(rest) => (Where::Elsewhere, rest),
        None => (Where::Here, path),
    }
}

/// Under what an answer is counted; filled in as it becomes known.
struct Count {
    route: &'static str,
    client: String,
}

fn platform(world: &mut World, call: &Call, place: Where, path: &str, count: &mut Count) -> Outcome {
    let correlation = world.correlation();
    match world.faults.region_down {
        Outage::None => {}
        Outage::Unavailable => return Outcome::Answer(Refusal::unavailable().into_answer(correlation)),
        Outage::Timeout => return Outcome::Hang,
    }
    if path == LOG_IN {
        return log_in(world, call, place, correlation, count);
    }
    let offered = world.faults.agent_states_api || !agent_states::owns(path);
    let matched = ROUTES.iter().filter(|_| offered).find_map(|route| {
        (route.method == call.method)
            .then(|| captures(route.template, path))
            .flatten()
            .map(|params| (route, params))
    });
    if let Some((route, _)) = &matched {
        count.route = route.template;
    }
    let routes = &world.faults.http_trouble_routes;
    let in_trouble = routes.is_empty() || routes.list(count.route);
    let share = |probability: f64| if in_trouble { probability } else { 0.0 };
    let (token, client) = match authenticate(world, call, place) {
        Ok(held) => held,
        Err(refusal) => {
            let budget = Budget::untouched(&world.faults);
            return Outcome::Answer(refusal.into_answer(correlation).with_budget(budget));
        }
    };
    count.client.clone_from(&client.id);
    let faults = world.faults.clone();
    let keeps_alive = call.query.get("preserveIdleTTL") != Some("true");
    let budget = world.site_mut(place).tokens.count(&token, &faults, keeps_alive, call.now);
    let result = if let Some(seconds) = budget.retry_after_s {
        world.stats.count_over_allowance(&client.id);
        Err(Refusal::too_many_requests(seconds))
    } else if world.request_suffers(share(faults.http_hang_p)) {
        // What never answers has cost its place in the window all the same.
        return Outcome::Hang;
    } else if world.request_suffers(share(faults.http_error_p)) {
        Err(Refusal::by_status(faults.http_error_status))
    } else if call.oversized {
        Err(Refusal::body_too_large(BODY_MAX))
    } else {
        match matched {
            None => Err(Refusal::not_found()),
            Some((route, params)) => {
                (route.handler)(&mut Asked { world, place, call, path, params, client, token })
            }
        }
    };
    let answer = match result {
        Ok(answer) => answer.correlated(correlation),
        Err(refusal) => refusal.into_answer(correlation),
    };
    Outcome::Answer(answer.with_budget(budget))
}

fn log_in(world: &mut World, call: &Call, place: Where, correlation: Id, count: &mut Count) -> Outcome {
    count.route = LOG_IN;
    let listed = world.faults.http_trouble_routes.list(LOG_IN);
    if listed && world.request_suffers(world.faults.http_hang_p) {
        return Outcome::Hang;
    }
    if listed && world.request_suffers(world.faults.http_error_p) {
        let refusal = Refusal::by_status(world.faults.http_error_status);
        return Outcome::Answer(refusal.into_answer(correlation));
    }
    if call.method != Method::Post {
        return Outcome::Answer(Refusal::not_found().into_answer(correlation));
    }
    Outcome::Answer(oauth::token(world, call, place, &mut count.client).correlated(correlation))
}

/// The token of a call and the client that holds it.
fn authenticate(world: &World, call: &Call, place: Where) -> Result<(String, Client), Refusal> {
    let header = call.authorization.as_deref().ok_or_else(Refusal::no_bearer)?;
    let (scheme, token) = header.split_once(' ').ok_or_else(Refusal::no_bearer)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::no_bearer());
    }
    let site = world.site(place);
    let holder = site.tokens.holder(token.trim(), &world.faults, call.now);
    let client = holder.and_then(|client| site.cloud.access.client(client));
    let living = client.filter(|client| client.state == ClientState::Active);
    let client = living.ok_or_else(Refusal::bad_credentials)?;
    Ok((token.trim().to_owned(), client.clone()))
}

/// What stands in the holes of a template, if the path fits it.
fn captures(template: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut segments = path.split('/');
    for expected in template.split('/') {
        let segment = segments.next()?;
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(query::decode(segment, false));
        } else if expected != segment && !(expected == SOURCE && segment.eq_ignore_ascii_case(SOURCE)) {
            return None;
        }
    }
    segments.next().is_none().then_some(params)
}
