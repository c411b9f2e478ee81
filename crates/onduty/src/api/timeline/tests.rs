//! What a page says when something is missing on it, and how large it may become.

use onduty_core::cursor::{Epoch, Revision};
use onduty_core::observation::{Clock, Input, Listing, Observation, Said, Source, Statement};
use onduty_core::roster::{Outcome, Roster, Rulings};
use onduty_core::time::Timestamp;

use super::*;
use crate::history::timeline::{Entry, Fate};

const AT: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn entry(seq: u64, name: &str) -> Entry {
    Entry {
        seq,
        heard_at: AT,
        as_of: None,
        source: Source::Webhook,
        event_id: None,
        fate: Fate::Judged(Outcome::Applied),
        rulings: Rulings::default(),
        statement: Statement { name: Some(name.into()), ..Statement::default() },
        revision: Some(Revision(seq)),
    }
}

fn row(login: Option<bool>, gone: bool) -> Arc<Row> {
    let mut roster = Roster::new(Epoch(1));
    let login = login.map(|value| Said { value, clock: Some(Clock::at(AT)) });
    roster.step(&Input::Observation(Box::new(Observation {
        user_id: "u".into(),
        source: Source::Sweep,
        heard_at: AT,
        as_of: None,
        event_id: None,
        statement: Statement { login, ..Statement::default() },
    })));
    if gone {
        let later = AT.after(std::time::Duration::from_secs(9));
        roster.step(&Input::Listing(Listing { started_at: later, finished_at: later, agents: 0 }));
    }
    Arc::clone(roster.snapshot().rows().next().unwrap())
}

#[test]
fn whatever_is_missing_on_a_page_is_explained() {
    let (known, bare, gone) = (row(Some(true), false), row(None, false), row(Some(true), true));
    let rows =
        [(Some(&known), ""), (Some(&bare), "no state"), (Some(&gone), "is gone"), (None, "nothing is held")];
    for (row, about_state) in rows {
        for (entries, before, about_entries) in [
            (vec![entry(1, "Ada")], None, ""),
            (Vec::new(), Some(7), "go on with the token"),
            (Vec::new(), None, "nothing (older) that was heard"),
        ] {
            let part = Part { entries, before, kept_since: Some(AT) };
            let page = to_page(&"u".into(), row.map(|row| &**row), part, |seq| seq.to_string());
            assert_eq!(page.agent_state.is_none(), !about_state.is_empty());
            assert_eq!(page.note.is_empty(), page.agent_state.is_some() && !page.entries.is_empty());
            assert!(page.note.contains(about_state) && page.note.contains(about_entries), "{}", page.note);
        }
    }
}

#[test]
fn a_page_ends_early_rather_than_grow_too_large_and_goes_on_there() {
    let name = "x".repeat(100_000);
    let entries: Vec<Entry> = (0..40).map(|back| entry(100 - back, &name)).collect();
    let part = Part { entries, before: None, kept_since: None };
    let page = to_page(&"u".into(), None, part, |seq| seq.to_string());
    assert!(page.encoded_len() < PAGE_BYTES_MAX + 1_000, "{}", page.encoded_len());
    assert_eq!(page.entries.len(), 20);
    assert_eq!(page.next_page_token, page.entries.last().unwrap().revision.to_string());
}
