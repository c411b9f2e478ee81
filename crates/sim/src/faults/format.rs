//! The envelopes in which events are pushed over HTTP.

/// The envelope of pushed events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookFormat {
    /// The agent-states API's own event.
    Flat,
    /// The notification `v2.users.{id}.activity`, as the socket sends it.
    Notification,
    /// The same inside Amazon's envelope.
    EventBridge,
    /// Topic and body, as the data action of a trigger's workflow sends them.
    ProcessAutomation,
    /// The body alone; the user's id is in it.
    Bare,
    /// The notification as the data of a structured CloudEvent.
    CloudEvents,
    /// An array of such CloudEvents.
    CloudEventsBatch,
    /// An array of everything that a socket had to say, heartbeats too.
    Relay,
}

impl WebhookFormat {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Flat,
        Self::Notification,
        Self::EventBridge,
        Self::ProcessAutomation,
        Self::Bare,
        Self::CloudEvents,
        Self::CloudEventsBatch,
        Self::Relay,
    ];

    /// The name used on the command line and in the switch.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Notification => "notification",
            Self::EventBridge => "eventbridge",
            Self::ProcessAutomation => "process-automation",
            Self::Bare => "bare",
            Self::CloudEvents => "cloudevents",
            Self::CloudEventsBatch => "cloudevents-batch",
            Self::Relay => "relay",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }

    /// The media type of a body in it.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::CloudEvents => "application/cloudevents+json",
            Self::CloudEventsBatch => "application/cloudevents-batch+json",
            Self::Flat
            | Self::Notification
            | Self::EventBridge
            | Self::ProcessAutomation
            | Self::Bare
            | Self::Relay => "application/json",
        }
    }
}
