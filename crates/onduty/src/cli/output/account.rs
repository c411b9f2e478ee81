//! The account of a list, on one line that adds up.

use onduty_proto::v1::Account;

/// `8 agents = 5 shown + 2 filtered out + 1 withheld (POLICY_DENIED 1) + 0 unknown`.
#[must_use]
pub(crate) fn line(account: &Account) -> String {
    let mut reasons: Vec<_> = account.withheld.iter().collect();
    reasons.sort();
    let withheld: u64 = account.withheld.values().sum();
    let by_reason: Vec<String> =
        reasons.iter().map(|(reason, count)| format!("{} {count}", super::plain(reason))).collect();
    let by_reason = if by_reason.is_empty() { String::new() } else { format!(" ({})", by_reason.join(", ")) };
    let noun = if account.directory_total == 1 { "agent" } else { "agents" };
    format!(
        "{} {noun} = {} shown + {} filtered out + {withheld} withheld{by_reason} + {} unknown",
        account.directory_total, account.shown, account.filtered, account.unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_every_part() {
        let withheld =
            [("POLICY_DENIED".to_owned(), 2), ("NOT_LOGGED_IN".to_owned(), 1)].into_iter().collect();
        let account = Account { directory_total: 12, shown: 5, filtered: 3, withheld, unknown: 1 };
        assert_eq!(
            line(&account),
            "12 agents = 5 shown + 3 filtered out + 3 withheld (NOT_LOGGED_IN 1, POLICY_DENIED 2) + 1 unknown"
        );
    }
}
