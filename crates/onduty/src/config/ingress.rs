//! Section `ingress`: the listener that takes webhooks, and how their senders prove who they are.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::HeaderName;

use super::credential::{Password, SigningSecrets, UserAndPassword};
use super::input::Input;
use super::kind::{Count, Kind, Span, Switch, TcpAddress};
use super::layers::Raw;
use super::secret::Secret;
use super::setting::{Key, SecretSetting, Setting};

/// Section `ingress`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngressConfig {
    /// Where webhooks are taken.
    pub listen: SocketAddr,
    /// Standard Webhooks signing secrets; a signature by any of them will do.
    pub secrets: Vec<Secret>,
    /// A token that senders which cannot sign put behind `Authorization: Bearer`.
    pub bearer: Option<Secret>,
    /// `user:password` that such senders put behind `Authorization: Basic`, encoded.
    pub basic: Option<Secret>,
    /// A key that such senders put into the header `api_key_header`.
    pub api_key: Option<Secret>,
    /// The header that carries `api_key`.
    pub api_key_header: HeaderName,
    /// Takes everything from everybody.
    pub insecure: bool,
    /// How far a signed timestamp may be from our clock, either way.
    pub tolerance: Duration,
    /// The longest body taken, in bytes.
    pub max_body_bytes: usize,
    /// How long a sender may take for its body.
    pub body_timeout: Duration,
}

impl IngressConfig {
    /// Whether senders can prove who they are.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        !self.secrets.is_empty() || self.bearer.is_some() || self.basic.is_some() || self.api_key.is_some()
    }
}

pub(super) const LISTEN: Setting<TcpAddress> = Setting {
    name: "ingress.listen",
    kind: TcpAddress,
    default: || SocketAddr::from((Ipv4Addr::LOCALHOST, 7401)),
    doc: "Where webhooks are taken; the one listener meant to be reachable from outside.",
};

const SECRETS: SecretSetting<SigningSecrets> = SecretSetting {
    name: "ingress.secrets",
    file_name: "ingress.secrets_file",
    kind: SigningSecrets { max: 16 },
    doc: "Standard Webhooks signing secrets; several at once while one is being replaced.",
};

const BEARER: SecretSetting<Password> = SecretSetting {
    name: "ingress.bearer",
    file_name: "ingress.bearer_file",
    kind: Password,
    doc: "A bearer token for senders that cannot sign.",
};

const BASIC: SecretSetting<UserAndPassword> = SecretSetting {
    name: "ingress.basic",
    file_name: "ingress.basic_file",
    kind: UserAndPassword,
    doc: "user:password for senders that cannot sign.",
};

const API_KEY: SecretSetting<Password> = SecretSetting {
    name: "ingress.api_key",
    file_name: "ingress.api_key_file",
    kind: Password,
    doc: "A key that senders which cannot sign put into the header ingress.api_key_header.",
};

const API_KEY_HEADER: Setting<Header> = Setting {
    name: "ingress.api_key_header",
    kind: Header,
    default: || HeaderName::from_static("x-onduty-key"),
    doc: "The header that carries ingress.api_key.",
};

const INSECURE: Setting<Switch> = Setting {
    name: "ingress.insecure",
    kind: Switch,
    default: || false,
    doc: "Take webhooks from anybody. For trials on one machine.",
};

const TOLERANCE: Setting<Span> = Setting {
    name: "ingress.tolerance",
    kind: Span { min: Duration::from_secs(1), max: Duration::from_secs(3_600) },
    default: || Duration::from_secs(300),
    doc: "The replay window: how far a signed timestamp may be from this machine's clock.",
};

const MAX_BODY_BYTES: Setting<Count> = Setting {
    name: "ingress.max_body_bytes",
    kind: Count { min: 1_024, max: 64 * 1_048_576 },
    default: || 1_048_576,
    doc: "The longest webhook body taken, in bytes.",
};

const BODY_TIMEOUT: Setting<Span> = Setting {
    name: "ingress.body_timeout",
    kind: Span { min: Duration::from_millis(100), max: Duration::from_secs(300) },
    default: || Duration::from_secs(10),
    doc: "How long a sender may take for its body.",
};

pub(super) fn keys() -> Vec<Key> {
    let mut keys = vec![LISTEN.key()];
    keys.extend(SECRETS.keys());
    keys.extend(BEARER.keys());
    keys.extend(BASIC.keys());
    keys.extend(API_KEY.keys());
    keys.extend([
        API_KEY_HEADER.key(),
        INSECURE.key(),
        TOLERANCE.key(),
        MAX_BODY_BYTES.key(),
        BODY_TIMEOUT.key(),
    ]);
    keys
}

/// Reads the section. Who may send is checked against `sync.webhook` by [`check`].
pub(super) fn read(input: &mut Input) -> IngressConfig {
    IngressConfig {
        listen: input.value(&LISTEN),
        secrets: input.secret(&SECRETS).unwrap_or_default(),
        bearer: input.secret(&BEARER),
        basic: input.secret(&BASIC),
        api_key: input.secret(&API_KEY),
        api_key_header: input.value(&API_KEY_HEADER),
        insecure: input.value(&INSECURE),
        tolerance: input.value(&TOLERANCE),
        max_body_bytes: usize::try_from(input.value(&MAX_BODY_BYTES)).unwrap_or(usize::MAX),
        body_timeout: input.value(&BODY_TIMEOUT),
    }
}

/// Refuses an open door: a webhook that nobody signs would let anybody write agent states.
pub(super) fn check(input: &mut Input, ingress: &IngressConfig) {
    // A credential that was given and refused has a problem of its own already.
    let credentials =
        [SECRETS.name, SECRETS.file_name, BEARER.name, BEARER.file_name, BASIC.name, BASIC.file_name];
    let given = credentials.iter().chain(&[API_KEY.name, API_KEY.file_name]).any(|key| input.is_given(key));
    if ingress.authenticates() || given {
        return;
    }
    if !ingress.insecure {
        input.missing(
            SECRETS.name,
            "anybody could write agent states: set ingress.secrets (or ingress.bearer, ingress.basic, \
             ingress.api_key), switch sync.webhook off, or accept it with ingress.insecure = true",
        );
    } else if !ingress.listen.ip().to_canonical().is_loopback() {
        input.refuse(
            LISTEN.name,
            "others could reach this address and ingress.insecure lets them write agent states; \
             set ingress.secrets or bind a loopback address",
        );
    }
}

/// The name of an HTTP header.
struct Header;

impl Kind for Header {
    type Value = HeaderName;

    fn read(&self, raw: &Raw) -> Option<HeaderName> {
        HeaderName::from_bytes(raw.as_text()?.as_bytes()).ok()
    }

    fn accepts(&self) -> String {
        "the name of an HTTP header".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({"type": "string", "minLength": 1})
    }

    fn show(&self, value: &HeaderName) -> String {
        value.to_string()
    }
}
