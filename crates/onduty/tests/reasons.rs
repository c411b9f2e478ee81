//! Every reason has its page, and the page says what the wires say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use onduty::api::problem::codes;
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
