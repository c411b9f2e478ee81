//! Text in lines of a width.

/// Breaks text between words. A word wider than the width gets a line of its own and is not broken: it may be a name or
/// an address that somebody wants to copy.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + length <= width => {
                line.push(' ');
                line.push_str(word);
                used += 1 + length;
            }
            _ => {
                lines.push(word.to_owned());
                used = length;
            }
        }
    }
    lines
}

/// The lines of a text, the first after `first` and the others below where it began, none wider than `width` (given
/// that something fits beside `first` at all): here a word that fits nowhere is broken where the line ends.
pub(crate) fn wrapped(first: &str, text: &str, width: usize) -> Vec<String> {
    let indent = first.chars().count();
    let room = width.saturating_sub(indent).max(1);
    let mut pieces = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        for (at, letter) in word.chars().enumerate() {
            if at % room == 0 {
                pieces.push(' ');
            }
            pieces.push(letter);
        }
    }
    let mut lines = wrap(&pieces, room);
    if lines.is_empty() {
        lines.push(String::new());
    }
    let blanks = " ".repeat(indent);
    let starts = std::iter::once(first).chain(std::iter::repeat(&*blanks));
    starts.zip(lines).map(|(start, line)| format!("{start}{line}").trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrap("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrap("a-word-that-is-too-long b", 5), ["a-word-that-is-too-long", "b"]);
        assert_eq!(wrap(" ", 5), Vec::<String>::new());
    }

    #[test]
    fn lines_are_broken_between_words_and_long_words_where_they_must() {
        let table: [(&str, usize, &[&str]); 5] = [
            ("", 20, &["  do"]),
            ("one two", 20, &["  do  one two"]),
            ("one two three", 14, &["  do  one two", "      three"]),
            ("abcdefghijkl x", 11, &["  do  abcde", "      fghij", "      kl x"]),
            ("  one\n two ", 20, &["  do  one two"]),
        ];
        for (text, width, expected) in table {
            assert_eq!(wrapped("  do  ", text, width), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_wide(text in "[a-zé ]{0,200}", width in 5_usize..90) {
            let lines = wrapped("ab: ", &text, width);
            prop_assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
            let kept: String = lines.concat().chars().filter(|c| !c.is_whitespace()).collect();
            let given: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            prop_assert_eq!(kept, format!("ab:{given}"));
        }
    }
}
