//! To which region a client belongs that this one does not know: the same question to each of the others, until it has
//! answered, and a few times at most.
//!
//! `client not found` is what the platform says to a mistyped id and to a client of another region alike; only a
//! region that gives a token tells the two apart.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tokio::time::timeout;

use super::route::Route;
use crate::config::{BaseUrl, PlatformConfig};

/// Regions asked at once.
const AT_ONCE: usize = 8;
/// How long one region may take.
const REGION_TIMEOUT: Duration = Duration::from_secs(3);
/// How long all of them may take together.
const ALL_TIMEOUT: Duration = Duration::from_secs(8);

/// Rounds in which those are asked who have not answered.
const ROUNDS_MAX: u32 = 4;

/// A region gave no answer that tells anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unanswered;

/// Where a client may belong.
#[derive(Debug)]
pub(super) struct Regions {
    /// The one that is configured, for people.
    pub(super) configured: String,
    others: Vec<(String, BaseUrl)>,
    heard: Mutex<Heard>,
}

/// What came of asking so far.
#[derive(Debug, Default)]
struct Heard {
    /// The domains of regions that do not know the client.
    strangers: BTreeSet<String>,
    rounds: u32,
}

impl Regions {
    pub(super) fn new(config: &PlatformConfig) -> Self {
        let configured = config.region.clone().unwrap_or_else(|| config.login_url.to_string());
        let others = config.regions.iter().filter(|region| region.login_url != config.login_url);
        let others = others.map(|region| (region.domain.clone(), region.login_url.clone())).collect();
        Self { configured, others, heard: Mutex::default() }
    }

    /// The domain of the region that knows the client, if one does. A region that has said no is not asked again, and
    /// one that never answers is given up in the end.
    ///
    /// # Errors
    ///
    /// When none was found, and not every region has answered.
    pub(super) async fn find(
        &self,
        http: &reqwest::Client,
        authorization: &HeaderValue,
    ) -> Result<Option<String>, Unanswered> {
        let Some(open) = self.next_round() else { return Ok(None) };
        let asked = stream::iter(open)
            .map(|(domain, url)| async move {
                let knows = timeout(REGION_TIMEOUT, gives_token(http, &url, authorization)).await;
                (domain, knows.unwrap_or(Err(Unanswered)))
            })
            .buffer_unordered(AT_ONCE);
        let mut asked = std::pin::pin!(asked);
        let round = async {
            let mut outcome = Ok(None);
            while let Some((domain, knows)) = asked.next().await {
                match knows {
                    Ok(true) => return Ok(Some(domain)),
                    Ok(false) => drop(self.heard().strangers.insert(domain)),
                    Err(Unanswered) => outcome = Err(Unanswered),
                }
            }
            outcome
        };
        timeout(ALL_TIMEOUT, round).await.unwrap_or(Err(Unanswered))
    }

    /// Whom to ask now; nobody any more after some rounds.
    fn next_round(&self) -> Option<Vec<(String, BaseUrl)>> {
        let mut heard = self.heard();
        if heard.rounds >= ROUNDS_MAX {
            return None;
        }
        heard.rounds += 1;
        let is_open = |(domain, _): &&(String, BaseUrl)| !heard.strangers.contains(domain);
        Some(self.others.iter().filter(is_open).cloned().collect())
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        // Whole after each of its uses.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a region gives the client a token. Only a refusal says that it does not know it.
async fn gives_token(
    http: &reqwest::Client,
    login_url: &BaseUrl,
    authorization: &HeaderValue,
) -> Result<bool, Unanswered> {
    let request = http.post(format!("{login_url}{}", Route::Token));
    let request = request
        .header(AUTHORIZATION, authorization.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    let status = request.send().await.map_err(|_| Unanswered)?.status();
    if status.is_success() || matches!(status.as_u16(), 400 | 401) {
        Ok(status.is_success())
    } else {
        Err(Unanswered)
    }
}
