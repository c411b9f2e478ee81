//! A simulator for one test, and the few things that every test does with it.

use std::net::SocketAddr;

use onduty_sim::{SimOptions, Simulator, WebhookAuth, WebhookFormat, WebhookTarget};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};

/// A still simulator on a free port.
pub(crate) struct House {
    pub(crate) simulator: Simulator,
    pub(crate) http: Client,
    pub(crate) url: String,
}

impl House {
    pub(crate) async fn of(agents: usize) -> Self {
        Self::with(SimOptions { agents, ..still() }).await
    }

    pub(crate) async fn pushing_to(url: String, secret: &str, agents: usize, rate: f64) -> Self {
        let webhook =
            WebhookTarget { url, auth: WebhookAuth::Signed(secret.to_owned()), format: WebhookFormat::Flat };
        Self::with(SimOptions { agents, rate, webhook: Some(webhook), ..still() }).await
    }

    pub(crate) async fn with(options: SimOptions) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let simulator = Simulator::start(options).await.unwrap();
        let url = simulator.url();
        Self { simulator, http: Client::new(), url }
    }

    /// A token for one of the known clients.
    pub(crate) async fn token(&self, client: &str) -> String {
        let response = self.ask_for_token("", client, "sim-secret").await;
        assert_eq!(response.status(), StatusCode::OK);
        let body: Value = response.json().await.unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn ask_for_token(&self, prefix: &str, client: &str, secret: &str) -> Response {
        let request = self.http.post(format!("{}{prefix}/oauth/token", self.url));
        let form = [("grant_type", "client_credentials")];
        request.basic_auth(client, Some(secret)).form(&form).send().await.unwrap()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// The status and body of a read.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        let response = self.send(Method::GET, path, token, None).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The status and body of a query that is sent as a body.
    pub(crate) async fn query(&self, path: &str, token: &str, body: Value) -> (u16, Value) {
        let response = self.send(Method::POST, path, token, Some(body)).await;
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The body of a control, which has to succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let response = self.send(method, &format!("/sim/{path}"), "", Some(body)).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap()
    }

    pub(crate) async fn set(&self, faults: Value) {
        self.control(Method::PUT, "faults", faults).await;
    }

    /// The truth about everybody.
    pub(crate) async fn truth(&self) -> Vec<Value> {
        let (_, agents) = self.get("/sim/agents", "").await;
        agents.as_array().unwrap().clone()
    }

    /// Makes somebody be in this state, and gives the truth about them.
    pub(crate) async fn force(&self, agent: &Value, state: Value) -> Value {
        let path = format!("agents/{}/state", text(agent, "agentId"));
        self.control(Method::POST, &path, state).await
    }

    /// Somebody at work in a division that is not the home division.
    pub(crate) async fn somebody(&self) -> Value {
        let agent = self.truth().await.remove(1);
        self.force(&agent, json!({"presence": "On Queue", "routingStatus": "IDLE"})).await
    }

    pub(crate) async fn close(self) {
        assert!(self.simulator.shutdown().await, "a task did not end");
    }
}

pub(crate) fn still() -> SimOptions {
    SimOptions {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        agents: 60,
        rate: 0.0,
        ..SimOptions::default()
    }
}

pub(crate) fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}"))
}
