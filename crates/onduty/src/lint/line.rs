//! One line of a text, and what the words around a place in it speak of.

use super::LINE_BYTES_MAX;

/// For how many lines a word speaks of what follows.
const REACH_LINES: usize = 4;

/// What a word such as `scopes` announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speech {
    Scopes,
    Permissions,
}

/// What earlier lines spoke of.
#[derive(Debug, Default)]
pub(super) struct Context {
    last: Option<(usize, Speech)>,
}

/// A line, cut to what is read of it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: usize,
    pub(super) text: &'a str,
    /// The text in small letters, byte for byte.
    pub(super) small: String,
    pub(super) is_cut: bool,
    before: Option<Speech>,
    spoken: Vec<(usize, Speech)>,
}

impl<'a> Line<'a> {
    pub(super) fn new(number: usize, text: &'a str, context: &mut Context) -> Self {
        let is_cut = text.len() > LINE_BYTES_MAX;
        let text = text.get(..text.floor_char_boundary(LINE_BYTES_MAX)).unwrap_or_default();
        let small = text.to_ascii_lowercase();
        let words = [
            ("scope", Speech::Scopes),
            ("permission", Speech::Permissions),
            ("role", Speech::Permissions),
            ("grant", Speech::Permissions),
        ];
        let mut spoken: Vec<(usize, Speech)> = words
            .into_iter()
            .flat_map(|(word, speech)| small.match_indices(word).map(move |(at, _)| (at, speech)))
            // OAuth's grant types have nothing to do with permissions.
            .filter(|(at, _)| !small.get(*at..).is_some_and(|rest| rest.starts_with("grant_type")))
            .collect();
        spoken.sort_by_key(|(at, _)| *at);
        let before = context.last.filter(|(line, _)| number - line <= REACH_LINES).map(|(_, speech)| speech);
        if let Some((_, speech)) = spoken.last() {
            context.last = Some((number, *speech));
        }
        Self { number, text, small, is_cut, before, spoken }
    }

    /// What is spoken of at this place: the last word before it in the line, else the first after it, else what
    /// earlier lines spoke of.
    pub(super) fn speech_at(&self, at: usize) -> Option<Speech> {
        let next = self.spoken.partition_point(|(place, _)| *place < at);
        let near = next.checked_sub(1).and_then(|last| self.spoken.get(last)).or(self.spoken.get(next));
        near.map(|(_, speech)| *speech).or(self.before)
    }

    /// The character before a place.
    pub(super) fn char_before(&self, at: usize) -> Option<char> {
        self.text.get(..at).and_then(|text| text.chars().next_back())
    }

    /// The character at a place.
    pub(super) fn char_at(&self, at: usize) -> Option<char> {
        self.text.get(at..).and_then(|text| text.chars().next())
    }

    /// The longest stretches of characters of one kind: start and text.
    pub(super) fn stretches(&self, is_part: impl Fn(char) -> bool) -> Vec<(usize, &'a str)> {
        let mut found = Vec::new();
        let mut start = None;
        for (at, c) in self.text.char_indices() {
            match (start, is_part(c)) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    found.extend(self.text.get(from..at).map(|text| (from, text)));
                    start = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
        found.extend(start.and_then(|from| Some((from, self.text.get(from..)?))));
        found
    }
}

/// A character of an identifier.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
