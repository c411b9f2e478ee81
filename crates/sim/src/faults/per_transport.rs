//! A switch that each transport has for itself.

use serde_json::{Map, Value};

/// A value for webhooks and one for notification channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PerTransport<T> {
    /// For what is posted to a receiver.
    pub(crate) webhook: T,
    /// For what goes over sockets.
    pub(crate) channel: T,
}

impl<T: Copy + PartialEq + Into<Value>> PerTransport<T> {
    /// The same for both.
    pub(crate) fn both(value: T) -> Self {
        Self { webhook: value, channel: value }
    }

    /// Reads a value for both, or an object with one or both by name; a transport that is not named stays as it was.
    pub(super) fn read(former: Self, given: &Value, one: impl Fn(&Value) -> Option<T>) -> Option<Self> {
        let Some(object) = given.as_object() else { return one(given).map(Self::both) };
        let mut next = former;
        for (name, value) in object {
            match name.as_str() {
                "webhook" => next.webhook = one(value)?,
                "channel" => next.channel = one(value)?,
                _ => return None,
            }
        }
        Some(next)
    }

    /// One value where both are the same.
    pub(super) fn to_json(self) -> Value {
        if self.webhook == self.channel {
            return self.webhook.into();
        }
        let members = [("webhook", self.webhook), ("channel", self.channel)];
        members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<Map<_, _>>().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_for_both_and_an_object_for_those_named() {
        let read = |former, given: Value| PerTransport::read(former, &given, Value::as_u64);
        let both = PerTransport::both(7);
        let apart = PerTransport { webhook: 7, channel: 9 };
        assert_eq!(read(PerTransport::both(1), json!(7)), Some(both));
        assert_eq!(read(both, json!({"channel": 9})), Some(apart));
        assert_eq!(read(both, json!({"channel": 9, "webhook": 9})), Some(PerTransport::both(9)));
        for nonsense in [json!("x"), json!({"pigeon": 1}), json!({"channel": -1})] {
            assert_eq!(read(both, nonsense), None);
        }
        assert_eq!((both.to_json(), apart.to_json()), (json!(7), json!({"webhook": 7, "channel": 9})));
    }
}
