//! `onduty lint`: names in a snippet that the platform does not know, with the nearest real ones.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::{Format, Output, marks};
use crate::catalogue::Catalogue;
use crate::lint::{self, Finding, Report};

/// How much is read. Nobody pastes more, and a log file is no snippet.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Arguments of `lint`.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// A snippet, curl line, configuration or code in any language; standard input without one or with `-`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

impl Lint {
    /// Reads and prints. The exit code: 0 nothing unknown, 1 something unknown, 2 unreadable.
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        let (name, text) = read(self.file)?;
        let report = lint::lint(Catalogue::genesys(), &text);
        print(&report, &name, &text, self.output, output)?;
        Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The text, and the name it goes by. What is not UTF-8 can hold no name, so it is replaced.
fn read(file: Option<PathBuf>) -> Result<(String, String), Failure> {
    let (name, source): (String, Box<dyn Read>) = match file.filter(|file| file.as_os_str() != "-") {
        None => ("standard input".to_owned(), Box::new(io::stdin())),
        Some(file) => {
            let name = file.display().to_string();
            match File::open(&file) {
                Ok(file) => (name, Box::new(file)),
                Err(source) => return Err(Failure::Snippet { name, source }),
            }
        }
    };
    let mut bytes = Vec::new();
    let read = source.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes);
    match read {
        Ok(length) if u64::try_from(length).unwrap_or(u64::MAX) > TEXT_BYTES_MAX => {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, "it has more than 4 MiB");
            Err(Failure::Snippet { name, source })
        }
        Ok(_) => Ok((name, String::from_utf8_lossy(&bytes).into_owned())),
        Err(source) => Err(Failure::Snippet { name, source }),
    }
}

fn print(report: &Report, name: &str, text: &str, format: Format, output: &mut Output<'_>) -> io::Result<()> {
    match format {
        Format::Table => {
            for line in marks::lines(report, name, text, output.screen) {
                output.line(line)?;
            }
            Ok(())
        }
        Format::Json => {
            let findings: Vec<Value> = report.findings.iter().map(to_json).collect();
            let document = json!({
                "findings": findings,
                "known": report.known,
                "leftOut": report.left_out,
                "cutLines": report.cut_lines,
            });
            output.line(format_args!("{document:#}"))
        }
        Format::Ndjson => report.findings.iter().try_for_each(|finding| output.line(to_json(finding))),
    }
}

fn to_json(finding: &Finding) -> Value {
    json!({
        "reason": "NAME_UNKNOWN",
        "line": finding.line,
        "column": finding.column,
        "kind": finding.kind.word(),
        "name": finding.name,
        "why": finding.why,
        "nearest": finding.nearest,
    })
}
