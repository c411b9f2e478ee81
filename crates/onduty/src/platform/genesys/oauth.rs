//! Tokens by client credentials: renewed early, fetched once for all who wait, and never hammered for.
//!
//! For this grant the platform gives no refresh token, and its own SDKs hand a 401 to the caller; so everything about
//! a token's life is decided here.

mod plan;

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use onduty_core::time::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};

use super::decode::{self, OauthRefusal};
use super::error::PlatformError;
use super::region::Regions;
use super::route::Route;
use super::transport::{REQUEST_TIMEOUT, read_body, seconds_of, what_happened};
use crate::clock::Clock;
use crate::config::PlatformConfig;
use crate::meters::Meters;
use plan::{Blocked, Cause, Held, Next, Slot};

/// The longest answer read from the token endpoint.
const BODY_MAX: usize = 64 * 1024;

/// Gives out the present token.
pub struct TokenSource {
    http: reqwest::Client,
    url: String,
    authorization: Option<HeaderValue>,
    clock: Clock,
    meters: Meters,
    slot: Mutex<Slot>,
    regions: Regions,
    /// The region that knows the client, once that is known: asking them all again would be hammering.
    elsewhere: tokio::sync::OnceCell<Option<String>>,
    /// Held by whoever fetches. Whoever has no token waits for it; whoever has one that lives goes on with that.
    fetching: tokio::sync::Mutex<()>,
}

/// A token to send, and which one it is.
#[derive(Clone)]
pub struct Bearer {
    /// The value of the header `Authorization`.
    pub header: HeaderValue,
    /// Counts the tokens fetched.
    pub generation: u64,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl TokenSource {
    /// Nothing is fetched before the first request needs it.
    pub fn new(http: reqwest::Client, config: &PlatformConfig, clock: Clock, meters: Meters) -> Self {
        let pair = format!("{}:{}", config.client_id, config.client_secret.expose());
        let mut authorization = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair))).ok();
        if let Some(header) = &mut authorization {
            header.set_sensitive(true);
        }
        let url = format!("{}{}", config.login_url, Route::Token);
        Self {
            http,
            url,
            authorization,
            clock,
            meters,
            slot: Mutex::default(),
            regions: Regions::new(config),
            elsewhere: tokio::sync::OnceCell::new(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// The present token, or a new one when it is time.
    ///
    /// # Errors
    ///
    /// When there is none and none can be had.
    pub async fn current(&self) -> Result<Bearer, PlatformError> {
        let next = self.slot().next(self.clock.now());
        match next {
            Next::Use(bearer) => Ok(bearer),
            Next::Fail(error) => Err(error),
            Next::Renew(bearer) => match self.fetching.try_lock() {
                Ok(_fetching) => {
                    let settled = self.slot().settled_since(bearer.generation, self.clock.now());
                    match settled {
                        Some(bearer) => Ok(bearer),
                        None => self.fetch().await,
                    }
                }
                Err(_) => Ok(bearer),
            },
            Next::Fetch => {
                let _fetching = self.fetching.lock().await;
                // Somebody else may have fetched one, or failed to, while this one waited.
                let next = self.slot().next(self.clock.now());
                match next {
                    Next::Use(bearer) | Next::Renew(bearer) => Ok(bearer),
                    Next::Fail(error) => Err(error),
                    Next::Fetch => self.fetch().await,
                }
            }
        }
    }

    /// The platform refused a token younger than its life: gives up that one, so that the next is fetched. Of many
    /// who were refused with the same token, one fetches.
    pub fn give_up(&self, generation: u64) {
        self.slot().give_up(generation);
    }

    /// The platform refused a token that was just fetched, too: asking for more of them would be hammering.
    pub fn condemn(&self, generation: u64, detail: &str) {
        let cause = Cause::TokenRefused(detail.to_owned());
        self.slot().condemn(generation, self.clock.now(), cause, rand::random());
    }

    /// Has a new token fetched with the next request: what a token may do is settled when it is given.
    pub fn renew(&self) {
        self.slot().renew_at(self.clock.now());
    }

    /// Which token is the present one; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.slot().generation()
    }

    /// The platform took a token.
    pub fn accepted(&self, generation: u64) {
        self.slot().accepted(generation);
    }

    async fn fetch(&self) -> Result<Bearer, PlatformError> {
        let asked_at = self.clock.now();
        let fetched = match self.request(asked_at).await {
            Err(Cause::ClientUnknown(detail)) => Err(self.look_elsewhere(detail).await),
            fetched => fetched,
        };
        let mut slot = self.slot();
        match fetched {
            Ok((header, expires_in)) => {
                tracing::debug!(expires_in_s = expires_in.as_secs(), "a new token");
                Ok(slot.hold(Held::new(header, asked_at, expires_in, rand::random())))
            }
            Err(cause) => {
                tracing::warn!(cause = %cause, "the platform gave no token");
                let failures = slot.failures();
                let now = self.clock.now();
                slot.block(Blocked::new(cause, now, failures, rand::random()), now)
            }
        }
    }

    /// This region does not know the client: another may.
    async fn look_elsewhere(&self, detail: String) -> Cause {
        let Some(authorization) = &self.authorization else { return Cause::ClientUnknown(detail) };
        // Who has not answered is asked again with the next refusal, and not for ever.
        let found = self.elsewhere.get_or_try_init(|| self.regions.find(&self.http, authorization)).await;
        match found.ok().and_then(Option::as_ref) {
            Some(region) => {
                let (region, asked) = (region.clone(), self.regions.configured.clone());
                Cause::WrongRegion { detail, region, asked }
            }
            None => Cause::ClientUnknown(detail),
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        // Whole after each of its methods.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn request(&self, asked_at: Timestamp) -> Result<(HeaderValue, Duration), Cause> {
        let unusable = "client id or secret can't be sent in a header";
        let authorization = self.authorization.clone().ok_or_else(|| Cause::Rejected(unusable.to_owned()))?;
        let exchange = async {
            let response = self
                .http
                .post(&self.url)
                .header(AUTHORIZATION, authorization)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body("grant_type=client_credentials")
                .send()
                .await
                .map_err(|error| what_happened(&error))?;
            let status = response.status().as_u16();
            let retry_after = seconds_of(response.headers(), RETRY_AFTER.as_str());
            let body = read_body(response, BODY_MAX).await?;
            Ok::<_, String>((status, retry_after, body))
        };
        let answer = tokio::time::timeout(REQUEST_TIMEOUT, exchange).await;
        let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {REQUEST_TIMEOUT:?}")));
        let (status, retry_after, body) = answer.map_err(|detail| {
            self.meters.requested(Route::Token.template(), 0);
            Cause::Unavailable { since: asked_at, detail: format!("{}: {detail}", Route::Token) }
        })?;
        self.meters.requested(Route::Token.template(), status);
        if (200..300).contains(&status) {
            return read_token(&body).ok_or_else(|| Cause::Unavailable {
                since: asked_at,
                detail: format!("{}: {status} without a usable token", Route::Token),
            });
        }
        Err(refusal_of(status, retry_after, &body, asked_at))
    }
}

fn read_token(body: &[u8]) -> Option<(HeaderValue, Duration)> {
    let token = decode::token(body).ok()?;
    let mut header = HeaderValue::from_str(&format!("Bearer {}", token.access.expose())).ok()?;
    header.set_sensitive(true);
    Some((header, token.expires_in))
}

/// By the words of the refusal: the same status stands for a mistake, for a wrong client and for haste.
fn refusal_of(status: u16, retry_after: Option<Duration>, body: &[u8], asked_at: Timestamp) -> Cause {
    let refusal = decode::oauth_refusal(body);
    let words = |refusal: &OauthRefusal| format!("{status} {}: {}", refusal.error, refusal.description);
    match refusal {
        Ok(refusal) if refusal.is_rate_limit() => Cause::RateLimited(retry_after),
        _ if status == 429 => Cause::RateLimited(retry_after),
        Ok(refusal) if status < 500 && refusal.is_client_unknown() => Cause::ClientUnknown(words(&refusal)),
        Ok(refusal) if status < 500 => Cause::Rejected(words(&refusal)),
        _ if status == 401 || status == 403 => Cause::Rejected(format!("{status} without an explanation")),
        Ok(_) | Err(_) => {
            Cause::Unavailable { since: asked_at, detail: format!("{}: {status}", Route::Token) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_endpoint_is_understood_by_its_words() {
        let invalid = br#"{"error":"invalid_client","description":"client not found"}"#;
        let haste = br#"{"error":"invalid_request","error_description":"rate limit exceeded; later"}"#;
        let at = Timestamp::from_millis(5);
        let unknown = Cause::ClientUnknown("400 invalid_client: client not found".into());
        assert_eq!(refusal_of(400, None, invalid, at), unknown);
        assert!(matches!(refusal_of(401, None, invalid, at), Cause::ClientUnknown(_)));
        let wrong_secret = br#"{"error":"invalid_client","description":"authentication failed"}"#;
        assert!(matches!(refusal_of(401, None, wrong_secret, at), Cause::Rejected(_)));
        assert_eq!(refusal_of(400, None, haste, at), Cause::RateLimited(None));
        assert_eq!(refusal_of(429, None, b"", at), Cause::RateLimited(None));
        assert!(matches!(refusal_of(503, None, b"<html>", at), Cause::Unavailable { .. }));
        assert!(matches!(refusal_of(404, None, b"<html>", at), Cause::Unavailable { .. }));
    }
}
