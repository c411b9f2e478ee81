//! `onduty get ID...`: states from the running sidecar, or why there is none.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use onduty_client::Client;
use onduty_client::proto::agent_state_result::Result as Answer;
use onduty_client::proto::{AgentState, AgentStateResult, Finding};
use onduty_core::time::Timestamp;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Format, Output, finding, states};
use crate::config::parse_duration;
use crate::proto_json;

/// Arguments of `get`.
#[derive(Debug, Args)]
pub(super) struct Get {
    /// Agent ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// The oldest state that will do, such as 30s
    #[arg(long, value_name = "SPAN", value_parser = duration)]
    max_staleness: Option<Duration>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

/// Reads a duration given as a flag.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "give a number and a unit, such as 250ms, 30s, 5m or 1h".to_owned())
}

type Answers = Vec<Result<AgentState, Box<Finding>>>;

impl Get {
    /// Asks and prints. A finding makes the exit code 1, whatever else was found.
    pub(super) async fn run(
        self,
        client: &Client,
        now: Timestamp,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let mut client = client.clone();
        if let Some(max_staleness) = self.max_staleness {
            client = client.with_max_staleness(max_staleness);
        }
        let answers = match client.batch_get(&self.ids).await {
            Ok(answers) => answers,
            Err(error) => {
                let Some(finding) = error.finding() else { return Err(error.into()) };
                vec![Err(Box::new(finding.clone()))]
            }
        };
        let missed = answers.iter().any(Result::is_err);
        print(answers, self.output, now, output)?;
        Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print(answers: Answers, format: Format, now: Timestamp, output: &mut Output<'_>) -> io::Result<()> {
    match format {
        Format::Table => print_table(answers, now, output),
        Format::Json => {
            let results: Vec<Value> = answers.into_iter().map(to_json).collect();
            output.line(format_args!("{:#}", json!({"results": results})))
        }
        Format::Ndjson => answers.into_iter().try_for_each(|answer| output.line(to_json(answer))),
    }
}

fn print_table(answers: Answers, now: Timestamp, output: &mut Output<'_>) -> io::Result<()> {
    let (found, missed): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let found: Vec<AgentState> = found.into_iter().filter_map(Result::ok).collect();
    if !found.is_empty() {
        for line in states::table(&found, now, output.screen) {
            output.line(line)?;
        }
        output.out.flush()?;
    }
    for miss in missed.into_iter().filter_map(Result::err) {
        for line in finding::lines(&miss, now, output.screen) {
            output.note(line)?;
        }
    }
    Ok(())
}

fn to_json(answer: Result<AgentState, Box<Finding>>) -> Value {
    let result = match answer {
        Ok(state) => Answer::AgentState(state),
        Err(finding) => Answer::Finding(*finding),
    };
    proto_json::agent_state_result(&AgentStateResult { result: Some(result) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;

    fn printed(format: Format) -> (String, String) {
        let state = AgentState { agent_id: "a1".to_owned(), name: "Ada".to_owned(), ..Default::default() };
        let finding =
            Finding { reason: "AGENT_UNKNOWN".to_owned(), agent_id: "a2".to_owned(), ..Default::default() };
        let answers = vec![Ok(state), Err(Box::new(finding))];
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = Screen::decide(None, &Default::default());
        let mut output = Output { out: &mut out, about: &mut about, screen };
        print(answers, format, Timestamp::from_millis(0), &mut output).expect("written");
        (String::from_utf8(out).expect("text"), String::from_utf8(about).expect("text"))
    }

    #[test]
    fn every_form_carries_the_states_and_the_findings() {
        let both = [
            json!({"agentState": {"agentId": "a1", "name": "Ada"}}),
            json!({"finding": {"reason": "AGENT_UNKNOWN", "agentId": "a2"}}),
        ];

        let (out, about) = printed(Format::Json);
        let document: Value = serde_json::from_str(&out).expect("one document");
        assert_eq!((document, about.as_str()), (json!({"results": both}), ""));

        let (out, about) = printed(Format::Ndjson);
        let lines: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        assert_eq!((lines.as_slice(), about.as_str()), (&both[..], ""));

        let (out, about) = printed(Format::Table);
        assert!(out.contains("Ada") && !out.contains("AGENT_UNKNOWN"), "{out}");
        assert!(about.starts_with("AGENT_UNKNOWN a2"), "{about}");
    }
}
