//! `onduty why ID`: what was heard about one agent, accepted or not, and the rule that decided. Newest first, as on the
//! wire: what is asked about is mostly what happened last, and a limit then cuts the oldest off.

use std::io;
use std::process::ExitCode;

use clap::Args;
use onduty_client::Client;
use onduty_client::proto::{Finding, GetTimelineResponse};
use onduty_core::time::Timestamp;
use serde_json::json;

use super::failure::Failure;
use super::output::{Format, Output, finding, timeline};
use crate::proto_json;

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(super) struct Why {
    /// The agent's id
    #[arg(value_name = "ID")]
    id: String,
    /// At most so many statements, the newest
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

impl Why {
    /// Asks and prints. For an agent nobody ever heard of, the finding, and exit code 1.
    pub(super) async fn run(
        self,
        client: &Client,
        now: Timestamp,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        match client.timeline(&self.id, limit).await {
            Ok(timeline) => {
                print(&timeline, self.output, now, output)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                let Some(finding) = error.finding() else { return Err(error.into()) };
                print_miss(finding, self.output, now, output)?;
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

fn print(
    timeline: &GetTimelineResponse,
    format: Format,
    now: Timestamp,
    output: &mut Output<'_>,
) -> io::Result<()> {
    match format {
        Format::Table => {
            for line in timeline::lines(timeline, now, output.screen) {
                output.line(line)?;
            }
            output.out.flush()?;
            if timeline.next_page_token.is_empty() {
                return Ok(());
            }
            output.note("there are older ones: ask for more with --limit")
        }
        Format::Json => output.line(format_args!("{:#}", proto_json::timeline::timeline(timeline))),
        Format::Ndjson => {
            for entry in &timeline.entries {
                output.line(proto_json::timeline::timeline_entry(entry))?;
            }
            output.out.flush()?;
            if timeline.note.is_empty() { Ok(()) } else { output.note(super::output::plain(&timeline.note)) }
        }
    }
}

fn print_miss(miss: &Finding, format: Format, now: Timestamp, output: &mut Output<'_>) -> io::Result<()> {
    let document = json!({"finding": proto_json::finding(miss)});
    match format {
        Format::Table => {
            finding::lines(miss, now, output.screen).into_iter().try_for_each(|line| output.note(line))
        }
        Format::Json => output.line(format_args!("{document:#}")),
        Format::Ndjson => output.line(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;
    use onduty_client::proto::TimelineEntry;
    use serde_json::Value;

    fn written(write: impl FnOnce(&mut Output<'_>) -> io::Result<()>) -> (String, String) {
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = Screen::decide(None, &Default::default());
        write(&mut Output { out: &mut out, about: &mut about, screen }).expect("written");
        (String::from_utf8(out).expect("text"), String::from_utf8(about).expect("text"))
    }

    #[test]
    fn every_form_carries_the_entries_or_the_finding() {
        let entry = |id: &str| TimelineEntry { event_id: id.to_owned(), ..TimelineEntry::default() };
        let timeline = GetTimelineResponse {
            entries: vec![entry("e2"), entry("e1")],
            agent_id: "a1".to_owned(),
            note: "no state".to_owned(),
            next_page_token: "more".to_owned(),
            ..Default::default()
        };
        let now = Timestamp::from_millis(0);
        let miss =
            Finding { reason: "AGENT_UNKNOWN".to_owned(), agent_id: "a2".to_owned(), ..Default::default() };

        let (out, about) = written(|output| print(&timeline, Format::Json, now, output));
        let document: Value = serde_json::from_str(&out).expect("one document");
        assert_eq!(document["entries"], json!([{"eventId": "e2"}, {"eventId": "e1"}]));
        assert_eq!(
            (&document["agentId"], &document["nextPageToken"], &*about),
            (&json!("a1"), &json!("more"), "")
        );
        let (out, _) = written(|output| print_miss(&miss, Format::Json, now, output));
        let document: Value = serde_json::from_str(&out).expect("one document");
        assert_eq!(document["finding"]["reason"], json!("AGENT_UNKNOWN"));

        let (out, about) = written(|output| print(&timeline, Format::Ndjson, now, output));
        assert_eq!((out.lines().count(), &*about), (2, "no state\n"));
        assert_eq!(out.lines().next(), Some(r#"{"eventId":"e2"}"#));

        let (out, about) = written(|output| print(&timeline, Format::Table, now, output));
        assert!(
            out.starts_with("a1\n") && out.contains("no state") && about.contains("--limit"),
            "{out}{about}"
        );
        let (out, about) = written(|output| print_miss(&miss, Format::Table, now, output));
        assert!(out.is_empty() && about.starts_with("AGENT_UNKNOWN a2"), "{about}");
    }
}
