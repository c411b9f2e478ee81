//! To which region a client belongs that this one does not know: the same question to each of the others, once.
//!
//! `client not found` is what the platform says to a mistyped id and to a client of another region alike; only a
//! region that gives a token tells the two apart.

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

/// Where a client may belong.
#[derive(Debug)]
pub(super) struct Regions {
    /// The one that is configured, for people.
    pub(super) configured: String,
    others: Vec<(String, BaseUrl)>,
}

impl Regions {
    pub(super) fn new(config: &PlatformConfig) -> Self {
        let configured = config.region.clone().unwrap_or_else(|| config.login_url.to_string());
        let others = config.regions.iter().filter(|region| region.login_url != config.login_url);
        let others = others.map(|region| (region.domain.clone(), region.login_url.clone())).collect();
        Self { configured, others }
    }

    /// The domain of the region that knows the client, if one does.
    pub(super) async fn find(&self, http: &reqwest::Client, authorization: &HeaderValue) -> Option<String> {
        let others = self.others.clone();
        let asked = stream::iter(others)
            .map(|(domain, url)| async move {
                let knows = timeout(REGION_TIMEOUT, gives_token(http, &url, authorization)).await;
                knows.unwrap_or(false).then_some(domain)
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(async |found| found);
        let mut asked = std::pin::pin!(asked);
        timeout(ALL_TIMEOUT, asked.next()).await.ok().flatten()
    }
}

async fn gives_token(http: &reqwest::Client, login_url: &BaseUrl, authorization: &HeaderValue) -> bool {
    let request = http.post(format!("{login_url}{}", Route::Token));
    let request = request
        .header(AUTHORIZATION, authorization.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials");
    request.send().await.is_ok_and(|answer| answer.status().is_success())
}
