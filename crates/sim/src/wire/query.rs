//! Parameters in a query or a form.
//!
//! Real clients send lists in three forms: repeated, comma-joined, and comma-joined with `%2C`; all are taken.

/// Decoded name and value pairs, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `a=1&b=2`. Malformed escapes stand for themselves.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        });
        Self { pairs: pairs.collect() }
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a list parameter, in whichever form they came.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let values = self.pairs.iter().filter(|(known, _)| known == name);
        values.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }

    /// The parameters but for some, encoded again.
    pub(crate) fn without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let encoded: Vec<String> =
            kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        encoded.join("&")
    }
}

/// Undoes percent-encoding, and in queries the `+` for a blank.
pub(super) fn decode(text: &str, plus_is_blank: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = (*first == b'%')
            .then(|| tail.get(..2))
            .flatten()
            .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if *first == b'+' && plus_is_blank { b' ' } else { *first });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again_and_nothing_breaks_the_reader(text in ".*") {
            prop_assert_eq!(decode(&encode(&text), true), text.clone());
            Query::parse(&text);
        }
    }

    #[test]
    fn a_list_is_the_same_in_all_its_forms() {
        for text in ["id=a&id=b", "id=a,b", "id=a%2Cb", "x=1&id=a&id=b,"] {
            assert_eq!(Query::parse(text).list("id"), ["a", "b"], "{text}");
        }
        assert!(Query::parse("ids=a").list("id").is_empty());
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_stand_for_themselves() {
        let table =
            [("a%20b", "a b"), ("a+b", "a b"), ("%", "%"), ("%zz", "%zz"), ("%C3%A9", "é"), ("%+1", "% 1")];
        for (text, expected) in table {
            assert_eq!(decode(text, true), expected, "{text}");
        }
        assert_eq!(decode("a+b", false), "a+b");
    }
}
