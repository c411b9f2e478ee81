//! What the doctor says, as proto3 JSON.

use onduty_proto::v1::{Check, CheckStatus, DiagnoseResponse};
use serde_json::Value;

use super::{Object, evidence, finding};

/// A `DiagnoseResponse`.
#[must_use]
pub fn diagnosis(response: &DiagnoseResponse) -> Value {
    let mut object = Object::default();
    object.list("checks", response.checks.iter().map(check));
    object.set("finding", response.finding.as_ref().map(finding));
    object.finish()
}

fn check(check: &Check) -> Value {
    let status = check.status();
    let mut object = Object::default();
    object.text("name", &check.name);
    object.name("status", status != CheckStatus::Unspecified, status.as_str_name());
    object.text("found", &check.found);
    object.text("meaning", &check.meaning);
    object.text("remedy", &check.remedy);
    object.text("helpUrl", &check.help_url);
    object.text("reason", &check.reason);
    object.list("evidence", check.evidence.iter().map(evidence));
    object.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_proto::v1::{Evidence, Finding};
    use serde_json::json;

    #[test]
    fn a_diagnosis_is_written_with_the_contracts_names() {
        let seen = Evidence { origin: "o".to_owned(), detail: "d".to_owned(), observed_at: None };
        let check = Check {
            name: "scopes".to_owned(),
            status: CheckStatus::Fail.into(),
            found: "f".to_owned(),
            meaning: "m".to_owned(),
            remedy: "r".to_owned(),
            help_url: "h".to_owned(),
            reason: "SCOPE_MISSING".to_owned(),
            evidence: vec![seen],
        };
        let finding = Finding { reason: "SCOPE_MISSING".to_owned(), ..Finding::default() };
        let response = DiagnoseResponse { checks: vec![check], finding: Some(finding) };
        let expected = json!({
            "checks": [{
                "name": "scopes", "status": "CHECK_STATUS_FAIL", "found": "f", "meaning": "m", "remedy": "r",
                "helpUrl": "h", "reason": "SCOPE_MISSING", "evidence": [{"origin": "o", "detail": "d"}]
            }],
            "finding": {"reason": "SCOPE_MISSING"}
        });
        assert_eq!(diagnosis(&response), expected);
    }
}
