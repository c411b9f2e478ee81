//! `onduty explain`: the page of one reason, or what each of them means. Needs neither sidecar nor network.

use std::process::ExitCode;

use clap::Args;
use onduty_core::finding::Reason;

use super::failure::Failure;
use super::output::palette::{Tone, paint};
use super::output::{Output, Screen, markdown, wrap};
use crate::reasons;

/// The width where there is no terminal, and the greatest at one: longer lines are hard to read.
const WIDTH_MAX: u16 = 80;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A reason such as SCOPE_MISSING, in any spelling; without one, all reasons are listed
    #[arg(value_name = "REASON")]
    reason: Option<String>,
}

impl Explain {
    /// Prints.
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<ExitCode, Failure> {
        let lines = match self.reason {
            None => list(output.screen),
            Some(asked) => {
                let reason = reasons::find(&asked).map_err(|near| unknown(&asked, &near))?;
                markdown::lines(reasons::page(reason), width(output.screen), output.screen.colour)
            }
        };
        lines.into_iter().try_for_each(|line| output.line(line))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn width(screen: Screen) -> usize {
    usize::from(screen.width.min(WIDTH_MAX))
}

fn unknown(asked: &str, near: &[Reason]) -> Failure {
    const SHOWN_CHARS_MAX: usize = 60;
    let names: Vec<&str> = near.iter().map(|reason| reason.name()).collect();
    let nearest = match names.split_last() {
        None => "`onduty explain` lists all".to_owned(),
        Some((only, [])) => format!("did you mean {only}?"),
        Some((last, others)) => format!("did you mean {} or {last}?", others.join(", ")),
    };
    Failure::Reason { asked: asked.chars().take(SHOWN_CHARS_MAX).collect(), nearest }
}

/// Every reason in the order of blame, and what it means.
fn list(screen: Screen) -> Vec<String> {
    let widest = Reason::ALL.iter().map(|reason| reason.name().len()).max().unwrap_or_default();
    let room = width(screen).saturating_sub(widest + 2).max(1);
    let line = |reason: &Reason| {
        let meaning = wrap::wrap(&reasons::meaning(*reason), room);
        let heads = std::iter::once(reason.name()).chain(std::iter::repeat(""));
        let of = |(head, text): (&str, String)| {
            let blank = " ".repeat(widest - head.len());
            format!("{}{blank}  {text}", paint(head, Tone::Interacting, screen.colour))
        };
        heads.zip(meaning).map(of).collect::<Vec<_>>()
    };
    Reason::ALL.iter().flat_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(reason: Option<&str>) -> Result<String, Failure> {
        let (mut out, mut about) = (Vec::new(), Vec::new());
        let screen = Screen::decide(None, &Default::default());
        let mut output = Output { out: &mut out, about: &mut about, screen };
        Explain { reason: reason.map(str::to_owned) }.run(&mut output)?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn every_page_fits_80_columns_but_for_what_must_stay_whole() {
        for reason in Reason::ALL {
            let page = explained(Some(reason.name())).expect("a page");
            assert!(page.starts_with(reason.name()) && !page.contains("**"), "{page}");
            let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{}: {wide:#?}", reason.name());
        }
    }

    #[test]
    fn without_a_name_every_reason_is_listed() {
        let list = explained(None).expect("a list");
        assert!(Reason::ALL.iter().all(|reason| list.contains(reason.name())));
        assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
    }

    #[test]
    fn an_unknown_name_is_bad_usage_with_the_nearest() {
        let failure = explained(Some("not-loged-in")).expect_err("misspelt");
        assert_eq!(failure.to_string(), "there is no reason not-loged-in; did you mean NOT_LOGGED_IN?");
        assert_eq!(format!("{:?}", failure.exit_code()), format!("{:?}", ExitCode::from(2)));
    }
}
