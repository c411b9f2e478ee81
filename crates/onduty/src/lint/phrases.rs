//! Names that are known by their letters alone: packages, headers and roles that circulate, and marks of another
//! product.

use super::line::{Line, Speech, is_word};
use super::{About, Kind, Marks};
use crate::catalogue::{BeliefKind, Catalogue};

/// Marks of another product. They go first, because what they are in is no path of the platform.
pub(super) fn products(catalogue: &Catalogue, line: &Line<'_>, marks: &mut Marks) {
    for belief in catalogue.beliefs(BeliefKind::Product) {
        let mut done = 0;
        for (start, name) in line.small.match_indices(belief.name) {
            if start < done {
                continue;
            }
            // One finding an address: the host says as much as the path.
            let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
            let from = line.small.get(..start).and_then(|text| text.rfind(is_end)).map_or(0, |at| at + 1);
            let rest = line.small.get(start..).unwrap_or_default();
            let to = start + rest.find(is_end).unwrap_or(rest.len());
            done = to;
            if marks.take(from..to) {
                marks.add(start, Kind::Product, name, About::Name);
            }
        }
    }
}

/// Packages, headers and roles.
pub(super) fn names(catalogue: &Catalogue, line: &Line<'_>, marks: &mut Marks) {
    for (kind, of, text) in [
        (Kind::Package, BeliefKind::Package, line.text),
        (Kind::Header, BeliefKind::Header, &line.small),
        (Kind::Role, BeliefKind::Role, line.text),
    ] {
        for belief in catalogue.beliefs(of) {
            for (start, name) in text.match_indices(belief.name) {
                let end = start + name.len();
                let whole =
                    !line.char_before(start).is_some_and(is_word) && !line.char_at(end).is_some_and(is_word);
                let spoken = kind != Kind::Role || line.speech_at(start) == Some(Speech::Permissions);
                if whole && spoken && marks.take(start..end) {
                    marks.add(start, kind, name, About::Name);
                }
            }
        }
    }
}
