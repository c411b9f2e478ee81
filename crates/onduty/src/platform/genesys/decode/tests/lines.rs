//! What was read, in the grammar of `fixtures/genesys/SOURCES.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onduty_core::access::{Grant, Policy};
use onduty_core::agent::{AccountState, RoutingStatus, SystemPresence};
use onduty_core::definition::Definition;
use onduty_core::observation::{Clock, Observation, Said};
use onduty_core::time::Timestamp;

use super::super::{
    Heard, OauthRefusal, Page, PermittedDivisions, PlatformRefusal, Token, TokenInfo, access::Division,
};

type Lines = BTreeSet<String>;

pub(super) fn heard(heard: &Heard) -> Lines {
    let mut lines: Lines = heard.observations.iter().flat_map(observation).collect();
    lines.extend(heard.ignored.iter().map(|ignored| format!("ignored {ignored}")));
    for unknown in &heard.unknown {
        lines.insert(format!("unknown-event-type {}", unknown.kind));
        lines.extend(unknown.event_id.as_ref().map(|id| format!("event {id}")));
    }
    lines
}

pub(super) fn definitions(definitions: &BTreeMap<Arc<str>, Definition>) -> Lines {
    let mut lines = Lines::new();
    for (id, definition) in definitions {
        let Definition { name, kind, labels, system, division_id, deactivated } = definition;
        let system = match system {
            Some(SystemPresence::Other(text)) => quoted(text),
            known => known.as_ref().map_or("-", SystemPresence::text).to_owned(),
        };
        let kind = kind.as_deref().unwrap_or("-");
        let division = division_id.as_ref().map_or("-", |id| id.as_str());
        let name = name.as_deref().map_or("-".to_owned(), quoted);
        let end = if *deactivated { " deactivated" } else { "" };
        lines.insert(format!(
            "definition {id} type {kind} presence {system} division {division} name {name}{end}"
        ));
        lines.extend(
            labels.iter().map(|(locale, label)| format!("definition {id} label {locale} {}", quoted(label))),
        );
    }
    lines
}

pub(super) fn or_empty(lines: Lines) -> Lines {
    if lines.is_empty() { Lines::from(["empty".to_owned()]) } else { lines }
}

pub(super) fn page<T>(page: &Page<T>, entity: impl Fn(&T) -> Lines) -> Lines {
    let mut lines = or_empty(page.entities.iter().flat_map(entity).collect());
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let next = if page.has_next { "yes" } else { "no" };
    let (n, pages, total) = (number(page.number), number(page.pages), number(page.total));
    lines.insert(format!("page {n} of {pages} total {total} next {next}"));
    lines
}

fn observation(observation: &Observation) -> Vec<String> {
    let (user, said) = (&observation.user_id, &observation.statement);
    let mut lines: Vec<String> = observation.event_id.iter().map(|id| format!("event {id}")).collect();
    if let Some(name) = &said.name {
        let agent_id = said.agent_id.as_ref().map_or("-", |id| id.as_str());
        let division = said.division_id.as_ref().map_or("-", |id| id.as_str());
        let account = match said.account {
            Some(AccountState::Active) => "active",
            Some(AccountState::Inactive) => "inactive",
            Some(AccountState::Deleted) => "deleted",
            None => "-",
        };
        lines.push(format!(
            "user {user} agent_id {agent_id} name {} division {division} account {account}",
            quoted(name)
        ));
    }
    if let Some(presence) = &said.presence {
        let system = match &presence.value.system {
            SystemPresence::Other(text) => quoted(text),
            known => known.text().to_owned(),
        };
        let definition = presence.value.definition_id.as_deref().unwrap_or("-");
        lines
            .push(format!("user {user} presence {system} definition {definition} since {}", since(presence)));
        if !presence.value.message.is_empty() {
            lines.push(format!("user {user} message {}", quoted(&presence.value.message)));
        }
    }
    if let Some(status) = &said.routing_status {
        let text = match &status.value {
            RoutingStatus::Other(text) => quoted(text),
            known => known.text().to_owned(),
        };
        lines.push(format!("user {user} routing {text} since {}", since(status)));
    }
    if let Some(away) = &said.out_of_office {
        lines.push(format!("user {user} out_of_office {} since {}", away.value, since(away)));
    }
    if let Some(queues) = &said.active_queues {
        let ids: Vec<&str> = queues.value.iter().map(onduty_core::agent::QueueId::as_str).collect();
        let ids = if ids.is_empty() { "-".to_owned() } else { ids.join(",") };
        lines.push(format!("user {user} queues {ids} since {}", since(queues)));
    }
    if let Some(login) = &said.login {
        let version = login.clock.map_or(0, |clock| clock.version);
        lines.push(format!("user {user} logged_in {} since {} version {version}", login.value, since(login)));
    }
    lines
}

pub(super) fn token(token: &Token) -> Lines {
    Lines::from([format!("token expires_in {}", token.expires_in.as_secs())])
}

pub(super) fn oauth_refusal(refusal: &OauthRefusal) -> Lines {
    let mut lines = Lines::from([format!("oauth-error {} {}", refusal.error, quoted(&refusal.description))]);
    if refusal.is_rate_limit() {
        lines.insert("rate-limited".to_owned());
    }
    lines
}

pub(super) fn platform_refusal(refusal: &PlatformRefusal) -> Lines {
    let status = refusal.status.map_or("-".to_owned(), |status| status.to_string());
    let mut lines = Lines::from([format!("platform-error {status} {}", refusal.code)]);
    lines.extend(refusal.permissions().iter().map(|permission| format!("permission {permission}")));
    lines.extend(refusal.retry_after().map(|wait| format!("retry-after {}", wait.as_secs())));
    lines
}

pub(super) fn token_info(info: &TokenInfo) -> Lines {
    let mut lines: Lines = info.scopes.iter().map(|scope| format!("scope {scope}")).collect();
    if let (Some(id), Some(name)) = (&info.organisation_id, &info.organisation) {
        lines.insert(format!("organisation {id} {}", quoted(name)));
    }
    if let Some(client) = &info.client {
        let (state, grant) = (client.state.as_deref(), client.grant_type.as_deref());
        let (state, grant) = (state.unwrap_or("-"), grant.unwrap_or("-"));
        lines.insert(format!("client {} state {state} grant-type {grant}", client.id));
        lines.extend(client.roles.iter().map(|(role, division)| format!("role {role} division {division}")));
    }
    lines.extend(info.idles_at.map(|at| format!("idles {}", instant(at))));
    lines
}

pub(super) fn divisions(permitted: &PermittedDivisions) -> Lines {
    let division = |division: &Division| {
        let home = if division.is_home { " home" } else { "" };
        Lines::from([format!("division {} {}{home}", division.id, quoted(&division.name))])
    };
    let mut lines = page(&permitted.page, division);
    lines.insert(format!("all-divisions {}", permitted.everywhere));
    lines
}

pub(super) fn grants(grants: &[Grant]) -> Lines {
    let lines = grants.iter().flat_map(|grant| {
        let division = grant.division_id.as_ref().map_or("*", |division| division.as_str());
        let made = grant.made_at.map_or("-".to_owned(), instant);
        grant.policies.iter().flat_map(move |policy| {
            let Policy { domain, entity, actions, conditional } = policy;
            let condition = if *conditional { " conditional" } else { "" };
            let (role, made) = (grant.role_id.clone(), made.clone());
            actions.iter().map(move |action| {
                let permission = format!("{domain}:{entity}:{action}");
                format!("grant {role} division {division} permission {permission} made {made}{condition}")
            })
        })
    });
    or_empty(lines.collect())
}

fn since<T>(said: &Said<T>) -> String {
    said.clock.map_or("-".to_owned(), |Clock { at, .. }| instant(at))
}

fn instant(at: Timestamp) -> String {
    format!("{:.3}", jiff::Timestamp::from_millisecond(at.as_millis()).unwrap())
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
