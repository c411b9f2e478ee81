//! Ordinary HTTP clients, and what they are told.

use onduty_core::finding::Reason;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, Response};
use serde_json::Value;

use crate::stage::{PATIENCE, Stage, within};

/// A client of one protocol version.
pub(crate) struct Caller {
    http: Client,
    at: String,
}

/// What a client was told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// Which version of HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    One,
    Two,
}

impl Caller {
    pub(crate) fn new(stage: &Stage, version: Version) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().no_proxy().timeout(PATIENCE);
        let builder = match version {
            Version::One => builder.http1_only(),
            Version::Two => builder.http2_prior_knowledge(),
        };
        Self { http: builder.build().unwrap(), at: format!("http://{}", stage.address) }
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        self.call(Method::GET, path, &[], "").await
    }

    /// An answer whose body is yet to come.
    pub(crate) async fn begin(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.send(Method::GET, path, headers, "").await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Response {
        let mut request = self.http.request(method, format!("{}{path}", self.at)).body(body.into());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        within(request.send()).await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) -> Told {
        self.call(Method::POST, path, &[("content-type", "application/json")], body).await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<String>,
    ) -> Told {
        let response = self.send(method, path, headers, body).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Told { status, headers, text: within(response.text()).await.expect("a whole answer") }
    }
}

/// A client of HTTP/1.1.
pub(crate) fn caller(stage: &Stage) -> Caller {
    Caller::new(stage, Version::One)
}

impl Told {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect(&self.text)
    }

    /// The body of an answer that has what was asked for.
    pub(crate) fn found(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        self.json()
    }

    /// The members of a problem with this status, which every problem has.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json", "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for member in ["type", "title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {problem}");
        }
        problem
    }

    /// The name of the parameter that a request at fault is refused for.
    pub(crate) fn parameter(&self) -> String {
        let problem = self.problem(400);
        let parameter = problem["parameter"].as_str().expect("a parameter").to_owned();
        assert!(problem["detail"].as_str().unwrap().starts_with(&parameter), "{problem}");
        parameter
    }
}

/// Checks that a finding says all that a finding has to say.
pub(crate) fn check_finding(finding: &Value, reason: Reason, agent_id: &str) {
    assert_eq!(finding["reason"], reason.name(), "{finding}");
    assert_eq!(finding["agentId"], agent_id);
    assert_eq!(finding["helpUrl"], reason.help_url());
    for member in ["summary", "remedy"] {
        assert!(finding[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {finding}");
    }
}
