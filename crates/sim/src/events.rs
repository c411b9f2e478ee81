//! What the platform pushes when a state changes, in each of its envelopes.

use serde_json::{Value, json};

use crate::cloud::id::Id;
use crate::cloud::stamp::Stamp;
use crate::cloud::{Change, Cloud, Occasion};
use crate::faults::{Faults, WebhookFormat};
use crate::shapes::{ActivityBody, StateBody, Style, Told};

/// The template of the topic whose events are pushed.
pub(crate) const ACTIVITY: &str = "v2.users.{id}.activity";

/// One event, ready to be sent: the same id and body at every try.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// By which a receiver recognises a repetition.
    pub(crate) id: Id,
    /// The JSON text.
    pub(crate) body: String,
    /// What kind of JSON it is.
    pub(crate) media_type: &'static str,
}

impl Event {
    /// The `number`-th event of a cloud, in the envelope that the switches ask for.
    pub(crate) fn of(cloud: &Cloud, change: &Change, number: u64, faults: &Faults) -> Option<Self> {
        let id = Id::derive(cloud.seed(), "event", number);
        let format = faults.webhook_format;
        let body = match format {
            WebhookFormat::Flat => flat(cloud, change, id, faults)?,
            WebhookFormat::Notification => notification(cloud, change, id, faults)?,
            WebhookFormat::EventBridge => eventbridge(cloud, change, id, faults)?,
            WebhookFormat::ProcessAutomation => {
                let mut whole = notification(cloud, change, id, faults)?;
                whole.as_object_mut()?.retain(|name, _| matches!(name.as_str(), "topicName" | "eventBody"));
                whole
            }
            WebhookFormat::Bare => notification(cloud, change, id, faults)?.get_mut("eventBody")?.take(),
            WebhookFormat::CloudEvents => cloudevent(cloud, change, id, faults)?,
            WebhookFormat::CloudEventsBatch => json!([cloudevent(cloud, change, id, faults)?]),
            WebhookFormat::Relay => {
                let heartbeat =
                    json!({"topicName": "channel.metadata", "eventBody": {"message": "WebSocket Heartbeat"}});
                json!([heartbeat, notification(cloud, change, id, faults)?])
            }
        };
        Some(Self { id, body: body.to_string(), media_type: format.media_type() })
    }
}

fn flat(cloud: &Cloud, change: &Change, id: Id, faults: &Faults) -> Option<Value> {
    let agent = cloud.agent(change.position)?;
    let mut state = StateBody::of(agent, &change.state, Style::rest(faults));
    if faults.event_without_modified_date {
        state = state.without_presence_clock();
    }
    Some(json!({
        "eventId": id,
        "eventType": match change.occasion {
            Occasion::LoggedIn => "agent.logged.in",
            Occasion::LoggedOut => "agent.logged.out",
            Occasion::Changed => "agent.state.changed",
        },
        "agentId": agent.id,
        "userId": agent.user_id,
        "timestamp": change.state.modified,
        "stateVersion": change.state.version,
        "state": state,
    }))
}

/// The correlation id is made per change; it is no sequence.
fn notification(cloud: &Cloud, change: &Change, id: Id, faults: &Faults) -> Option<Value> {
    let agent = cloud.agent(change.position)?;
    let told = Told::of(change.facets, faults);
    Some(json!({
        "topicName": format!("v2.users.{}.activity", agent.user_id),
        "version": "2",
        "eventBody": ActivityBody::of(agent, &change.state, told, Style::event(faults)),
        "metadata": {"CorrelationId": id},
    }))
}

fn cloudevent(cloud: &Cloud, change: &Change, id: Id, faults: &Faults) -> Option<Value> {
    Some(json!({
        "specversion": "1.0",
        "id": id,
        "source": format!("/organizations/{}", cloud.organisation.id),
        "type": ACTIVITY,
        "time": change.state.modified,
        "datacontenttype": "application/json",
        "data": notification(cloud, change, id, faults)?,
    }))
}

/// The envelope's own time has seconds only; the time of publication inside has milliseconds.
fn eventbridge(cloud: &Cloud, change: &Change, id: Id, faults: &Faults) -> Option<Value> {
    let mut detail = notification(cloud, change, id, faults)?;
    let published = change.state.modified;
    detail.as_object_mut()?.insert("timestamp".to_owned(), json!(published));
    let whole_seconds = Stamp::from_millis(published.as_millis().div_euclid(1000) * 1000).to_string();
    Some(json!({
        "version": "0",
        "id": id,
        "detail-type": ACTIVITY,
        "source": format!("aws.partner/genesys.com/cloud/{}/onduty", cloud.organisation.id),
        "account": "111122223333",
        "time": whole_seconds.replace(".000Z", "Z"),
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }))
}
