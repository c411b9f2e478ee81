//! `onduty config`: what the sidecar would run with, and where each value came from. Secrets are hidden.

use std::io;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

use super::Invocation;
use super::failure::Failure;
use super::output::{Format, Output, plain};
use super::settings::Settings;
use crate::config::{self, Entry, config_schema, keys};

/// Arguments of `config`.
#[derive(Debug, Args)]
pub(super) struct Config {
    #[command(flatten)]
    settings: Settings,
    /// Print the JSON schema of the configuration file instead
    #[arg(long)]
    schema: bool,
    /// Print every key with its default and what it is for instead
    #[arg(long, conflicts_with = "schema")]
    keys: bool,
    /// The form of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

impl Config {
    /// Prints the effective values; then, if there is something wrong with them, all of it.
    pub(super) fn run(self, invocation: Invocation, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        if self.schema {
            output.line(format_args!("{:#}", config_schema(&keys())))?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.keys {
            print(key_rows(), self.output, output)?;
            return Ok(ExitCode::SUCCESS);
        }
        let layers = self.settings.layers(invocation.environment, invocation.state_dir)?;
        match config::Config::load(&layers) {
            Ok(config) => {
                print(entry_rows(config.redacted()), self.output, output)?;
                Ok(ExitCode::SUCCESS)
            }
            Err(errors) => {
                print(entry_rows(errors.entries()), self.output, output)?;
                Err(errors.into())
            }
        }
    }
}

/// Rows of text under the same titles.
struct Rows {
    titles: [&'static str; 3],
    rows: Vec<[Option<String>; 3]>,
}

fn entry_rows(entries: &[Entry]) -> Rows {
    let row = |entry: &Entry| {
        let origin = entry.value.is_some().then(|| entry.origin.to_string());
        [Some(entry.key.to_owned()), entry.value.clone(), origin]
    };
    Rows { titles: ["key", "value", "origin"], rows: entries.iter().map(row).collect() }
}

fn key_rows() -> Rows {
    let row = |key: config::Key| {
        [Some(key.name.to_owned()), key.default, Some(format!("{} Accepts {}.", key.doc, key.accepts))]
    };
    Rows { titles: ["key", "default", "description"], rows: keys().into_iter().map(row).collect() }
}

fn print(Rows { titles, rows }: Rows, format: Format, output: &mut Output<'_>) -> io::Result<()> {
    let object = |row: &[Option<String>; 3]| {
        let members = titles.iter().zip(row).map(|(title, cell)| ((*title).to_owned(), json!(cell)));
        Value::Object(members.collect())
    };
    match format {
        Format::Table => {
            let mut table = Table::new();
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(output.screen.width).force_no_tty();
            table.set_header(titles.map(str::to_uppercase));
            for row in rows {
                table.add_row(row.map(|cell| plain(&cell.unwrap_or_default())));
            }
            table.column_iter_mut().for_each(|column| {
                column.set_padding((0, 2));
            });
            table.lines().try_for_each(|line| output.line(line.trim_end()))
        }
        Format::Json => {
            let settings: Vec<Value> = rows.iter().map(object).collect();
            output.line(format_args!("{:#}", json!({"settings": settings})))
        }
        Format::Ndjson => rows.iter().try_for_each(|row| output.line(object(row))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Screen;
    use crate::config::Origin;

    fn printed(format: Format, width: u16) -> String {
        let entry =
            |key, value: Option<&str>, origin| Entry { key, value: value.map(ToOwned::to_owned), origin };
        let file = Origin::File { name: "onduty.toml".to_owned(), line: 3 };
        let entries = [
            entry("platform.client_secret", Some("***"), Origin::Environment("ONDUTY_X".to_owned())),
            entry("log.level", Some("warn"), file),
            entry("platform.region", None, Origin::Default),
        ];
        let mut out = Vec::new();
        let screen = Screen { is_terminal: false, width, height: 24, colour: false };
        let mut output = Output { out: &mut out, about: &mut io::sink(), screen };
        print(entry_rows(&entries), format, &mut output).expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_table_names_each_origin_and_fits() {
        assert_eq!(
            printed(Format::Table, 80),
            "KEY                     VALUE  ORIGIN\n\
             platform.client_secret  ***    environment ONDUTY_X\n\
             log.level               warn   onduty.toml:3\n\
             platform.region\n"
        );
        for line in printed(Format::Table, 40).lines() {
            assert!(line.chars().count() <= 40, "{line}");
        }
    }

    #[test]
    fn json_says_the_same() {
        let document: Value = serde_json::from_str(&printed(Format::Json, 80)).expect("one document");
        assert_eq!(
            document["settings"][1],
            json!({"key": "log.level", "value": "warn", "origin": "onduty.toml:3"})
        );
        assert_eq!(document["settings"][2], json!({"key": "platform.region", "value": null, "origin": null}));
        assert_eq!(printed(Format::Ndjson, 80).lines().count(), 3);
    }
}
