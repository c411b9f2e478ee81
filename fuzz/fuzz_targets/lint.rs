//! Any text, through everything that reads names a stranger wrote: the linter, the catalogue, the reasons.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onduty::catalogue::Catalogue;
use onduty::lint::{FINDINGS_MAX, lint};

fuzz_target!(|text: &str| {
    let report = lint(Catalogue::genesys(), text);
    assert!(report.findings.len() <= FINDINGS_MAX);
    for finding in &report.findings {
        let line = text.lines().nth(finding.line - 1).unwrap_or_default();
        let marked: String = line.chars().skip(finding.column - 1).collect();
        let (marked, name) = (marked.to_lowercase(), finding.name.to_lowercase());
        assert!(marked.starts_with(&name), "{finding:?} does not stand where it says");
    }
    let _ = onduty::reasons::find(text);
});
