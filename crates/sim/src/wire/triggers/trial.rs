//! `POST …/triggers/{id}/test` and `…/triggers/topics/{topicName}/test`: which triggers an event would start, and
//! what stands against it. Paths of criteria are names joined by dots; wild cards and filters find nothing.

use serde_json::{Value, json};

use super::{Criterion, Trigger, position, topic_names};
use crate::wire::call::{Answer, Asked};
use crate::wire::refusal::Refusal;

const PERMISSION: &str = "processautomation:trigger:test";

/// `POST /api/v2/processautomation/triggers/{triggerId}/test`
pub(in crate::wire) fn one(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require_any(PERMISSION)?;
    let position = position(asked)?;
    let event = event(asked)?;
    let trigger = asked.world.site(asked.place).triggers.get(position).ok_or_else(Refusal::not_found)?;
    let objections = objections(&event, &trigger.wanted.topic_name);
    let details: Vec<Value> = trigger.wanted.match_criteria.iter().map(|one| one.judged(&event)).collect();
    Ok(Answer::ok(&json!({
        "schemaValidation": schema(&objections),
        "targetValidation": {"name": "Target validation", "step": 2, "matches": true, "details": []},
        "jsonPathValidation": {
            "name": "Match criteria",
            "step": 3,
            "matches": trigger.takes(&event),
            "details": details,
        },
        "triggerMatches": objections.is_empty() && trigger.takes(&event),
    })))
}

/// `POST /api/v2/processautomation/triggers/topics/{topicName}/test`
pub(in crate::wire) fn topic(asked: &mut Asked<'_>) -> Result<Answer, Refusal> {
    asked.require_any(PERMISSION)?;
    let wanted = asked.param();
    let topic = topic_names().into_iter().find(|topic| *topic == wanted).ok_or_else(Refusal::not_found)?;
    let event = event(asked)?;
    let objections = objections(&event, topic);
    let of_topic = asked.world.site(asked.place).triggers.iter();
    let (matched, unmatched): (Vec<&Trigger>, Vec<&Trigger>) = of_topic
        .filter(|trigger| trigger.wanted.topic_name == topic)
        .partition(|trigger| objections.is_empty() && trigger.takes(&event));
    let named = |triggers: Vec<&Trigger>| -> Vec<Value> {
        triggers.into_iter().map(|trigger| json!({"id": trigger.id, "name": trigger.wanted.name})).collect()
    };
    Ok(Answer::ok(&json!({
        "schemaValidation": schema(&objections),
        "triggerMatchValidation": {
            "name": "Match criteria",
            "step": 2,
            "matchedTriggers": named(matched),
            "unmatchedTriggers": named(unmatched),
        },
    })))
}

/// The event's body; official SDKs send it as a text with JSON in it.
fn event(asked: &Asked<'_>) -> Result<Value, Refusal> {
    match asked.body()? {
        Value::String(text) => serde_json::from_str(&text).map_err(|_| Refusal::bad_request()),
        event => Ok(event),
    }
}

/// What keeps a body from being one of the topic's.
fn objections(event: &Value, topic: &str) -> Vec<String> {
    let member = if topic.ends_with(".integrationpresence") { "userId" } else { "id" };
    let named = event.get(member).is_some_and(Value::is_string);
    (!named).then(|| format!("the body has no text named {member}")).into_iter().collect()
}

fn schema(objections: &[String]) -> Value {
    json!({"name": "Schema validation", "step": 1, "matches": objections.is_empty(), "details": objections})
}

impl Trigger {
    fn takes(&self, event: &Value) -> bool {
        self.wanted.match_criteria.iter().all(|criterion| criterion.fits(event))
    }
}

impl Criterion {
    fn judged(&self, event: &Value) -> Value {
        let mut judged = json!(self);
        judged["match"] = self.fits(event).into();
        judged
    }

    fn fits(&self, event: &Value) -> bool {
        let path = self.json_path.strip_prefix("$.").unwrap_or(&self.json_path);
        let found = path.split('.').try_fold(event, |value, name| value.get(name));
        let (value, values) = (self.value.as_ref(), self.values.as_deref().unwrap_or_default());
        let Some(found) = found else {
            return self.operator == "Exists" && value == Some(&Value::Bool(false));
        };
        let number = |value: &Value| value.as_f64();
        let numbers = number(found).zip(value.and_then(number));
        let holds = |wanted: &Value| match (found, wanted) {
            (Value::Array(elements), _) => elements.contains(wanted),
            (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
            _ => false,
        };
        match self.operator.as_str() {
            "Equal" => value == Some(found),
            "NotEqual" => value != Some(found),
            "In" => values.contains(found),
            "NotIn" => !values.contains(found),
            "LessThan" => numbers.is_some_and(|(found, limit)| found < limit),
            "LessThanOrEqual" => numbers.is_some_and(|(found, limit)| found <= limit),
            "GreaterThan" => numbers.is_some_and(|(found, limit)| found > limit),
            "GreaterThanOrEqual" => numbers.is_some_and(|(found, limit)| found >= limit),
            "Contains" => value.is_some_and(holds),
            "All" => values.iter().all(holds),
            "Exists" => value != Some(&Value::Bool(false)),
            "Size" => found.as_array().map(|elements| json!(elements.len())).as_ref() == value,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_criterion_fits_as_its_operator_says() {
        let event = json!({"a": {"word": "IDLE", "number": 5, "list": ["x", "y"]}});
        for (path, operator, value, fits) in [
            ("a.word", "Equal", json!("IDLE"), true),
            ("$.a.word", "Equal", json!("idle"), false),
            ("a.word", "NotEqual", json!("OFF"), true),
            ("a.word", "In", json!(["OFF", "IDLE"]), true),
            ("a.word", "NotIn", json!(["OFF", "IDLE"]), false),
            ("a.number", "LessThan", json!(5), false),
            ("a.number", "LessThanOrEqual", json!(5), true),
            ("a.number", "GreaterThan", json!(4.5), true),
            ("a.word", "GreaterThanOrEqual", json!(1), false),
            ("a.list", "Contains", json!("y"), true),
            ("a.word", "Contains", json!("DL"), true),
            ("a.list", "All", json!(["y", "x"]), true),
            ("a.list", "All", json!(["y", "z"]), false),
            ("a.list", "Size", json!(2), true),
            ("a.list", "Size", json!(3), false),
            ("a.word", "Exists", json!(true), true),
            ("a.word", "Exists", json!(false), false),
            ("a.nothing", "Exists", json!(false), true),
            ("a.nothing", "NotEqual", json!("x"), false),
        ] {
            let member = if value.is_array() { "values" } else { "value" };
            let criterion: Criterion =
                serde_json::from_value(json!({"jsonPath": path, "operator": operator, member: value}))
                    .unwrap();
            assert_eq!(criterion.fits(&event), fits, "{path} {operator} {value}");
        }
    }
}
