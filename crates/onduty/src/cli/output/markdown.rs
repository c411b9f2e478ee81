//! The little Markdown that our own pages are written in, for a terminal: headings, paragraphs, bold, code, links and
//! blocks of code. Anything else is shown as it stands.

use anstyle::{AnsiColor, Style};

/// How a stretch of text is set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    Plain,
    Bold,
    Code,
}

/// A page in lines of a width. Blocks of code keep their own lines.
pub(crate) fn lines(page: &str, width: usize, colour: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    let mut in_block = false;
    for line in page.lines() {
        let fence = line.starts_with("```");
        if fence || in_block || line.is_empty() || line.starts_with('#') {
            lines.extend(set(&std::mem::take(&mut paragraph), width, colour));
        }
        match line {
            _ if fence => in_block = !in_block,
            _ if in_block => lines.push(format!("    {}", styled(line, Set::Code, colour))),
            "" => lines.push(String::new()),
            _ if line.starts_with('#') => {
                lines.push(styled(line.trim_start_matches(['#', ' ']), Set::Bold, colour));
            }
            _ => {
                paragraph.push_str(line);
                paragraph.push(' ');
            }
        }
    }
    lines.extend(set(&paragraph, width, colour));
    lines
}

/// One paragraph: broken between words by what is seen of them, then styled.
fn set(paragraph: &str, width: usize, colour: bool) -> Vec<String> {
    let mut lines: Vec<Vec<(char, Set)>> = Vec::new();
    for word in marked(paragraph, colour).split(|(c, _)| c.is_whitespace()).filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                // A blank between two words that are set alike is set like them.
                let before = line.last().map_or(Set::Plain, |(_, set)| *set);
                let after = word.first().map_or(Set::Plain, |(_, set)| *set);
                line.push((' ', if before == after { before } else { Set::Plain }));
                line.extend(word);
            }
            _ => lines.push(word.to_vec()),
        }
    }
    let run = |run: &[(char, Set)]| {
        let text: String = run.iter().map(|(c, _)| c).collect();
        styled(&text, run.first().map_or(Set::Plain, |(_, set)| *set), colour)
    };
    lines.iter().map(|line| line.chunk_by(|(_, one), (_, other)| one == other).map(run).collect()).collect()
}

/// Each character that is seen, and how it is set. Without colour the quotes of code stay, because then nothing else
/// tells a name from a word.
fn marked(text: &str, colour: bool) -> Vec<(char, Set)> {
    let (mut seen, mut bold, mut code) = (Vec::new(), false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !code && let Some(after) = rest.strip_prefix("**") {
            bold = !bold;
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c == '`' {
            code = !code;
            if colour {
                continue;
            }
        }
        if !code && let Some((label, after)) = (c == '[').then(|| link(rest)).flatten() {
            seen.extend(label.chars().map(|c| (c, Set::Code)));
            rest = after;
            continue;
        }
        let set = if code || c == '`' {
            Set::Code
        } else if bold {
            Set::Bold
        } else {
            Set::Plain
        };
        seen.push((c, set));
    }
    seen
}

/// The label of a link, and what follows it. Our pages link to each other, so the label is what to ask for next.
fn link(after_bracket: &str) -> Option<(&str, &str)> {
    let (label, rest) = after_bracket.split_once("](")?;
    let (_, rest) = rest.split_once(')')?;
    (!label.contains(['[', ']'])).then_some((label, rest))
}

fn styled(text: &str, set: Set, colour: bool) -> String {
    let style = match set {
        Set::Plain => return text.to_owned(),
        Set::Bold => Style::new().bold(),
        Set::Code => Style::new().fg_color(Some(AnsiColor::Cyan.into())),
    };
    if colour && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::lines;

    const PAGE: &str =
        "# A page\n\n**Meaning.** One `two three`\n[four](FOUR.md).\n\n```text\n**not** bold   here\n```\n";

    #[test]
    fn without_colour_only_what_is_read_remains() {
        let expected = ["A page", "", "Meaning. One", "`two three`", "four.", "", "    **not** bold   here"];
        assert_eq!(lines(PAGE, 16, false), expected);
    }

    #[test]
    fn with_colour_no_width_is_lost_to_marks() {
        let page = lines(PAGE, 15, true);
        assert_eq!(page[0], "\u{1b}[1mA page\u{1b}[0m");
        assert_eq!(page[2], "\u{1b}[1mMeaning.\u{1b}[0m One");
        assert_eq!(page[3], "\u{1b}[36mtwo three four\u{1b}[0m.");
    }
}
