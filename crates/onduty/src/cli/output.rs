//! How commands write: in which form, how wide, with or without colour; and what happens when the reader is gone.

pub(crate) mod account;
pub(crate) mod age;
pub(crate) mod checks;
pub(crate) mod finding;
pub(crate) mod markdown;
pub(crate) mod marks;
pub(crate) mod palette;
pub(crate) mod states;
pub(crate) mod timeline;
pub(crate) mod wrap;

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::ValueEnum;

/// The form of what a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// One JSON document (proto3 JSON).
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// The width assumed where there is no terminal to ask.
const WIDTH_WITHOUT_TERMINAL: u16 = 120;

/// The width of prose where there is no terminal to ask: what people expect in a file or a mail.
const PROSE_WITHOUT_TERMINAL: usize = 80;

/// What is known of the place that output goes to. Values, so that rendering can be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Whether a person is looking.
    pub is_terminal: bool,
    /// Columns.
    pub width: u16,
    /// Lines.
    pub height: u16,
    /// Whether colour is wanted.
    pub colour: bool,
}

impl Screen {
    /// Decides from the terminal's size, if there is a terminal, and the customary variables: colour only on a
    /// terminal, not with `NO_COLOR` set to anything, and always with `CLICOLOR_FORCE` set to anything but `0`.
    #[must_use]
    pub fn decide(size: Option<(u16, u16)>, environment: &BTreeMap<String, String>) -> Self {
        let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let forced = set("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        let colour = set("NO_COLOR").is_none() && (forced || (size.is_some() && !dumb));
        let (width, height) = size.unwrap_or((WIDTH_WITHOUT_TERMINAL, u16::MAX));
        Self { is_terminal: size.is_some(), width: width.max(1), height, colour }
    }

    /// How wide prose may be.
    #[must_use]
    pub fn prose_width(self) -> usize {
        if self.is_terminal { usize::from(self.width) } else { PROSE_WITHOUT_TERMINAL }
    }
}

/// Where a command writes: data, and what is about the data. Both are given, so that tests can read them.
pub struct Output<'a> {
    /// Data: standard output.
    pub out: &'a mut (dyn Write + Send),
    /// About the data: standard error.
    pub about: &'a mut (dyn Write + Send),
    /// The place that data goes to.
    pub screen: Screen,
}

impl Output<'_> {
    /// One line of data.
    ///
    /// # Errors
    ///
    /// When nobody takes it.
    pub fn line(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// One line about the data.
    ///
    /// # Errors
    ///
    /// When nobody takes it.
    pub fn note(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.about, "{text}")
    }
}

/// Text that came from elsewhere, made harmless for a terminal: what could move a cursor becomes a visible mark.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || is_bidi(c) { '\u{fffd}' } else { c }).collect()
}

/// Marks that turn the direction of what follows them.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_and_for_those_who_insist() {
        type Row = (Option<(u16, u16)>, &'static [(&'static str, &'static str)], bool);
        let table: &[Row] = &[
            (Some((80, 24)), &[], true),
            (Some((80, 24)), &[("NO_COLOR", "1")], false),
            (Some((80, 24)), &[("NO_COLOR", "")], true),
            (Some((80, 24)), &[("TERM", "dumb")], false),
            (None, &[], false),
            (None, &[("CLICOLOR_FORCE", "1")], true),
            (None, &[("CLICOLOR_FORCE", "0")], false),
            (None, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ];
        for (size, variables, expected) in table {
            let environment =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(Screen::decide(*size, &environment).colour, *expected, "{size:?} {variables:?}");
        }
    }

    #[test]
    fn text_from_elsewhere_cannot_drive_the_terminal() {
        assert_eq!(plain("A\u{1b}[2Jda\r\n\u{202e}Ž"), "A\u{fffd}[2Jda\u{fffd}\u{fffd}\u{fffd}Ž");
    }
}
