//! The figures as tables, in a form that pages and people can read.

use std::fmt::Write as _;
use std::time::Duration;

use super::Figures;

/// All figures; one line a size.
pub(crate) fn table(all: &[Figures]) -> String {
    let mut text = String::from(
        "| agents | channels | listed after | covered after | full sync after | requests until then (busiest minute) \
         | steady, a minute (busiest) | loss of a channel: 1st, 2nd, 3rd minute | healed after | over the allowance |\n\
         | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for figures in all {
        let Figures { agents, channels, start, start_busiest, steady, steady_busiest, .. } = figures;
        let [first, second, third] = figures.after_loss;
        let [listed, covered, read, healed] =
            [figures.listed_after, figures.covered_after, figures.read_after, figures.healed_after].map(span);
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {agents} | {channels} | {listed} | {covered} | {read} | {start} ({start_busiest}) \
             | {steady:.1} ({steady_busiest}) | {first}, {second}, {third} | {healed} | {} |",
            figures.over_allowance,
        );
    }
    text.push_str("\nsteady, a minute, by purpose and by route:\n");
    for figures in all {
        let (purposes, routes) = (list(&figures.purposes), list(&figures.routes));
        let _ = writeln!(text, "- {} agents: {purposes}; {routes}", figures.agents);
    }
    text
}

fn list(named: &[(String, f64)]) -> String {
    let named: Vec<String> = named.iter().map(|(name, count)| format!("{name} {count:.1}")).collect();
    if named.is_empty() { "nothing".to_owned() } else { named.join(", ") }
}

fn span(span: Duration) -> String {
    format!("{:.0} s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_as_many_columns_as_the_head() {
        let figures =
            Figures { agents: 98, purposes: vec![("sweep".to_owned(), 1.25)], ..Figures::default() };
        let text = table(&[figures]);
        let columns: Vec<usize> = text.lines().take(3).map(|line| line.matches('|').count()).collect();
        assert_eq!(columns, [columns[0]; 3], "{text}");
        assert!(text.contains("| 98 |") && text.contains("98 agents: sweep 1.2; nothing"), "{text}");
    }
}
