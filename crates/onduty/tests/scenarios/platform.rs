//! The simulated platform: its control plane, and what a caller sees of it who has nothing but an HTTP client and the
//! token of the same OAuth client that the sidecar signs in with.

use std::net::SocketAddr;

use onduty_sim::{SimOptions, Simulator, WebhookAuth, WebhookFormat, WebhookTarget};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cast::Cast;

/// What the simulator signs its pushes with.
pub(crate) const PUSH_SECRET: &str = "whsec_b25kdXR5IHNjZW5hcmlvIHN1aXRlIHNlY3JldA==";

/// The region that the simulator has besides its own.
const OTHER_REGION: &str = "usw2.pure.cloud";

/// The platform of one scenario.
pub(crate) struct Simulated {
    simulator: Simulator,
    http: reqwest::Client,
}

/// One thing done to the platform through its control plane. Words in angle brackets stand for ids: see [`Cast`].
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    method: Method,
    path: String,
    body: Value,
}

/// What a caller without onduty asks, and what they see.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    asks: Asks,
    sees: Sees,
}

#[derive(Clone, Debug)]
enum Asks {
    /// For a token.
    SignIn,
    /// A read.
    Get(&'static str),
    /// A query in a body.
    Post(&'static str, Value),
}

/// What is seen: the silence, the lie, the short list, or the refusal.
#[derive(Clone, Debug)]
pub(crate) enum Sees {
    /// 200, and nobody: `[]`, or a page of nobody.
    Nobody,
    /// 200, and so many rows.
    Rows(usize),
    /// 200, and this there.
    At(&'static str, Value),
    /// 200, and something else there.
    NotAt(&'static str, Value),
    /// 200, and nothing there.
    Without(&'static str),
    /// 200, and this text nowhere.
    NoWordOf(&'static str),
    /// This status and code.
    Refusal(u16, &'static str),
}

impl Simulated {
    pub(crate) async fn start(agents: usize, pushes_to: Option<u16>) -> Self {
        let webhook = pushes_to.map(|port| WebhookTarget {
            url: format!("http://127.0.0.1:{port}/webhooks/genesys"),
            auth: WebhookAuth::Signed(PUSH_SECRET.to_owned()),
            format: WebhookFormat::Flat,
        });
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let options = SimOptions { listen, agents, rate: 0.0, webhook, ..SimOptions::default() };
        let simulator = Simulator::start(options).await.unwrap();
        // Another scenario of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy().build().unwrap();
        Self { simulator, http }
    }

    pub(crate) fn url(&self) -> String {
        self.simulator.url()
    }

    /// The table of regions for the sidecar's configuration.
    pub(crate) fn other_regions(&self) -> String {
        format!("{OTHER_REGION}={}/region/{OTHER_REGION}", self.url())
    }

    pub(crate) async fn stop(self) {
        self.simulator.shutdown().await;
    }

    /// A read of the control plane.
    pub(crate) async fn truth(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}/sim/{path}", self.url())).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// Does a turn. Who is hired by it joins the cast.
    pub(crate) async fn take(&self, turn: &Turn, cast: &mut Cast) {
        let url = format!("{}/sim/{}", self.url(), cast.fill(&turn.path));
        let request = self.http.request(turn.method.clone(), url).json(&cast.fill_in(&turn.body));
        let answer = request.send().await.unwrap();
        let (status, said): (_, Value) = (answer.status(), answer.json().await.unwrap());
        assert!(status.is_success(), "{turn:?}: {status} {said}");
        if turn.path == "agents" {
            cast.joined_by(&said[0]);
        }
    }

    /// A token, and what the log-in host said if there is none.
    pub(crate) async fn sign_in(&self, client: &str, at: &str) -> Result<String, (u16, Value)> {
        let request = self.http.post(format!("{}{at}/oauth/token", self.url()));
        let form = [("grant_type", "client_credentials")];
        let answer = request.basic_auth(client, Some("sim-secret")).form(&form).send().await.unwrap();
        let (status, said): (_, Value) = (answer.status().as_u16(), answer.json().await.unwrap());
        said["access_token"].as_str().map(str::to_owned).ok_or((status, said.clone()))
    }

    /// A read with a token.
    pub(crate) async fn get(&self, path: &str, token: &str) -> (u16, Value) {
        self.ask(self.http.get(format!("{}{path}", self.url())), token).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder, token: &str) -> (u16, Value) {
        let answer = request.bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// A caller looks, and sees what the scenario says. The words for it go into the table at the end.
    pub(crate) async fn look(&self, look: &Look, caller: &Caller<'_>, cast: &Cast) -> String {
        let token = caller.token.as_deref().unwrap_or("none");
        let (status, body) = match &look.asks {
            Asks::SignIn => self.sign_in(caller.client, "").await.expect_err("no token here"),
            Asks::Get(path) => self.get(&cast.fill(path), token).await,
            Asks::Post(path, body) => {
                let request = self.http.post(format!("{}{}", self.url(), cast.fill(path)));
                self.ask(request.json(&cast.fill_in(body)), token).await
            }
        };
        assert!(look.sees.is_so(status, &body, cast), "{look:?} but it is {status} {body}");
        look.words()
    }

    /// Counts requests anew.
    pub(crate) async fn forget_requests(&self) {
        let url = format!("{}/sim/stats/reset", self.url());
        self.http.post(url).send().await.unwrap().error_for_status().unwrap();
    }

    /// Requests counted since, by route.
    pub(crate) async fn requests(&self) -> Vec<(String, u64)> {
        let stats = self.truth("stats").await;
        let counted = stats["requests"].as_array().unwrap().iter();
        counted
            .map(|line| (line["route"].as_str().unwrap().to_owned(), line["count"].as_u64().unwrap()))
            .collect()
    }
}

/// Somebody with a token.
pub(crate) struct Caller<'a> {
    pub(crate) client: &'a str,
    pub(crate) token: Option<String>,
}

impl Turn {
    fn of(method: Method, path: impl Into<String>, body: Value) -> Self {
        Self { method, path: path.into(), body }
    }
}

/// Sets switches.
pub(crate) fn faults(switches: Value) -> Turn {
    Turn::of(Method::PUT, "faults", switches)
}

/// Makes a client, or makes one anew.
pub(crate) fn client(id: &str, mut rights: Value) -> Turn {
    rights["clientId"] = json!(id);
    Turn::of(Method::POST, "clients", rights)
}

/// Takes a client away.
pub(crate) fn no_client(id: &str) -> Turn {
    Turn::of(Method::DELETE, format!("clients/{id}"), Value::Null)
}

/// Does something about one agent: `state`, `account`, `division`, `queues`.
pub(crate) fn about(who: &str, what: &str, body: Value) -> Turn {
    Turn::of(Method::POST, format!("agents/{who}/{what}"), body)
}

/// Hires somebody, who is `<newcomer>` from then on.
pub(crate) fn hire() -> Turn {
    Turn::of(Method::POST, "agents", json!({"count": 1}))
}

/// Revokes every token.
pub(crate) fn revoke_tokens() -> Turn {
    Turn::of(Method::POST, "disconnect", json!({}))
}

/// Waits until everything pushed so far has arrived.
pub(crate) fn delivered() -> Turn {
    Turn::of(Method::POST, "pause", json!({}))
}

/// A caller reads.
pub(crate) fn get(path: &'static str, sees: Sees) -> Look {
    Look { asks: Asks::Get(path), sees }
}

/// A caller sends a query.
pub(crate) fn post(path: &'static str, body: Value, sees: Sees) -> Look {
    Look { asks: Asks::Post(path, body), sees }
}

/// A caller asks for a token and is refused.
pub(crate) fn sign_in(status: u16, code: &'static str) -> Look {
    Look { asks: Asks::SignIn, sees: Sees::Refusal(status, code) }
}

impl Look {
    fn words(&self) -> String {
        let path = match &self.asks {
            Asks::SignIn => "/oauth/token",
            Asks::Get(path) | Asks::Post(path, _) => path,
        };
        format!("{path} {}", self.sees.words())
    }
}

impl Sees {
    fn is_so(&self, status: u16, body: &Value, cast: &Cast) -> bool {
        let is_there = |pointer: &str, value: &Value| body.pointer(pointer) == Some(&cast.fill_in(value));
        match self {
            Self::Refusal(wanted, code) => {
                let said = body["code"].as_str().or_else(|| body["error"].as_str());
                status == *wanted && said == Some(code)
            }
            Self::Nobody => status == 200 && rows(body) == Some(0),
            Self::Rows(count) => status == 200 && rows(body) == Some(*count),
            Self::At(pointer, value) => status == 200 && is_there(pointer, value),
            Self::NotAt(pointer, value) => {
                status == 200 && body.pointer(pointer).is_some() && !is_there(pointer, value)
            }
            Self::Without(pointer) => status == 200 && body.pointer(pointer).is_none(),
            Self::NoWordOf(text) => status == 200 && !body.to_string().contains(&cast.fill(text)),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Nobody => "200, nobody".to_owned(),
            Self::Rows(count) => format!("200, {count} rows"),
            Self::At(pointer, value) => format!("200, {pointer} = {value}"),
            Self::NotAt(pointer, value) => format!("200, {pointer} is not {value}"),
            Self::Without(pointer) => format!("200, no {pointer}"),
            Self::NoWordOf(text) => format!("200, no word of {text}"),
            Self::Refusal(status, code) => format!("{status} {code}"),
        }
    }
}

/// How many rows an answer has: the platform writes an array, a page, or results.
fn rows(body: &Value) -> Option<usize> {
    let rows = body.as_array().or_else(|| body["entities"].as_array()).or_else(|| body["results"].as_array());
    rows.map(Vec::len)
}
