//! One request to the platform, with everything that surrounds it: a token, leave of the budget, limits of time and
//! size, a second try where that helps, and the platform's words kept where it does not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use onduty_core::time::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use tokio::time::{sleep, timeout};

use super::budget::{Governor, Leave, LimitHeaders, Purpose};
use super::decode::{self, Malformed};
use super::error::{ClientError, PlatformError, Refused};
use super::oauth::{Bearer, TokenSource};
use super::outage::Outage;
use super::route::Route;
use super::skew;
use super::transport::{Protocol, REQUEST_TIMEOUT, http_client, read_body, seconds_of, what_happened};
use super::unwelcome::Unwelcome;
use crate::clock::Clock;
use crate::config::PlatformConfig;
use crate::meters::Meters;
use crate::status::StatusBoard;

/// The longest answer read. A page of 500 users with three expands is about one megabyte.
const BODY_MAX: usize = 32 * 1024 * 1024;
/// Times that one request is sent, at most.
const TRIES_MAX: u32 = 4;
/// The longest sleep before the clock is read again, so that a corrected clock is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// The longest piece of an unreadable refusal that is shown.
const WORDS_MAX: usize = 200;

/// Sends requests as one OAuth client.
#[derive(Debug)]
pub struct Client {
    pub(super) http: reqwest::Client,
    upgrading: reqwest::Client,
    pub(super) api_url: String,
    pub(super) login_url: String,
    tokens: TokenSource,
    governor: Governor,
    outage: Mutex<Outage>,
    unwelcome: Mutex<Unwelcome>,
    pub(super) clock: Clock,
    pub(super) status: StatusBoard,
    pub(super) meters: Meters,
}

/// What a request does.
#[derive(Clone, Debug, Default)]
pub enum Verb {
    /// Reads.
    #[default]
    Get,
    /// Makes something, of this JSON.
    Post(Bytes),
    /// Puts this JSON in the place of what is there. Sent twice it does no more than once.
    Put(Bytes),
    /// Takes away.
    Delete,
}

/// What to ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Which path.
    pub route: Route,
    /// The path with its ids, and the query.
    pub path: String,
    /// What for.
    pub purpose: Purpose,
}

/// What came back with a status of 2xx.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The body.
    pub body: Vec<u8>,
    /// When the request was sent that this answers, by our clock.
    pub sent_at: Timestamp,
    /// Which path.
    pub route: Route,
    /// The platform's id of the request.
    pub correlation_id: Option<String>,
}

/// Any answer.
struct Reply {
    status: u16,
    limits: LimitHeaders,
    retry_after: Option<Duration>,
    answer: Answer,
}

/// What to do after a try.
enum After {
    Done(Result<Answer, PlatformError>),
    TryAgain(PlatformError),
}

impl Purpose {
    /// How long a request may wait for the budget or for the end of an outage. Callers are told rather than kept.
    const fn patience(self) -> Duration {
        match self {
            Self::Sweep | Self::Channel => Duration::from_secs(30),
            Self::Lookup | Self::Diagnosis => Duration::from_secs(2),
        }
    }
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When TLS can't be set up.
    pub fn new(
        config: &PlatformConfig,
        clock: Clock,
        status: StatusBoard,
        meters: Meters,
    ) -> Result<Self, ClientError> {
        let http = http_client(config, Protocol::Any)?;
        Ok(Self {
            tokens: TokenSource::new(http.clone(), config, clock.clone(), meters.clone()),
            governor: Governor::new(clock.clone(), status.clone(), meters.clone()),
            api_url: config.api_url.to_string(),
            login_url: config.login_url.to_string(),
            outage: Mutex::default(),
            unwelcome: Mutex::default(),
            upgrading: http_client(config, Protocol::Http1)?,
            http,
            clock,
            status,
            meters,
        })
    }

    /// Now, by the clock that stamps the requests.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// For sockets, which begin as requests of HTTP/1.1.
    pub(super) const fn upgrading(&self) -> &reqwest::Client {
        &self.upgrading
    }

    /// Whether the platform's API is spoken to without TLS.
    pub(super) fn is_plain(&self) -> bool {
        self.api_url.starts_with("http://")
    }

    /// Whose share of the budget pays for reading agents again after a gap.
    ///
    /// # Errors
    ///
    /// When none can: the instant at which to ask again.
    pub fn pays_for_repairs(&self) -> Result<Purpose, Timestamp> {
        self.governor.pays_for_repairs()
    }

    /// Sets a share of the budget aside for notification channels, or gives it to the listings that stand in for them.
    pub fn keep_channels(&self, keeps_channels: bool) {
        self.governor.keep_channels(keeps_channels);
    }

    /// Sends the next request with a new token.
    pub fn renew_token(&self) {
        self.tokens.renew();
    }

    /// Which token requests are sent with now; 0 before the first. What one token made may end with it.
    pub fn token_generation(&self) -> u64 {
        self.tokens.generation()
    }

    /// Asks, and tries again where that helps.
    ///
    /// # Errors
    ///
    /// When there is no answer with a status of 2xx.
    pub async fn get(&self, ask: &Ask) -> Result<Answer, PlatformError> {
        self.send(ask, &Verb::Get).await
    }

    /// As [`Client::get`], for what changes something, too. A request that got no answer may have been carried out.
    ///
    /// # Errors
    ///
    /// When there is no answer with a status of 2xx.
    pub async fn send(&self, ask: &Ask, verb: &Verb) -> Result<Answer, PlatformError> {
        let give_up_at = self.clock.now().after(ask.purpose.patience());
        let mut tried = 0;
        let mut refused_token = None;
        loop {
            self.wait_for_recovery(give_up_at).await?;
            let bearer = self.tokens.current().await?;
            let patience = give_up_at.since(self.clock.now());
            let admitted = self.governor.admit(ask.purpose, ask.route, patience).await;
            let leave = admitted.map_err(|until| PlatformError::RateLimited { until })?;
            tried += 1;
            match self.attempt(ask, verb, &bearer, leave, &mut refused_token).await {
                After::Done(result) => return result,
                After::TryAgain(error) if tried >= TRIES_MAX => return Err(error),
                After::TryAgain(_) => {}
            }
        }
    }

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// When it is not what it should be.
    pub fn read<T>(
        &self,
        answer: &Answer,
        read: impl FnOnce(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, PlatformError> {
        read(&answer.body).map_err(|source| PlatformError::Malformed {
            route: answer.route,
            correlation_id: answer.correlation_id.clone(),
            source,
        })
    }

    /// Parts of agents in an answer that can't be read.
    pub fn count_unreadable(&self, parts: usize) {
        if parts > 0 {
            tracing::debug!(
                parts,
                "parts of agents in the platform's answer can't be read: they are no news"
            );
            self.meters.unreadable_parts(parts);
        }
    }

    async fn wait_for_recovery(&self, give_up_at: Timestamp) -> Result<(), PlatformError> {
        loop {
            let now = self.clock.now();
            let wait = match self.outage().at(now) {
                None => return Ok(()),
                Some(failing) if failing.retry_at > give_up_at => {
                    let (since, detail) = (failing.since, failing.detail.clone());
                    return Err(PlatformError::Unavailable { since, detail });
                }
                Some(failing) => failing.retry_at.since(now),
            };
            sleep(wait.clamp(Duration::from_millis(1), SLEEP_MAX)).await;
        }
    }

    async fn attempt(
        &self,
        ask: &Ask,
        verb: &Verb,
        bearer: &Bearer,
        leave: Leave<'_>,
        refused_token: &mut Option<u64>,
    ) -> After {
        let reply = match self.send_once(ask, verb, bearer, leave).await {
            Ok(reply) => reply,
            Err(detail) => return After::TryAgain(self.failed(format!("{}: {detail}", ask.route))),
        };
        match reply.status {
            200..=299 => {
                self.outage().answered();
                self.tokens.accepted(bearer.generation);
                self.unwelcome().accepted(ask.route);
                After::Done(Ok(reply.answer))
            }
            401 => self.token_refused(ask, &reply, bearer, refused_token).await,
            429 => {
                self.outage().answered();
                let until = self.governor.refused(ask.route, &reply.limits, retry_after(&reply));
                After::TryAgain(PlatformError::RateLimited { until })
            }
            408 | 500..=599 => {
                After::TryAgain(self.failed(format!("{} answered {}", ask.route, reply.status)))
            }
            _ => {
                self.outage().answered();
                After::Done(Err(PlatformError::Refused(refused(&reply))))
            }
        }
    }

    /// A 401 for a token younger than its life: one fresh token is tried. Where that is refused, too, or the route is known to
    /// refuse good ones, `tokens/me` is asked which of the two is at fault.
    async fn token_refused(
        &self,
        ask: &Ask,
        reply: &Reply,
        bearer: &Bearer,
        refused_token: &mut Option<u64>,
    ) -> After {
        self.outage().answered();
        let refused = refused(reply);
        let error = PlatformError::CredentialsRejected { detail: refused.to_string() };
        let is_fresh = refused_token.replace(bearer.generation).is_some();
        let is_known = self.unwelcome().is_known(ask.route, self.clock.now());
        if (is_fresh || is_known) && self.is_good(bearer, ask.purpose).await {
            if is_fresh {
                self.unwelcome().refused(ask.route, self.clock.now());
            }
            return After::Done(Err(PlatformError::Refused(refused)));
        }
        if is_fresh {
            self.tokens.condemn(bearer.generation, &refused.to_string());
            return After::Done(Err(error));
        }
        self.tokens.give_up(bearer.generation);
        After::TryAgain(error)
    }

    /// Whether the platform says that a token is good.
    async fn is_good(&self, bearer: &Bearer, purpose: Purpose) -> bool {
        let route = Route::TokenInfo;
        let Ok(leave) = self.governor.admit(purpose, route, purpose.patience()).await else { return false };
        let ask = Ask { route, path: route.template().to_owned(), purpose };
        let sent = self.send_once(&ask, &Verb::Get, bearer, leave).await;
        sent.is_ok_and(|reply| (200..300).contains(&reply.status))
    }

    /// Sends once, in the time that there is for it, and counts it.
    async fn send_once(
        &self,
        ask: &Ask,
        verb: &Verb,
        bearer: &Bearer,
        leave: Leave<'_>,
    ) -> Result<Reply, String> {
        let sent = timeout(REQUEST_TIMEOUT, self.exchange(ask, verb, bearer, self.clock.now())).await;
        let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {REQUEST_TIMEOUT:?}")));
        let status = sent.as_ref().map_or(0, |reply| reply.status);
        self.meters.requested(ask.route.template(), status);
        let mut reply = sent?;
        // A token that is refused has no window; what is counted of it says nothing.
        if status == 401 {
            reply.limits = LimitHeaders::default();
        }
        leave.answered(&reply.limits);
        Ok(reply)
    }

    async fn exchange(
        &self,
        ask: &Ask,
        verb: &Verb,
        bearer: &Bearer,
        sent_at: Timestamp,
    ) -> Result<Reply, String> {
        let url = format!("{}{}", self.api_url, ask.path);
        let json = |request: reqwest::RequestBuilder, body: &Bytes| {
            request.header(CONTENT_TYPE, "application/json").body(body.clone())
        };
        let request = match verb {
            Verb::Get => self.http.get(url),
            Verb::Post(body) => json(self.http.post(url), body),
            Verb::Put(body) => json(self.http.put(url), body),
            Verb::Delete => self.http.delete(url),
        };
        let response = request
            .header(AUTHORIZATION, bearer.header.clone())
            .send()
            .await
            .map_err(|error| what_happened(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers());
        if let Some(standing) = skew::measured(headers, sent_at, self.clock.now()) {
            self.status.clock(standing);
        }
        let number = |name| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let limits = LimitHeaders {
            count: number("inin-ratelimit-count"),
            allowed: number("inin-ratelimit-allowed"),
            reset: seconds_of(headers, "inin-ratelimit-reset"),
        };
        let retry_after = seconds_of(headers, RETRY_AFTER.as_str());
        let correlation_id = headers.get("inin-correlation-id").and_then(|value| value.to_str().ok());
        let correlation_id = correlation_id.map(|id| id.chars().take(WORDS_MAX).collect());
        let body = read_body(response, BODY_MAX).await?;
        Ok(Reply {
            status,
            limits,
            retry_after,
            answer: Answer { body, sent_at, route: ask.route, correlation_id },
        })
    }

    fn failed(&self, detail: String) -> PlatformError {
        let mut outage = self.outage();
        let failing = outage.failed(self.clock.now(), detail, rand::random());
        tracing::debug!(detail = failing.detail, "the platform gave no useful answer");
        PlatformError::Unavailable { since: failing.since, detail: failing.detail.clone() }
    }

    fn unwelcome(&self) -> MutexGuard<'_, Unwelcome> {
        // Whole after each of its methods.
        self.unwelcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outage(&self) -> MutexGuard<'_, Outage> {
        // Whole after each of its methods.
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after a `429`. The header says it first, the text second.
fn retry_after(reply: &Reply) -> Option<Duration> {
    reply.retry_after.or_else(|| decode::platform_refusal(&reply.answer.body).ok()?.retry_after())
}

/// The platform's words for a refusal, or the beginning of whatever stood in their place.
fn refused(reply: &Reply) -> Refused {
    let answer = &reply.answer;
    let (code, message, context) = match decode::platform_refusal(&answer.body) {
        Ok(refusal) => (refusal.code, refusal.message, refusal.correlation_id),
        Err(_) => {
            let text = String::from_utf8_lossy(&answer.body);
            let words: String = text.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
            (Refused::WITHOUT_CODE.to_owned(), words, None)
        }
    };
    Refused {
        route: answer.route,
        status: reply.status,
        code,
        message,
        correlation_id: answer.correlation_id.clone().or(context),
    }
}
