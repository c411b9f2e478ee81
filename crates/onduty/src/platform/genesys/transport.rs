//! HTTP as it is used towards the platform: limits of time and size, no redirects, TLS without OpenSSL.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use super::error::ClientError;
use crate::config::PlatformConfig;
use crate::error_chain::Chain;

/// From sending a request to the last byte of its answer.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Of that, for the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Whatever both sides like best.
    Any,
    /// HTTP/1.1 only.
    Http1,
}

/// A client for both hosts.
///
/// # Errors
///
/// When TLS can't be set up.
pub(super) fn http_client(
    config: &PlatformConfig,
    protocol: Protocol,
) -> Result<reqwest::Client, ClientError> {
    // Whoever came first installed the same provider, or one of their own choice: either will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the token to a host that nobody configured.
        .redirect(Policy::none())
        .user_agent(concat!("onduty/", env!("CARGO_PKG_VERSION")));
    let builder = match protocol {
        Protocol::Any => builder,
        Protocol::Http1 => builder.http1_only(),
    };
    let plain = |url: &str| url.starts_with("http://");
    let builder = if plain(config.api_url.as_str()) && plain(config.login_url.as_str()) {
        // Without TLS no certificate store is needed, and bare machines have none.
        builder.tls_certs_only([])
    } else {
        builder
    };
    Ok(builder.build()?)
}

/// Reads a body up to a limit.
pub(super) async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| what_happened(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(format!("the answer is longer than {limit} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Whole seconds in a header.
pub(super) fn seconds_of(headers: &HeaderMap, name: &str) -> Option<Duration> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

/// What went wrong on the way, without the URL: it holds ids.
pub(super) fn what_happened(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() {
        "could not connect"
    } else if error.is_timeout() {
        "no answer in time"
    } else {
        "the connection broke"
    };
    match std::error::Error::source(error) {
        Some(cause) => format!("{kind}: {}", Chain(cause)),
        None => kind.to_owned(),
    }
}
