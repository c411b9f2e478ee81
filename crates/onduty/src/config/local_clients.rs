//! A table of OAuth clients and their secrets, as local callers of the platform's paths sign in.

use std::collections::BTreeMap;

use serde_json::json;

use super::kind::{Kind, SecretKind, is_line};
use super::layers::Raw;
use super::secret::{REDACTED, Secret};

/// Ids and secrets.
pub(super) struct LocalClients {
    /// The most accepted.
    pub(super) max: usize,
}

/// The longest id; those of the platform have 36 characters.
const ID_BYTES_MAX: usize = 256;

impl Kind for LocalClients {
    type Value = BTreeMap<String, Secret>;

    fn read(&self, raw: &Raw) -> Option<Self::Value> {
        let pairs: Vec<(&str, &str)> = match raw {
            Raw::Words(text) => text.split(',').map(pair).collect::<Option<_>>()?,
            Raw::Table(table) => {
                let pair = |(id, secret)| Raw::as_text(secret).map(|secret| (String::as_str(id), secret));
                table.iter().map(pair).collect::<Option<_>>()?
            }
            Raw::List(lines) => lines.iter().map(|line| pair(line.as_text()?)).collect::<Option<_>>()?,
            Raw::Text(_) | Raw::Integer(_) | Raw::Bool(_) | Raw::Other(_) => return None,
        };
        let usable = |(id, secret): &(&str, &str)| is_id(id) && is_line(secret);
        let clients: BTreeMap<String, Secret> = pairs
            .iter()
            .filter(|pair| usable(pair))
            .map(|(id, s)| ((*id).to_owned(), Secret::new(*s)))
            .collect();
        // A pair that is refused or stands twice makes it shorter. Of none, as in a file that was mounted empty, there
        // would be nobody to lock the door for, and it would stand open.
        (clients.len() == pairs.len() && (1..=self.max).contains(&pairs.len())).then_some(clients)
    }

    fn accepts(&self) -> String {
        format!(
            "a table of 1 to {} clients, id = \"secret\" (in the environment id=secret,id=secret)",
            self.max
        )
    }

    fn schema(&self) -> serde_json::Value {
        let secret = json!({"type": "string", "minLength": 1});
        json!({"type": "object", "additionalProperties": secret, "minProperties": 1, "maxProperties": self.max})
    }

    fn show(&self, clients: &Self::Value) -> String {
        let pairs: Vec<String> = clients.keys().map(|id| format!("{id}={REDACTED}")).collect();
        pairs.join(",")
    }
}

impl SecretKind for LocalClients {
    fn parse_file(&self, text: &str) -> Raw {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        Raw::List(lines.map(|line| Raw::Text(line.to_owned())).collect())
    }

    fn file_doc(&self) -> &'static str {
        "A file that holds them, id=secret, one a line."
    }
}

fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('=').map(|(id, secret)| (id.trim(), secret.trim()))
}

/// Whether HTTP Basic can carry it: what stands before the first colon.
fn is_id(text: &str) -> bool {
    is_line(text) && text.len() <= ID_BYTES_MAX && !text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_pairs_of_an_id_and_a_secret_and_no_id_stands_twice() {
        let table = [
            ("app=secret", Some(1)),
            ("app=secret, other=a=b", Some(2)),
            ("app=secret,app=other", None),
            ("app=", None),
            ("=secret", None),
            ("app", None),
            ("a:b=secret", None),
            ("", None),
            ("a=1,b=2,c=3", None),
        ];
        for (text, expected) in table {
            let kind = LocalClients { max: 2 };
            let read = kind.read(&Raw::Words(text.to_owned()));
            assert_eq!(read.map(|clients| clients.len()), expected, "{text}");
        }
        let file = LocalClients { max: 2 }.parse_file("app=secret\n\nother=x\n");
        assert_eq!(LocalClients { max: 2 }.read(&file).map(|clients| clients.len()), Some(2));
        for empty in ["", "\n \n"] {
            let file = LocalClients { max: 2 }.parse_file(empty);
            assert!(
                LocalClients { max: 2 }.read(&file).is_none(),
                "a file without a client would open the door"
            );
        }
        assert!(LocalClients { max: 2 }.read(&Raw::Table(BTreeMap::new())).is_none());
    }
}
