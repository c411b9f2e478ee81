//! The command line, and what is said at the start.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use onduty_sim::scenario::script::Script;
use onduty_sim::{SimError, SimOptions, Simulator, WebhookAuth, WebhookFormat, WebhookTarget};

/// A simulated contact-centre cloud: Genesys Cloud's users API, the agent-states API, webhooks, and switches that
/// make them misbehave.
#[derive(Debug, Parser)]
#[command(name = "onduty-sim", version)]
pub(crate) struct Cli {
    /// Where to listen; port 0 takes any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7480")]
    listen: SocketAddr,
    /// How many agents there are.
    #[arg(long, value_name = "N", default_value_t = 60)]
    agents: usize,
    /// How many changes of state a second.
    #[arg(long, value_name = "EVENTS_PER_S", default_value_t = 2.0)]
    rate: f64,
    /// The seed of ids, people and moves: one seed gives one history.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where to push events.
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// What the sender proves itself with: a signing secret (`whsec_…`), user:password, a token, a key.
    #[arg(
        long,
        value_name = "SECRET",
        requires = "webhook",
        env = "ONDUTY_SIM_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    webhook_secret: Option<String>,
    /// How it does so: none, signed, basic, bearer or api-key; signed where there is a secret.
    #[arg(long, value_name = "SCHEME", requires = "webhook")]
    webhook_auth: Option<String>,
    /// The header for an API key.
    #[arg(long, value_name = "NAME", default_value = "x-onduty-key")]
    webhook_key_header: String,
    /// Their envelope: flat, notification, eventbridge, process-automation, bare, cloudevents, cloudevents-batch or
    /// relay.
    #[arg(long, value_name = "FORMAT", default_value = "flat", value_parser = format)]
    webhook_format: WebhookFormat,
    /// A TOML file of timed moves.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Speak TLS, by a certificate of an authority made at the start.
    #[arg(long)]
    tls: bool,
    /// The folder for the authority's certificate, which clients are to trust.
    #[arg(long, value_name = "FOLDER", default_value = ".", requires = "tls")]
    tls_dir: PathBuf,
}

fn format(text: &str) -> Result<WebhookFormat, String> {
    let names = || WebhookFormat::ALL.map(WebhookFormat::name).join(", ");
    WebhookFormat::parse(text).ok_or_else(|| format!("one of {}", names()))
}

impl Cli {
    /// The simulator that is asked for.
    pub(crate) fn into_options(self) -> Result<SimOptions, SimError> {
        let scheme = self.webhook_auth.as_deref();
        let scheme = scheme.unwrap_or(if self.webhook_secret.is_some() { "signed" } else { "none" });
        let auth = WebhookAuth::read(scheme, self.webhook_secret.as_deref(), &self.webhook_key_header)?;
        let format = self.webhook_format;
        Ok(SimOptions {
            listen: self.listen,
            agents: self.agents,
            rate: self.rate,
            seed: self.seed,
            webhook: self.webhook.map(|url| WebhookTarget { url, auth, format }),
            script: self.scenario.as_deref().map(Script::load).transpose()?,
            tls: self.tls.then_some(self.tls_dir),
        })
    }
}

/// What to tell whoever started it: addresses, a block for official SDKs, and something to try.
pub(crate) fn greeting(simulator: &Simulator, agents: usize) -> String {
    let (url, addr) = (simulator.url(), simulator.addr());
    let (host, port) = (addr.ip(), addr.port());
    let (protocol, trust, curl) = match simulator.ca_file() {
        Some(file) => {
            let file = file.display();
            ("https", format!("  trust          {file}\n"), format!("curl --cacert {file}"))
        }
        None => ("http", String::new(), "curl".to_owned()),
    };
    format!(
        "onduty-sim: {agents} agents
  platform API   {url}/api/v2
  log-in         {url}/oauth/token   (client sim-full, secret sim-secret)
  control plane  {url}/sim/agents
{trust}
For an official SDK's configuration file:
[gateway]
host = {host}
protocol = {protocol}
port = {port}

Try:
  {curl} -s {url}/sim/agents | head -c 600
  {curl} -s -u sim-full:sim-secret -d grant_type=client_credentials {url}/oauth/token
"
    )
}
