//! Who may ask on the platform's paths: local clients, by tokens that are given out here.
//!
//! A token says who holds it and until when, signed with that client's own secret. Nothing of it is kept, so it
//! survives a restart: official SDKs never sign in a second time. It dies with its expiry, with its client and with
//! its client's secret.
//!
//! Without any client configured the door is open to all callers, as the rest of the listener is, which nobody on
//! another machine can reach.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use onduty_core::time::Timestamp;
use ring::hmac;

use super::refusal::Refusal;
use crate::config::Secret;

/// How long a token lives: as the platform's do, unless somebody changes that.
pub(super) const TOKEN_LIFE: Duration = Duration::from_secs(86_400);

/// What is signed begins with this, so that a secret used elsewhere signs nothing that means something here.
const PURPOSE: &str = "onduty local token 1";

/// Decides who may ask.
#[derive(Clone, Debug)]
pub struct Door {
    clients: BTreeMap<String, Secret>,
    /// Whether callers need a token.
    locked: bool,
}

/// Somebody who may ask: a local client, or anybody where the door is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visitor(pub(super) Option<String>);

/// Why no token is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignInError {
    /// There is no such client.
    UnknownClient,
    /// Its secret is another.
    WrongSecret,
}

/// A token as callers hold it.
pub(super) struct Token(String);

impl Door {
    /// A door for these local clients, and for the sidecar's own: whoever changes an SDK's host need change nothing
    /// else. Without local clients it is open.
    #[must_use]
    pub fn new(local: BTreeMap<String, Secret>, own: (String, Secret)) -> Self {
        let locked = !local.is_empty();
        let mut clients = BTreeMap::from([own]);
        clients.extend(local);
        Self { clients, locked }
    }

    /// A token for a client who proves who it is.
    pub(super) fn sign_in(&self, id: &str, secret: &str, now: Timestamp) -> Result<Token, SignInError> {
        let client = self.clients.get(id).ok_or(SignInError::UnknownClient)?;
        if !client.matches(secret.as_bytes()) {
            return Err(SignInError::WrongSecret);
        }
        let expires_at = now.after(TOKEN_LIFE).as_millis();
        let signature = hmac::sign(&key(client), signed(id, expires_at).as_bytes());
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Ok(Token(format!("{}.{expires_at}.{}", part(id.as_bytes()), part(signature.as_ref()))))
    }

    /// Who asks, by the bearer of a request.
    pub(super) fn admit(&self, headers: &HeaderMap, now: Timestamp) -> Result<Visitor, Refusal> {
        let bearer = bearer(headers);
        match bearer.and_then(|token| self.holder(token, now)) {
            Some(client) => Ok(Visitor(Some(client.to_owned()))),
            None if !self.locked => Ok(Visitor(None)),
            None if bearer.is_none() => Err(Refusal::no_token()),
            None => Err(Refusal::bad_token()),
        }
    }

    /// The client to whom a token was given, while it is good.
    fn holder(&self, token: &str, now: Timestamp) -> Option<&str> {
        let mut parts = token.split('.');
        let (id, expires_at, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let id = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let expires_at: i64 = expires_at.parse().ok()?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let (id, secret) = self.clients.get_key_value(&id)?;
        hmac::verify(&key(secret), signed(id, expires_at).as_bytes(), &signature).ok()?;
        (parts.next().is_none() && now.as_millis() < expires_at).then_some(id.as_str())
    }
}

impl Token {
    /// The text, for the one answer that carries it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::config::REDACTED)
    }
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

fn signed(id: &str, expires_at: i64) -> String {
    // The instant has no line break, so nothing that an id contains can be taken for it.
    format!("{PURPOSE}\n{expires_at}\n{id}")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn door(local: &[(&str, &str)]) -> Door {
        let local = local.iter().map(|(id, secret)| ((*id).to_owned(), Secret::new(*secret)));
        Door::new(local.collect(), ("own".to_owned(), Secret::new("own-secret")))
    }

    fn with(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::try_from(authorization).unwrap())])
    }

    fn admitted(door: &Door, token: &str, now: Timestamp) -> bool {
        door.admit(&with(&format!("Bearer {token}")), now).is_ok()
    }

    #[test]
    fn a_token_opens_until_it_expires_also_after_a_restart_and_not_after_its_secret_changed() {
        let first = door(&[("app", "secret"), ("app.2", "other")]);
        let token = first.sign_in("app", "secret", NOW).unwrap();
        let last = NOW.after(TOKEN_LIFE).before(Duration::from_millis(1));
        let table = [
            (door(&[("app", "secret")]), NOW, true),
            (door(&[("app", "secret")]), last, true),
            (door(&[("app", "secret")]), NOW.after(TOKEN_LIFE), false),
            (door(&[("app", "changed")]), NOW, false),
            (door(&[("app.2", "secret")]), NOW, false),
        ];
        for (door, now, expected) in table {
            assert_eq!(admitted(&door, token.expose(), now), expected, "{door:?} {now:?}");
        }
    }

    #[test]
    fn no_change_to_a_token_makes_another_that_opens() {
        let door = door(&[("app", "secret"), ("apq", "secret")]);
        let token = door.sign_in("app", "secret", NOW).unwrap().expose().to_owned();
        for at in 0..token.len() {
            for other in ["A", "b", "1", ".", "-"] {
                let mut changed = token.clone();
                changed.replace_range(at..=at, other);
                assert!(changed == token || !admitted(&door, &changed, NOW), "{changed}");
            }
            assert!(!admitted(&door, &token[..at], NOW));
        }
        assert!(!admitted(&door, &format!("{token}."), NOW) && !admitted(&door, &format!("{token}.x"), NOW));
    }

    #[test]
    fn only_the_right_secret_of_a_known_client_gets_a_token() {
        let door = door(&[("app", "secret")]);
        let table = [
            ("app", "secret", None),
            ("own", "own-secret", None),
            ("app", "own-secret", Some(SignInError::WrongSecret)),
            ("app", "", Some(SignInError::WrongSecret)),
            ("App", "secret", Some(SignInError::UnknownClient)),
            ("", "", Some(SignInError::UnknownClient)),
        ];
        for (id, secret, expected) in table {
            assert_eq!(door.sign_in(id, secret, NOW).err(), expected, "{id}");
        }
    }

    #[test]
    fn without_clients_the_door_is_open_and_with_some_it_wants_a_token() {
        let (open, locked) = (door(&[]), door(&[("app", "secret")]));
        for headers in [HeaderMap::new(), with("Bearer abc"), with("Basic abc"), with("Bearer ")] {
            assert_eq!(open.admit(&headers, NOW).ok(), Some(Visitor(None)));
            assert!(locked.admit(&headers, NOW).is_err(), "{headers:?}");
        }
        let token = open.sign_in("own", "own-secret", NOW).unwrap();
        let headers = with(&format!("bearer {}", token.expose()));
        assert_eq!(locked.admit(&headers, NOW).ok(), Some(Visitor(Some("own".to_owned()))));
        assert_eq!(format!("{token:?} {open:?}").matches("***").count(), 2, "no secret is shown");
    }
}
