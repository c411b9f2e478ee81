//! Process-automation triggers: what starts a workflow when an event of a topic comes. They are kept and checked as
//! the platform does; no workflow runs here. What a workflow would post is what the sender of webhooks posts.

pub(super) mod trial;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::call::{Answer, Asked};
use super::refusal::Refusal;
use super::routing::any_of;
use crate::channels::TEMPLATES;
use crate::cloud::id::Id;

/// Most triggers of one organisation.
const TRIGGERS_MAX: usize = 1000;
/// Most triggers, or topics, on one page; that many when nobody says how many.
const PAGE_MAX: usize = 200;
/// Longest description, in characters.
const DESCRIPTION_MAX: usize = 512;
const OPERATORS: [&str; 12] = [
    "GreaterThanOrEqual",
    "LessThanOrEqual",
    "Equal",
    "NotEqual",
    "LessThan",
    "GreaterThan",
    "NotIn",
    "In",
    "Contains",
    "All",
    "Exists",
    "Size",
];
const SEE: [&str; 2] = ["processautomation:trigger:view", "processautomation:trigger:edit"];

/// A trigger that there is.
#[derive(Clone, Debug)]
pub(crate) struct Trigger {
    id: Id,
    version: u64,
    wanted: Wanted,
}

impl Trigger {
    /// Whether the organisation has triggers for a topic, and all of them are switched off: nothing starts a workflow
    /// then. Without any trigger there may be one that this simulator was never told of.
    pub(crate) fn all_off(triggers: &[Self], topic: &str) -> bool {
        let mut of_topic = triggers.iter().filter(|trigger| trigger.wanted.topic_name == topic).peekable();
        of_topic.peek().is_some() && of_topic.all(|trigger| !trigger.wanted.enabled)
    }
}

/// A trigger as its author writes it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    name: String,
    topic_name: String,
    target: Target,
    enabled: bool,
    #[serde(default)]
    match_criteria: Vec<Criterion>,
    #[serde(rename = "eventTTLSeconds", skip_serializing_if = "Option::is_none")]
    event_ttl_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_by_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The version that an update is made from.
    #[serde(skip_serializing)]
    version: Option<u64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_target_settings: Option<Settings>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    data_format: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Criterion {
    json_path: String,
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<Value>>,
}

/// `GET /api/v2/processautomation/triggers/topics`
pub(super) fn topics(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    any_of(asked, &SEE)?;
    paged(asked, topic_names().into_iter().map(Value::from).collect())
}

/// The topics that triggers can be made for.
fn topic_names() -> Vec<&'static str> {
    let offered = TEMPLATES.iter().filter(|template| template.starts_triggers());
    offered.map(|template| template.text).collect()
}

/// `GET /api/v2/processautomation/triggers`
pub(super) fn list(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    any_of(asked, &SEE)?;
    let triggers = asked.world.site(asked.place).triggers.iter().map(body).collect();
    paged(asked, triggers)
}

/// A page by cursor: `pageSize` of them from `after`, with links to the pages beside it.
fn paged(asked: &Asked<'_>, all: Vec<Value>) -> Result<Answer, Refusal> {
    let size: usize = asked.parameter("pageSize", PAGE_MAX)?;
    if !(1..=PAGE_MAX).contains(&size) {
        return Err(Refusal::parameter("pageSize", &size.to_string(), &format!("1 to {PAGE_MAX}")));
    }
    let first: usize = asked.parameter("after", 0)?;
    let uri = |first: usize| match first {
        0 => format!("{}?pageSize={size}", asked.path),
        _ => format!("{}?pageSize={size}&after={first}", asked.path),
    };
    let next = first.saturating_add(size);
    let mut links = json!({"selfUri": uri(first)});
    if next < all.len() {
        links["nextUri"] = uri(next).into();
    }
    if first > 0 {
        links["previousUri"] = uri(first.saturating_sub(size)).into();
    }
    links["entities"] = all.into_iter().skip(first).take(size).collect();
    Ok(Answer::ok(&links))
}

/// `POST /api/v2/processautomation/triggers`
pub(super) fn create(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("processautomation:trigger:add")?;
    let wanted = wanted(asked)?;
    let (seed, number) = (asked.cloud().seed(), asked.world.correlation().low_bits());
    let trigger = Trigger { id: Id::derive(seed, "trigger", number), version: 1, wanted };
    let shown = body(&trigger);
    let triggers = &mut asked.world.site_mut(asked.place).triggers;
    if triggers.len() >= TRIGGERS_MAX {
        return Err(Refusal::constraint(format!("An organisation has at most {TRIGGERS_MAX} triggers.")));
    }
    triggers.push(trigger);
    Ok(Answer::json(201, &shown))
}

/// `GET /api/v2/processautomation/triggers/{triggerId}`
pub(super) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    any_of(asked, &SEE)?;
    let position = position(asked)?;
    let trigger = asked.world.site(asked.place).triggers.get(position).ok_or_else(Refusal::not_found)?;
    Ok(Answer::ok(&body(trigger)))
}

/// `PUT /api/v2/processautomation/triggers/{triggerId}`: anything but the topic, from the version that there is.
pub(super) fn update(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require(SEE[1])?;
    let position = position(asked)?;
    let wanted = wanted(asked)?;
    let triggers = &mut asked.world.site_mut(asked.place).triggers;
    let trigger = triggers.get_mut(position).ok_or_else(Refusal::not_found)?;
    if wanted.topic_name != trigger.wanted.topic_name {
        return Err(Refusal::constraint("The topic of a trigger cannot be changed.".to_owned()));
    }
    if wanted.version.is_some_and(|version| version != trigger.version) {
        let message = "The request conflicts with the current state of the target resource.";
        return Err(Refusal::plain(409, "request.conflict", message));
    }
    (trigger.version, trigger.wanted) = (trigger.version + 1, wanted);
    Ok(Answer::ok(&body(trigger)))
}

/// `DELETE /api/v2/processautomation/triggers/{triggerId}`
pub(super) fn delete(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require("processautomation:trigger:delete")?;
    let position = position(asked)?;
    asked.world.site_mut(asked.place).triggers.remove(position);
    Ok(Answer::empty(204))
}

fn position(asked: &Asked<'_>) -> Result<usize, Refusal> {
    let id = Id::parse(asked.param()).ok_or_else(Refusal::not_found)?;
    let triggers = &asked.world.site(asked.place).triggers;
    triggers.iter().position(|trigger| trigger.id == id).ok_or_else(Refusal::not_found)
}

/// The body, if it makes a trigger that the platform would take.
fn wanted(asked: &Asked<'_>) -> Result<Wanted, Refusal> {
    let wanted: Wanted = asked.body()?;
    let one_of = |value: &str, field, allowed: &[&str]| {
        let known = allowed.contains(&value);
        if known { Ok(()) } else { Err(Refusal::value(value, field, allowed)) }
    };
    one_of(&wanted.topic_name, "topicName", &topic_names())?;
    one_of(&wanted.target.kind, "target.type", &["Workflow"])?;
    if let Some(settings) = &wanted.target.workflow_target_settings {
        one_of(&settings.data_format, "dataFormat", &["Json", "TopLevelPrimitives"])?;
    }
    for criterion in &wanted.match_criteria {
        one_of(&criterion.operator, "operator", &OPERATORS)?;
    }
    let problem = match (wanted.event_ttl_seconds, wanted.delay_by_seconds, &wanted.description) {
        (Some(_), Some(_), _) => "Either eventTTLSeconds or delayBySeconds can be given.",
        (Some(..10), ..) => "eventTTLSeconds is at least 10.",
        (_, Some(..60 | 901..), _) => "delayBySeconds is from 60 to 900.",
        (.., Some(text)) if text.chars().count() > DESCRIPTION_MAX => {
            "A description has at most 512 characters."
        }
        _ if wanted.name.is_empty() => "A trigger needs a name.",
        _ if Id::parse(&wanted.target.id).is_none() => return Err(Refusal::not_a_uuid()),
        _ => return Ok(wanted),
    };
    Err(Refusal::constraint(problem.to_owned()))
}

fn body(trigger: &Trigger) -> Value {
    let mut body = json!(trigger.wanted);
    if let Some(members) = body.as_object_mut() {
        members.insert("id".to_owned(), json!(trigger.id));
        members.insert("version".to_owned(), trigger.version.into());
        let uri = format!("/api/v2/processautomation/triggers/{}", trigger.id);
        members.insert("selfUri".to_owned(), uri.into());
    }
    body
}
