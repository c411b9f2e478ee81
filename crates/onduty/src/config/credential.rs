//! Kinds whose values are secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::kind::{Kind, SecretKind, is_line};
use super::layers::Raw;
use super::secret::{REDACTED, Secret};

/// What begins a Standard Webhooks signing secret.
pub(super) const SIGNING_PREFIX: &str = "whsec_";

/// A line of secret text.
pub(super) struct Password;

impl Kind for Password {
    type Value = Secret;

    fn read(&self, raw: &Raw) -> Option<Secret> {
        raw.as_text().filter(|text| is_line(text)).map(Secret::new)
    }

    fn accepts(&self) -> String {
        "one line of text without blanks at either end".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "minLength": 1})
    }

    fn show(&self, _: &Secret) -> String {
        REDACTED.to_owned()
    }
}

impl SecretKind for Password {
    fn parse_file(&self, text: &str) -> Raw {
        Raw::Text(text.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn file_doc(&self) -> &'static str {
        "A file that holds it, on its only line."
    }
}

/// A user name and a password with a colon between them, as HTTP Basic wants them.
pub(super) struct UserAndPassword;

impl Kind for UserAndPassword {
    type Value = Secret;

    fn read(&self, raw: &Raw) -> Option<Secret> {
        Password.read(raw).filter(|secret| secret.expose().find(':').is_some_and(|at| at > 0))
    }

    fn accepts(&self) -> String {
        "a user name, a colon and a password, on one line".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "pattern": "^[^:]+:"})
    }

    fn show(&self, _: &Secret) -> String {
        REDACTED.to_owned()
    }
}

impl SecretKind for UserAndPassword {
    fn parse_file(&self, text: &str) -> Raw {
        Password.parse_file(text)
    }

    fn file_doc(&self) -> &'static str {
        Password.file_doc()
    }
}

/// Several Standard Webhooks signing secrets, so that one can be replaced without a gap.
pub(super) struct SigningSecrets {
    /// The most accepted.
    pub(super) max: usize,
}

impl Kind for SigningSecrets {
    type Value = Vec<Secret>;

    fn read(&self, raw: &Raw) -> Option<Vec<Secret>> {
        let texts: Vec<&str> = match raw {
            Raw::Words(text) => words(text),
            Raw::List(items) => items.iter().map(Raw::as_text).collect::<Option<_>>()?,
            Raw::Text(_) | Raw::Integer(_) | Raw::Bool(_) | Raw::Table(_) | Raw::Other(_) => return None,
        };
        let usable =
            (1..=self.max).contains(&texts.len()) && texts.iter().all(|text| is_signing_secret(text));
        usable.then(|| texts.into_iter().map(Secret::new).collect())
    }

    fn accepts(&self) -> String {
        format!("1 to {} secrets, each {SIGNING_PREFIX} followed by base64", self.max)
    }

    fn schema(&self) -> serde_json::Value {
        let item = json!({"type": "string", "pattern": "^whsec_[A-Za-z0-9+/]+={0,2}$"});
        json!({"type": "array", "items": item, "minItems": 1, "maxItems": self.max})
    }

    fn show(&self, secrets: &Vec<Secret>) -> String {
        vec![REDACTED; secrets.len()].join(", ")
    }
}

impl SecretKind for SigningSecrets {
    fn parse_file(&self, text: &str) -> Raw {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Raw::List(lines.map(|line| Raw::Text(line.to_owned())).collect())
    }

    fn file_doc(&self) -> &'static str {
        "A file that holds them, one a line."
    }
}

/// The secrets of one line: bare words, or an array as it would stand in the file, because people copy it from there.
fn words(text: &str) -> Vec<&str> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let words = text.split([',', ' ', '\n']).map(|word| word.trim().trim_matches(['"', '\'']));
    words.filter(|word| !word.is_empty()).collect()
}

fn is_signing_secret(text: &str) -> bool {
    let key = text.strip_prefix(SIGNING_PREFIX).and_then(|key| STANDARD.decode(key).ok());
    key.is_some_and(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_secrets_are_checked_before_the_first_webhook_is() {
        let table = [
            ("whsec_c2VjcmV0", Some(1)),
            ("whsec_c2VjcmV0,whsec_b3RoZXI=", Some(2)),
            ("whsec_c2VjcmV0 whsec_b3RoZXI=", Some(2)),
            (r#"["whsec_c2VjcmV0", "whsec_b3RoZXI="]"#, Some(2)),
            ("[whsec_c2VjcmV0]", Some(1)),
            ("[]", None),
            ("whsec_a,whsec_c2VjcmV0", None),
            ("c2VjcmV0", None),
            ("whsec_", None),
            ("whsec_b3RoZXI", None),
            ("", None),
            ("whsec_c2VjcmV0,whsec_c2VjcmV0,whsec_c2VjcmV0", None),
        ];
        for (text, expected) in table {
            let read = SigningSecrets { max: 2 }.read(&Raw::Words(text.to_owned()));
            assert_eq!(read.map(|secrets| secrets.len()), expected, "{text}");
        }
    }

    #[test]
    fn basic_credentials_need_a_user_name() {
        for (text, expected) in [("u:p", true), ("u:", true), (":p", false), ("u", false), ("", false)] {
            assert_eq!(UserAndPassword.read(&Raw::Text(text.to_owned())).is_some(), expected, "{text}");
        }
    }
}
