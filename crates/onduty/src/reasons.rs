//! The pages of the reasons, inside the binary: what `onduty explain` prints where there is neither a network nor a
//! repository.

use onduty_core::finding::Reason;

/// The page of a reason, in Markdown.
#[must_use]
pub fn page(reason: Reason) -> &'static str {
    match reason {
        Reason::IdMalformed => include_str!("../../../docs/reasons/ID_MALFORMED.md"),
        Reason::CredentialsRejected => include_str!("../../../docs/reasons/CREDENTIALS_REJECTED.md"),
        Reason::WrongRegion => include_str!("../../../docs/reasons/WRONG_REGION.md"),
        Reason::PlatformUnavailable => include_str!("../../../docs/reasons/PLATFORM_UNAVAILABLE.md"),
        Reason::RateLimited => include_str!("../../../docs/reasons/RATE_LIMITED.md"),
        Reason::NotYetSynced => include_str!("../../../docs/reasons/NOT_YET_SYNCED.md"),
        Reason::StateStale => include_str!("../../../docs/reasons/STATE_STALE.md"),
        Reason::NameUnknown => include_str!("../../../docs/reasons/NAME_UNKNOWN.md"),
        Reason::ScopeMissing => include_str!("../../../docs/reasons/SCOPE_MISSING.md"),
        Reason::PermissionMissing => include_str!("../../../docs/reasons/PERMISSION_MISSING.md"),
        Reason::PermissionPending => include_str!("../../../docs/reasons/PERMISSION_PENDING.md"),
        Reason::PolicyDenied => include_str!("../../../docs/reasons/POLICY_DENIED.md"),
        Reason::WrongIdKind => include_str!("../../../docs/reasons/WRONG_ID_KIND.md"),
        Reason::AgentUnknown => include_str!("../../../docs/reasons/AGENT_UNKNOWN.md"),
        Reason::AgentDeleted => include_str!("../../../docs/reasons/AGENT_DELETED.md"),
        Reason::AgentInactive => include_str!("../../../docs/reasons/AGENT_INACTIVE.md"),
        Reason::DivisionNotVisible => include_str!("../../../docs/reasons/DIVISION_NOT_VISIBLE.md"),
        Reason::PlatformCacheStale => include_str!("../../../docs/reasons/PLATFORM_CACHE_STALE.md"),
        Reason::NotLoggedIn => include_str!("../../../docs/reasons/NOT_LOGGED_IN.md"),
        Reason::StateWithheld => include_str!("../../../docs/reasons/STATE_WITHHELD.md"),
        Reason::ClockSkewed => include_str!("../../../docs/reasons/CLOCK_SKEWED.md"),
        Reason::SourceSilent => include_str!("../../../docs/reasons/SOURCE_SILENT.md"),
        Reason::ChannelLost => include_str!("../../../docs/reasons/CHANNEL_LOST.md"),
        Reason::TopicRejected => include_str!("../../../docs/reasons/TOPIC_REJECTED.md"),
        Reason::StoreFailing => include_str!("../../../docs/reasons/STORE_FAILING.md"),
        Reason::ConfigurationInvalid => include_str!("../../../docs/reasons/CONFIGURATION_INVALID.md"),
        Reason::Undetermined => include_str!("../../../docs/reasons/UNDETERMINED.md"),
    }
}

/// The page's first sentence, without its full stop.
#[must_use]
pub fn meaning(reason: Reason) -> String {
    let (_, after) = page(reason).split_once("**Meaning.** ").unwrap_or_default();
    let paragraph = after.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = line.split_once(". ").map_or(line.as_str(), |(sentence, _)| sentence);
    sentence.trim_end_matches('.').to_owned()
}

/// The reason that is meant: whatever its capitals, with `-`, `_` or blanks between its words, or by its page's
/// address.
///
/// # Errors
///
/// With the nearest reasons, best first, when there is none of that name.
pub fn find(asked: &str) -> Result<Reason, Vec<Reason>> {
    /// Less likeness than this is chance.
    const LIKENESS_MIN: f64 = 0.4;
    const NEAREST_MAX: usize = 3;
    /// Longer than any name, and short enough to compare.
    const ASKED_CHARS_MAX: usize = 100;

    let last = asked.trim().trim_end_matches(".md").rsplit('/').next().unwrap_or_default();
    let name: String = last
        .chars()
        .take(ASKED_CHARS_MAX)
        .map(|c| if c == '-' || c.is_whitespace() { '_' } else { c.to_ascii_uppercase() })
        .collect();
    if let Some(reason) = Reason::ALL.iter().find(|reason| reason.name() == name) {
        return Ok(*reason);
    }
    let likeness = |reason: &Reason| strsim::normalized_damerau_levenshtein(&name, reason.name());
    let mut near: Vec<(f64, Reason)> = Reason::ALL.iter().map(|reason| (likeness(reason), *reason)).collect();
    near.retain(|(likeness, _)| *likeness >= LIKENESS_MIN);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    Err(near.into_iter().take(NEAREST_MAX).map(|(_, reason)| reason).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_found_however_it_is_written() {
        for asked in
            ["SCOPE_MISSING", "scope-missing", " Scope missing ", "https://onduty.dev/reasons/SCOPE_MISSING"]
        {
            assert_eq!(find(asked), Ok(Reason::ScopeMissing), "{asked}");
        }
        let near = find("scop_mising").expect_err("misspelt");
        assert_eq!(near.first(), Some(&Reason::ScopeMissing));
        assert_eq!(find(&"x".repeat(1 << 20)), Err(Vec::new()));
    }

    #[test]
    fn every_reason_has_a_page_of_its_own_name_and_a_meaning_of_one_line() {
        for reason in Reason::ALL {
            assert!(page(*reason).starts_with(&format!("# {}\n", reason.name())), "{reason:?}");
            let meaning = meaning(*reason);
            assert!((10..=110).contains(&meaning.chars().count()), "{reason:?}: {meaning}");
        }
    }
}
