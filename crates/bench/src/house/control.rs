//! The simulator's control plane.

use std::time::Duration;

use serde_json::Value;

/// Why it did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// There is no HTTP client.
    #[error("could not set up an HTTP client")]
    Client(#[source] reqwest::Error),
    /// It did not answer, or refused.
    #[error("the simulator did not do what /sim/{path} asks for")]
    Call {
        /// What was asked for.
        path: String,
        /// Why.
        source: reqwest::Error,
    },
}

/// Tells a simulator what to do, and asks for the truth.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    base: String,
    http: reqwest::Client,
}

/// A pause takes up to thirty seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

impl Control {
    /// Of the simulator at this address.
    pub(crate) fn of(base: &str) -> Result<Self, ControlError> {
        Ok(Self { base: base.to_owned(), http: http().map_err(ControlError::Client)? })
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, ControlError> {
        self.send(path, self.http.get(self.url(path))).await
    }

    /// Orders.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value, ControlError> {
        self.send(path, self.http.post(self.url(path)).json(body)).await
    }

    /// Sets.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value, ControlError> {
        self.send(path, self.http.put(self.url(path)).json(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/sim/{path}", self.base)
    }

    async fn send(&self, path: &str, request: reqwest::RequestBuilder) -> Result<Value, ControlError> {
        let failed = |source| ControlError::Call { path: path.to_owned(), source };
        let answer = request.timeout(TIMEOUT).send().await.map_err(failed)?;
        answer.error_for_status().map_err(failed)?.json().await.map_err(failed)
    }
}

/// A client for plain HTTP on this machine. TLS is compiled in, so it wants a provider all the same.
pub(super) fn http() -> reqwest::Result<reqwest::Client> {
    // Whoever was first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build()
}
