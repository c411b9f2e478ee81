//! Section `api`: the listener that answers callers.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use super::input::Input;
use super::kind::{Kind, ListenAddress};
use super::layers::Raw;
use super::listen::Listen;
use super::local_clients::LocalClients;
use super::secret::Secret;
use super::setting::{Key, SecretSetting, Setting};

/// Section `api`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiConfig {
    /// Where gRPC is served. Never reachable from another machine as long as callers cannot be authenticated.
    pub listen: Listen,
    /// Who may sign in on the platform's paths, besides the sidecar's own client. With any of them, nobody is answered
    /// there who did not.
    pub clients: BTreeMap<String, Secret>,
    /// The locale in which labels of presences are shown, where there are any in it.
    pub locale: String,
}

/// The port that the api listens on unless told otherwise.
pub const DEFAULT_PORT: u16 = 7400;

pub(super) const LISTEN: Setting<ListenAddress> = Setting {
    name: "api.listen",
    kind: ListenAddress,
    default: || Listen::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT))),
    doc: "Where the api listens.",
};

const CLIENTS: SecretSetting<LocalClients> = SecretSetting {
    name: "api.clients",
    file_name: "api.clients_file",
    kind: LocalClients { max: 256 },
    doc: "Local OAuth clients that may sign in at /oauth/token. With any, /api/v2 wants a token.",
};

const LOCALE: Setting<Locale> = Setting {
    name: "api.locale",
    kind: Locale,
    default: || "en_US".to_owned(),
    doc: "The locale in which the labels of presences are shown, where an organisation has any in it.",
};

pub(super) fn keys() -> Vec<Key> {
    let mut keys = vec![LISTEN.key()];
    keys.extend(CLIENTS.keys());
    keys.push(LOCALE.key());
    keys
}

pub(super) fn read(input: &mut Input) -> ApiConfig {
    let listen = input.value(&LISTEN);
    if listen.is_exposed() {
        input.refuse(
            LISTEN.name,
            "others could reach this address and callers are not authenticated; \
             bind a loopback address or unix:/path, and put an authenticating proxy before it",
        );
    }
    let clients = input.secret(&CLIENTS).unwrap_or_default();
    ApiConfig { listen, clients, locale: input.value(&LOCALE) }
}

/// A language, and perhaps a country, as the platform writes them.
struct Locale;

impl Kind for Locale {
    type Value = String;

    fn read(&self, raw: &Raw) -> Option<String> {
        let text = raw.as_text()?;
        let mut parts = text.split(['_', '-']);
        let is_part =
            |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        (text.len() <= 35 && parts.all(is_part)).then(|| text.to_owned())
    }

    fn accepts(&self) -> String {
        "a locale such as en_US, de or pt-BR".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string", "pattern": "^[A-Za-z0-9]{2,8}([_-][A-Za-z0-9]{2,8})*$"})
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_a_language_and_perhaps_more() {
        let table = [
            ("en_US", true),
            ("de", true),
            ("zh-Hant-TW", true),
            ("", false),
            ("english!", false),
            ("e", false),
        ];
        for (text, expected) in table {
            assert_eq!(Locale.read(&Raw::Text(text.to_owned())).is_some(), expected, "{text}");
        }
    }
}
