//! `onduty watch`: one line a change, across reconnections.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use onduty_client::proto::{AgentState, Delivery, Finding, ResetReason};
use onduty_client::{Client, Event, Replica, Scope, WatchOptions};
use tokio::time::{Instant, sleep_until};

use super::failure::Failure;
use super::get::duration;
use super::list::Filter;
use super::output::palette::{self, Tone, paint};
use super::output::{Format, Output, finding, plain};
use crate::clock::Clock;
use crate::error_chain::Chain;
use crate::proto_json::watch;

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// Agent ids; none means everybody
    #[arg(value_name = "ID", conflicts_with_all = ["presence", "routing", "queue", "division"])]
    ids: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// Resume here: exactly what was missed since
    #[arg(long, default_value = "", hide_default_value = true)]
    cursor: String,
    /// Every change, instead of skipping to the newest state of each agent when this end is slow
    #[arg(long)]
    every_change: bool,
    /// Stop after this long
    #[arg(long = "for", value_name = "SPAN", value_parser = duration)]
    span: Option<Duration>,
    /// Stop after this many events, the snapshot and signs of life included
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// The form of the output: ndjson gives one WatchAgentStatesResponse a line, json an array of them
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

/// Far enough ahead that nobody waits for it, near enough for the clock's arithmetic.
pub(super) const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Watch {
    /// Watches until interrupted, until the time given is over, or until nobody reads any more.
    pub(super) async fn run(
        self,
        client: &Client,
        clock: Clock,
        output: &mut Output<'_>,
    ) -> Result<ExitCode, Failure> {
        let scope = if self.ids.is_empty() {
            Scope::matching(self.filter.to_proto())
        } else {
            Scope::agents(self.ids.clone())
        };
        let delivery = if self.every_change { Delivery::EveryChange } else { Delivery::Coalesced };
        let options = WatchOptions { cursor: self.cursor, delivery, ..WatchOptions::default() };
        let mut watch = client.watch_with(scope, options);
        let mut printer = Printer::new(self.output, !self.ids.is_empty(), clock);
        let end = End { at: Instant::now() + self.span.unwrap_or(FOREVER).min(FOREVER), events: self.count };
        printer.begin(output)?;
        let watched = print_until(end, &mut watch, &mut printer, output).await;
        printer.end(output)?;
        watched.map(|()| ExitCode::SUCCESS)
    }
}

/// When to stop printing.
pub(super) struct End {
    pub(super) at: Instant,
    /// After this many events; `None` means that only time counts.
    pub(super) events: Option<u64>,
}

/// Prints events until the end, or until interrupted.
pub(super) async fn print_until(
    end: End,
    watch: &mut onduty_client::Watch,
    printer: &mut Printer,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let mut left = end.events.unwrap_or(u64::MAX);
    let end = sleep_until(end.at);
    tokio::pin!(end);
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    while left > 0 {
        let event = tokio::select! {
            event = watch.next() => event?,
            () = &mut end => return Ok(()),
            _ = &mut interrupted => return Ok(()),
        };
        printer.event(&event, watch.cursor(), output)?;
        output.out.flush()?;
        left -= u64::from(!matches!(event, Event::Disconnected { .. }));
    }
    Ok(())
}

/// What is printed of each event. Holds what was printed before, so that a change can say from what to what.
pub(super) struct Printer {
    format: Format,
    /// Whether the agents of a snapshot are few enough to be named one by one.
    names_snapshot: bool,
    replica: Replica,
    documents: usize,
    clock: Clock,
}

impl Printer {
    pub(super) fn new(format: Format, names_snapshot: bool, clock: Clock) -> Self {
        Self { format, names_snapshot, replica: Replica::default(), documents: 0, clock }
    }

    fn begin(&self, output: &mut Output<'_>) -> io::Result<()> {
        if self.format == Format::Json { output.line("[") } else { Ok(()) }
    }

    fn end(&self, output: &mut Output<'_>) -> io::Result<()> {
        if self.format == Format::Json { output.line("]") } else { Ok(()) }
    }

    pub(super) fn event(&mut self, event: &Event, cursor: &str, output: &mut Output<'_>) -> io::Result<()> {
        if let Event::Disconnected { cause, retry_in } = event {
            let wait = retry_in.as_secs_f32();
            return output.note(format_args!(
                "watch: {}; connecting again in {wait:.1}s",
                plain(&Chain(cause).to_string())
            ));
        }
        match self.format {
            Format::Table => self.lines(event, output)?,
            Format::Json | Format::Ndjson => self.documents(event, cursor, output)?,
        }
        self.replica.apply(event);
        Ok(())
    }

    fn lines(&self, event: &Event, output: &mut Output<'_>) -> io::Result<()> {
        match event {
            Event::Snapshot { agent_states, findings, reset } => {
                self.snapshot_lines(agent_states, *reset, output)?;
                self.finding_lines(findings, output)
            }
            Event::Changed { state } => {
                output.line(change_line(self.replica.get(&state.agent_id), state, output.screen.colour))
            }
            Event::Removed { agent_id } => {
                let name = self.replica.get(agent_id).map_or_else(String::new, |state| plain(&state.name));
                let gone = paint("gone", Tone::Dim, output.screen.colour);
                output.line(format_args!("          {}  {name}  {gone}", plain(agent_id)))
            }
            Event::Progress { .. } | Event::Disconnected { .. } => Ok(()),
        }
    }

    fn snapshot_lines(
        &self,
        states: &[AgentState],
        reset: Option<ResetReason>,
        output: &mut Output<'_>,
    ) -> io::Result<()> {
        if reset.is_some() {
            output.note("watch: the history does not reach back that far; everything is taken anew")?;
        }
        output.note(format_args!("watch: {} agents", states.len()))?;
        for state in states {
            let known = self.replica.get(&state.agent_id);
            if self.names_snapshot
                || self.replica.is_whole() && known.is_none_or(|known| differs(known, state))
            {
                output.line(change_line(known, state, output.screen.colour))?;
            }
        }
        Ok(())
    }

    /// Behind the states, on standard error, as `get` tells them.
    fn finding_lines(&self, findings: &[Finding], output: &mut Output<'_>) -> io::Result<()> {
        output.out.flush()?;
        let lines = findings.iter().flat_map(|miss| finding::lines(miss, self.clock.now(), output.screen));
        for line in lines.collect::<Vec<_>>() {
            output.note(line)?;
        }
        Ok(())
    }

    fn documents(&mut self, event: &Event, cursor: &str, output: &mut Output<'_>) -> io::Result<()> {
        let mut documents = Vec::new();
        match event {
            Event::Snapshot { agent_states, findings, reset } => {
                documents.extend(reset.map(|reason| watch::reset(reason, "")));
                documents.push(watch::snapshot(agent_states, findings, true, cursor));
            }
            Event::Changed { state } => documents.push(watch::upserted(state, cursor)),
            Event::Removed { agent_id } => documents.push(watch::removed(agent_id, cursor)),
            Event::Progress { as_of } => documents.push(watch::progress(*as_of, cursor)),
            Event::Disconnected { .. } => {}
        }
        for document in documents {
            let comma = if self.format == Format::Json && self.documents > 0 { "," } else { "" };
            self.documents += 1;
            output.line(format_args!("{comma}{document}"))?;
        }
        Ok(())
    }
}

/// Whether people would see a difference.
fn differs(one: &AgentState, other: &AgentState) -> bool {
    one.presence != other.presence
        || one.routing_status != other.routing_status
        || one.logged_in != other.logged_in
        || one.out_of_office != other.out_of_office
        || one.active_queue_ids != other.active_queue_ids
}

/// When by the platform's clock, who, and from what to what.
fn change_line(before: Option<&AgentState>, state: &AgentState, colour: bool) -> String {
    let (when, change) = (newest_instant(state), change(before, state, colour));
    format!("{when:<8}  {}  {}  {change}", plain(&state.agent_id), plain(&state.name))
}

/// As the line of a change, without the id, which people who look on do not need.
pub(super) fn short_change_line(before: Option<&AgentState>, state: &AgentState, colour: bool) -> String {
    format!("{:<8}  {}  {}", newest_instant(state), plain(&state.name), change(before, state, colour))
}

/// The facets that differ, from what to what; all of them when none differs or nothing was known before.
fn change(before: Option<&AgentState>, state: &AgentState, colour: bool) -> String {
    let facets = |state: &AgentState| [palette::presence(state), palette::routing(state)];
    let show = |(text, tone): &(String, Tone)| paint(text, *tone, colour);
    let now = facets(state);
    let before = before.map_or_else(|| now.clone(), facets);
    let differ = before.iter().zip(&now).filter(|(before, now)| before != now);
    let arrows: Vec<String> =
        differ.map(|(before, now)| format!("{} → {}", show(before), show(now))).collect();
    if arrows.is_empty() { now.iter().map(show).collect::<Vec<_>>().join(" / ") } else { arrows.join(", ") }
}

/// The time of day (UTC) at which the newest of the facets began.
fn newest_instant(state: &AgentState) -> String {
    let presence = state.presence.as_ref().and_then(|presence| presence.since);
    let routing = state.routing_status.as_ref().and_then(|routing| routing.since);
    let since = [presence, routing, state.logged_in_since].into_iter().flatten();
    let newest = since.max_by_key(|since| (since.seconds, since.nanos));
    let text = newest.map_or_else(String::new, |since| since.to_string());
    text.get(11..19).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;
    use onduty_client::proto::{AgentPresence, SystemPresence};
    use onduty_client::{Cause, ClientError};
    use serde_json::{Value, json};

    fn state(id: &str, presence: SystemPresence, revision: u64) -> AgentState {
        let since = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
        let presence = AgentPresence { system: presence.into(), since, ..Default::default() };
        AgentState {
            agent_id: id.to_owned(),
            name: "Ada".to_owned(),
            presence: Some(presence),
            revision,
            ..Default::default()
        }
    }

    fn events() -> Vec<(Event, &'static str)> {
        let first = vec![state("a", SystemPresence::Meal, 1), state("b", SystemPresence::Busy, 2)];
        let again = vec![state("a", SystemPresence::OnQueue, 1), state("b", SystemPresence::Away, 2)];
        let finding = |agent_id: &str| Finding {
            reason: "AGENT_UNKNOWN".to_owned(),
            agent_id: agent_id.to_owned(),
            summary: "no such agent".to_owned(),
            remedy: "check the id".to_owned(),
            ..Finding::default()
        };
        let error = ClientError::Address { given: "x".to_owned() };
        vec![
            (Event::Snapshot { agent_states: first, findings: vec![finding("x")], reset: None }, "c1"),
            (Event::Changed { state: Box::new(state("a", SystemPresence::OnQueue, 3)) }, "c2"),
            (Event::Progress { as_of: None }, "c3"),
            (Event::Disconnected { cause: Cause::Failed(error), retry_in: Duration::from_millis(250) }, "c3"),
            (
                Event::Snapshot {
                    agent_states: again,
                    findings: Vec::new(),
                    reset: Some(ResetReason::EpochChanged),
                },
                "d1",
            ),
            (Event::Removed { agent_id: "b".to_owned() }, "d2"),
        ]
    }

    fn printed(format: Format) -> (String, String) {
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = Screen::decide(None, &Default::default());
        let mut output = Output { out: &mut out, about: &mut about, screen };
        let mut printer = Printer::new(format, false, Clock::system());
        printer.begin(&mut output).expect("written");
        for (event, cursor) in events() {
            printer.event(&event, cursor, &mut output).expect("written");
        }
        printer.end(&mut output).expect("written");
        (String::from_utf8(out).expect("text"), String::from_utf8(about).expect("text"))
    }

    #[test]
    fn people_get_a_line_a_change_and_the_rest_on_standard_error() {
        let (out, about) = printed(Format::Table);
        assert_eq!(
            out,
            "22:13:20  a  Ada  meal → on queue\n\
             22:13:20  b  Ada  busy → away\n          b  Ada  gone\n"
        );
        assert_eq!(
            about,
            "watch: 2 agents\n\
             AGENT_UNKNOWN x: no such agent\n  remedy  check the id\n\
             watch: the watch failed: \"x\" is not the address of a sidecar; give host:port, http://host:port or \
             unix:/path; connecting again in 0.2s\n\
             watch: the history does not reach back that far; everything is taken anew\n\
             watch: 2 agents\n"
        );
    }

    #[test]
    fn programs_get_the_contracts_messages() {
        let (lines, _) = printed(Format::Ndjson);
        let lines: Vec<Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        let (document, _) = printed(Format::Json);
        let document: Value = serde_json::from_str(&document).expect("one document");
        assert_eq!(document, Value::Array(lines.clone()));
        let kinds: Vec<_> =
            lines.iter().filter_map(|line| line.as_object()?.keys().next().cloned()).collect();
        assert_eq!(kinds, ["snapshot", "changes", "progress", "reset", "snapshot", "changes"]);
        assert_eq!(lines[5], json!({"changes": {"changes": [{"removed": "b"}], "cursor": "d2"}}));
        let finding = json!({"reason": "AGENT_UNKNOWN", "agentId": "x", "summary": "no such agent", "remedy": "check the id"});
        assert_eq!(lines[0]["snapshot"]["findings"], json!([finding]));
        assert_eq!(lines[4]["snapshot"].get("findings"), None);
        assert_eq!(lines[3], json!({"reset": {"reason": "RESET_REASON_EPOCH_CHANGED"}}));
    }
}
