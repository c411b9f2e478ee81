//! `onduty list`: every agent that matches, and the account that adds up.

use std::io;
use std::process::ExitCode;

use clap::Args;
use onduty_client::proto::{AgentFilter, RoutingStatus, SystemPresence};
use onduty_client::{Client, Listing};
use onduty_core::time::Timestamp;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::palette::words;
use super::output::{Format, Output, account, states};
use crate::proto_json;

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    filter: Filter,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

/// Which agents. Each flag may be repeated (any of its values will do); all flags given must hold.
#[derive(Debug, Args)]
pub(super) struct Filter {
    /// A system presence, such as on-queue, available or meal
    #[arg(long, value_name = "P", value_parser = presence)]
    presence: Vec<SystemPresence>,
    /// A routing status, such as idle, interacting or not-responding
    #[arg(long, value_name = "R", value_parser = routing)]
    routing: Vec<RoutingStatus>,
    /// The id of a queue that the agent is active on
    #[arg(long, value_name = "Q")]
    queue: Vec<String>,
    /// The id of the division that the agent belongs to
    #[arg(long, value_name = "D")]
    division: Vec<String>,
}

impl Filter {
    pub(super) fn to_proto(&self) -> AgentFilter {
        AgentFilter {
            presences: self.presence.iter().map(|presence| i32::from(*presence)).collect(),
            routing_statuses: self.routing.iter().map(|routing| i32::from(*routing)).collect(),
            queue_ids: self.queue.clone(),
            division_ids: self.division.clone(),
            logged_in: None,
        }
    }
}

fn presence(text: &str) -> Result<SystemPresence, String> {
    let all = (1..).map_while(|number| SystemPresence::try_from(number).ok());
    pick(text, all, SystemPresence::as_str_name, "SYSTEM_PRESENCE_")
}

fn routing(text: &str) -> Result<RoutingStatus, String> {
    let all = (1..).map_while(|number| RoutingStatus::try_from(number).ok());
    pick(text, all, RoutingStatus::as_str_name, "ROUTING_STATUS_")
}

/// The value that is meant, however its words are joined and written: `on-queue`, `On Queue`, `ON_QUEUE`, `OnQueue`.
fn pick<T: Copy>(
    text: &str,
    all: impl Iterator<Item = T> + Clone,
    name: impl Fn(&T) -> &'static str,
    prefix: &str,
) -> Result<T, String> {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let word = |value: &T| words(name(value), prefix).replace(' ', "-");
    let wanted = letters(text);
    all.clone().find(|value| letters(&word(value)) == wanted).ok_or_else(|| {
        let words: Vec<String> = all.map(|value| word(&value)).collect();
        format!("give one of {}", words.join(", "))
    })
}

impl List {
    /// Asks and prints.
    pub(super) async fn run(
        self,
        client: &Client,
        now: Timestamp,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let listing = client.list(self.filter.to_proto()).await?;
        print(&listing, self.output, now, output)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn print(listing: &Listing, format: Format, now: Timestamp, output: &mut Output<'_>) -> io::Result<()> {
    match format {
        Format::Table => {
            for line in states::table(&listing.agent_states, now, output.screen) {
                output.line(line)?;
            }
            output.line(account::line(&listing.account))
        }
        Format::Json => {
            let states: Vec<Value> = listing.agent_states.iter().map(proto_json::agent_state).collect();
            let account = proto_json::account(&listing.account);
            let document = json!({"agentStates": states, "cursor": listing.cursor, "account": account});
            output.line(format_args!("{document:#}"))
        }
        Format::Ndjson => {
            for state in &listing.agent_states {
                output.line(proto_json::agent_state(state))?;
            }
            output.out.flush()?;
            output.note(account::line(&listing.account))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;
    use onduty_client::proto::{Account, AgentState};

    #[test]
    fn values_are_taken_however_they_are_written() {
        for text in ["on-queue", "On Queue", "ON_QUEUE", "OnQueue", "onqueue"] {
            assert_eq!(presence(text), Ok(SystemPresence::OnQueue), "{text}");
        }
        assert_eq!(routing("not-responding"), Ok(RoutingStatus::NotResponding));
        assert_eq!(
            routing("busy"),
            Err("give one of off-queue, idle, interacting, not-responding, communicating".to_owned())
        );
        assert!(presence("unspecified").is_err() && presence("").is_err());
    }

    fn printed(format: Format) -> (String, String) {
        let state =
            |id: &str| AgentState { agent_id: id.to_owned(), revision: 1 << 60, ..Default::default() };
        let account = Account { directory_total: 3, shown: 2, unknown: 1, ..Default::default() };
        let listing =
            Listing { agent_states: vec![state("a"), state("b")], account, cursor: "c1".to_owned() };
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = Screen::decide(None, &Default::default());
        let mut output = Output { out: &mut out, about: &mut about, screen };
        print(&listing, format, Timestamp::from_millis(0), &mut output).expect("written");
        (String::from_utf8(out).expect("text"), String::from_utf8(about).expect("text"))
    }

    #[test]
    fn every_form_carries_the_account() {
        let line = "3 agents = 2 shown + 0 filtered out + 0 withheld + 1 unknown";
        let (out, about) = printed(Format::Table);
        assert_eq!((out.lines().last(), about.as_str()), (Some(line), ""));

        let (out, about) = printed(Format::Ndjson);
        assert_eq!(about.trim_end(), line);
        for each in out.lines() {
            let object: Value = serde_json::from_str(each).expect("an object a line");
            assert_eq!(object["revision"], json!("1152921504606846976"));
        }

        let (out, _) = printed(Format::Json);
        let document: Value = serde_json::from_str(&out).expect("one document");
        assert_eq!(document["account"]["directoryTotal"], json!("3"));
        assert_eq!(document["agentStates"].as_array().map(Vec::len), Some(2));
    }
}
