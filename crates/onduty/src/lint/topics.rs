//! Notification topics: `v2.users.{id}.presence`, alone or combined with `?`.

use super::line::Line;
use super::{About, Kind, Marks};
use crate::catalogue::Catalogue;

/// The platform takes no longer ones.
const TOPIC_BYTES_MAX: usize = 200;

/// Files have versions in their names, too.
const FILES: [&str; 8] = ["json", "yaml", "yml", "js", "ts", "py", "md", "txt"];

pub(super) fn find(catalogue: &Catalogue, line: &Line<'_>, marks: &mut Marks) {
    let is_part = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '_' | '-' | '{' | '}' | '$' | '<' | '>' | '*' | '+' | '%' | '#' | '?' | '&')
    };
    for (start, stretch) in line.stretches(is_part) {
        let name = stretch.trim_end_matches(['.', '?', '&']);
        if !name.starts_with("v2.") || name.len() > TOPIC_BYTES_MAX {
            continue;
        }
        if catalogue.topic(name).is_some() {
            if marks.take(start..start + name.len()) {
                marks.known += 1;
            }
        } else if is_meant(catalogue, line, name)
            && !goes_on(catalogue, stretch, name)
            && marks.take(start..start + name.len())
        {
            marks.add(start, Kind::Topic, name, About::Name);
        }
    }
}

/// Whether this is a topic and not a version or a file: its family exists, or the line speaks of topics.
fn is_meant(catalogue: &Catalogue, line: &Line<'_>, name: &str) -> bool {
    let mut parts = name.split(['.', '?']);
    let (_, family) = (parts.next(), parts.next().unwrap_or_default());
    let spoken = line.small.contains("topic") || line.small.contains("subscri");
    let starts_with_letter = family.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_file = name.rsplit('.').next().is_some_and(|last| FILES.contains(&last));
    parts.next().is_some()
        && starts_with_letter
        && !is_file
        && (spoken || catalogue.begins_a_topic(&format!("v2.{family}")))
}

/// Whether code joins the rest of a topic to this.
fn goes_on(catalogue: &Catalogue, stretch: &str, name: &str) -> bool {
    stretch.len() > name.len() && stretch.ends_with('.') && catalogue.begins_a_topic(name)
}
