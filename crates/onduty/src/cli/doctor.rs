//! `onduty doctor [ID...]`: what stands between a caller and an agent's state, check by check. Asks the sidecar; where
//! none answers, looks for itself, from the configuration.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use onduty_client::proto::{Check, CheckStatus, DiagnoseResponse, Finding};
use onduty_client::{Client, ClientError};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::Invocation;
use super::failure::Failure;
use super::get::duration;
use super::output::wrap::wrapped;
use super::output::{Output, checks, finding, plain};
use super::settings::Settings;
use crate::api::diagnosis::to_response;
use crate::clock::Clock;
use crate::config::{Config, ConfigErrors};
use crate::doctor::{self, Examination};
use crate::proto_json::diagnosis::diagnosis;

/// Between two looks while waiting. A sidecar tells the same for so long, and whoever looks without one signs in anew.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// Agents to look at beside everything else, by id
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    settings: Settings,
    /// Look again until no check fails, for so long at most
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    wait: Option<Duration>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Form,
}

/// The form of what the doctor prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Table,
    /// One JSON document: a `DiagnoseResponse`, or of several IDs `{"diagnoses": [...]}`, one for each
    Json,
    /// A line for each check that is not ok, and a verdict
    Short,
}

/// Whom to ask.
enum Practice {
    Sidecar(Client),
    /// Each look by a doctor of its own, who remembers no refusal of the look before.
    Alone(Box<Config>, Clock),
    /// Nobody can be asked.
    Misconfigured(ConfigErrors),
}

/// What came of it.
struct Round {
    /// One for each ID, or one.
    responses: Vec<DiagnoseResponse>,
    code: u8,
}

impl Doctor {
    /// Looks, again and again if asked to, and prints what was seen last.
    pub(super) async fn run(
        self,
        address: &str,
        invocation: Invocation,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let Self { ids, settings, wait, output: form } = self;
        let clock = invocation.clock.clone();
        let (practice, words) = open(address, &settings, invocation).await?;
        let deadline = wait.map(|wait| Instant::now() + wait);
        let mut shown = String::new();
        let round = loop {
            let round = practice.look(&ids).await?;
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            let Some(left) = left.filter(|left| !left.is_zero() && round.may_heal()) else { break round };
            let trouble = round.trouble();
            if trouble != shown {
                output.note(format_args!("waiting: {trouble} ({}s left)", left.as_secs()))?;
                shown = trouble;
            }
            sleep(LOOK_EVERY.min(left)).await;
        };
        print(&round, &words, &clock, form, output)?;
        Ok(ExitCode::from(round.code))
    }
}

/// The sidecar, or whatever can be done without one; and a line that says which.
async fn open(
    address: &str,
    settings: &Settings,
    invocation: Invocation,
) -> Result<(Practice, String), Failure> {
    match Client::connect(address).await {
        Ok(client) => {
            let words = format!("asked the sidecar at {}", client.address());
            return Ok((Practice::Sidecar(client), words));
        }
        Err(ClientError::Unreachable { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let words = format!("no sidecar answers at {address}: looked for myself, from the configuration");
    let clock = invocation.clock.clone();
    let layers = settings.layers(invocation.environment, invocation.state_dir)?;
    let practice = match Config::load(&layers) {
        Ok(config) => Practice::Alone(Box::new(config), clock),
        Err(errors) => Practice::Misconfigured(errors),
    };
    Ok((practice, words))
}

impl Practice {
    async fn look(&self, ids: &[String]) -> Result<Round, Failure> {
        let mut asked: Vec<Option<&str>> = ids.iter().map(|id| Some(&**id)).collect();
        if asked.is_empty() {
            asked.push(None);
        }
        let (mut responses, mut reached) = (Vec::new(), true);
        match self {
            Self::Sidecar(client) => {
                for id in asked {
                    responses.push(client.diagnose(id).await?);
                }
            }
            Self::Alone(config, clock) => {
                let doctor = doctor::Doctor::alone(config, clock.clone()).map_err(Failure::Platform)?;
                for id in asked {
                    let examination = doctor.examine(id, None).await;
                    reached &= examination.reached;
                    responses.push(to_response(&examination));
                }
            }
            Self::Misconfigured(errors) => {
                let examination = Examination::of_invalid_configuration(errors);
                return Ok(Round { responses: vec![to_response(&examination)], code: 2 });
            }
        }
        Ok(Round::of(responses, reached))
    }
}

impl Round {
    fn of(responses: Vec<DiagnoseResponse>, reached: bool) -> Self {
        let failed = responses.iter().any(|response| {
            response.finding.is_some()
                || response.checks.iter().any(|check| check.status() == CheckStatus::Fail)
        });
        let code = match (reached, failed) {
            (false, _) => 3,
            (true, true) => 1,
            (true, false) => 0,
        };
        Self { responses, code }
    }

    /// A configuration stays as it is, and what is fine is fine.
    const fn may_heal(&self) -> bool {
        matches!(self.code, 1 | 3)
    }

    fn trouble(&self) -> String {
        let mut checks = self.responses.iter().flat_map(|response| &response.checks);
        let failed = checks.find(|check| check.status() == CheckStatus::Fail);
        failed.map_or_else(
            || "an agent has no state".to_owned(),
            |check| format!("{}: {}", plain(&check.name), plain(&check.found)),
        )
    }

    /// The checks about everything, and those about single agents, each with its finding.
    fn parts(&self) -> (&[Check], Vec<(&[Check], &DiagnoseResponse)>) {
        let split = |response: &DiagnoseResponse| {
            let about_agent = |check: &Check| check.name == doctor::FIRST_OF_AGENT;
            response.checks.iter().position(about_agent).unwrap_or(response.checks.len())
        };
        let general = self.responses.first().map_or(&[][..], |first| &first.checks[..split(first)]);
        let agents = self.responses.iter().map(|response| (&response.checks[split(response)..], response));
        (general, agents.filter(|(checks, _)| !checks.is_empty()).collect())
    }
}

fn print(round: &Round, words: &str, clock: &Clock, form: Form, output: &mut Output<'_>) -> io::Result<()> {
    let (general, agents) = round.parts();
    let all: Vec<Check> =
        general.iter().chain(agents.iter().flat_map(|(checks, _)| *checks)).cloned().collect();
    match form {
        Form::Json => {
            output.note(plain(words))?;
            let mut documents: Vec<Value> = round.responses.iter().map(diagnosis).collect();
            match documents.pop() {
                Some(only) if documents.is_empty() => output.line(format_args!("{only:#}")),
                last => {
                    documents.extend(last);
                    output.line(format_args!("{:#}", json!({"diagnoses": documents})))
                }
            }
        }
        Form::Short => {
            output.note(plain(words))?;
            for check in &all {
                if let Some(line) = checks::short(check) {
                    output.line(line)?;
                }
            }
            output.line(checks::verdict(&all))
        }
        Form::Table => {
            let width = output.screen.prose_width();
            for line in wrapped("", &plain(words), width) {
                output.line(line)?;
            }
            for line in checks::lines(general, output.screen) {
                output.line(line)?;
            }
            for (checks, response) in agents {
                for line in checks::lines(checks, output.screen) {
                    output.line(line)?;
                }
                // A finding that stands on a line of its own need not be told twice.
                let told = |miss: &&Finding| {
                    let is_it = |check: &&Check| check.reason == miss.reason;
                    checks.iter().filter(is_it).any(|check| check.status() == CheckStatus::Fail)
                };
                if let Some(miss) = response.finding.as_ref().filter(|miss| !told(miss)) {
                    finding::lines(miss, clock.now(), output.screen)
                        .into_iter()
                        .try_for_each(|line| output.line(line))?;
                }
            }
            wrapped("", &checks::verdict(&all), width).into_iter().try_for_each(|line| output.line(line))
        }
    }
}
