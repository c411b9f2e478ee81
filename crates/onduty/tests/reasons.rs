//! Every reason has its page, and the page says what the wires say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onduty::api::problem::codes;
use onduty::catalogue::Catalogue;
use onduty::lint::lint;
use onduty_core::finding::Reason;

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reasons")
}

/// `NotFound` as gRPC writes it: `NOT_FOUND`.
fn upper_snake(camel: &str) -> String {
    let word_starts = |(at, letter): (usize, char)| at > 0 && letter.is_uppercase();
    let letters = camel.char_indices();
    letters
        .flat_map(|(at, c)| word_starts((at, c)).then_some('_').into_iter().chain(c.to_uppercase()))
        .collect()
}

#[test]
fn every_reason_has_a_page_that_agrees_with_the_wires_and_no_page_is_an_orphan() {
    let mut orphans: BTreeSet<String> = std::fs::read_dir(pages())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for reason in Reason::ALL {
        let file = format!("{}.md", reason.name());
        let page = std::fs::read_to_string(pages().join(&file)).unwrap();
        let codes = codes(*reason);
        let grpc = upper_snake(&format!("{:?}", codes.grpc));
        let opening = format!("# {}\n\ngRPC `{grpc}`, HTTP {}.\n", reason.name(), codes.http.as_u16());
        assert!(page.starts_with(&opening), "{file} should begin with {opening:?}");
        for part in ["**Meaning.**", "**Evidence.**", "**Remedy.**", "Wrong:", "Right:", "codes:**"] {
            assert!(page.contains(part), "{file} lacks {part}");
        }
        orphans.remove(&file);
    }
    assert!(orphans.is_empty(), "no reason for {orphans:?}");
}

#[test]
fn what_the_pages_recommend_exists() {
    let unknown = |text: &str| lint(Catalogue::genesys(), text).findings;
    for reason in Reason::ALL {
        let page = std::fs::read_to_string(pages().join(format!("{}.md", reason.name()))).unwrap();
        let (_, right) = page.split_once("Right:\n\n```text\n").unwrap();
        let (right, _) = right.split_once("\n```").unwrap();
        // The scopes and roles of the agent-states API are its own.
        let own = ["agent:state:read", "agent:read", "Agent State"];
        let right = own.iter().fold(right.to_owned(), |text, name| text.replace(name, ""));
        assert_eq!(unknown(&right), Vec::new(), "{}", reason.name());
    }
    let beliefs = std::fs::read_to_string(pages().join("../beliefs.md")).unwrap();
    let rows = beliefs.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    for (belief, so) in rows {
        assert_eq!(unknown(so), Vec::new(), "{belief}");
    }
}
