//! What the doctor says, as the contract writes it. The same for every API, and for the doctor without a sidecar.

use onduty_proto::v1;

use super::convert::{to_evidence, to_finding};
use crate::doctor::{Check, Examination, Status};

/// An examination, whole.
pub fn to_response(examination: &Examination) -> v1::DiagnoseResponse {
    v1::DiagnoseResponse {
        checks: examination.checks.iter().map(to_check).collect(),
        finding: examination.finding.as_deref().map(to_finding),
    }
}

fn to_check(check: &Check) -> v1::Check {
    let Check { name, status, found, meaning, remedy, reason, evidence } = check;
    v1::Check {
        name: (*name).to_owned(),
        status: to_status(*status).into(),
        found: found.clone(),
        meaning: meaning.clone(),
        remedy: remedy.clone(),
        help_url: reason.map(onduty_core::finding::Reason::help_url).unwrap_or_default(),
        reason: reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
        evidence: evidence.iter().map(to_evidence).collect(),
    }
}

const fn to_status(status: Status) -> v1::CheckStatus {
    match status {
        Status::Ok => v1::CheckStatus::Ok,
        Status::Warn => v1::CheckStatus::Warn,
        Status::Fail => v1::CheckStatus::Fail,
        Status::Skipped => v1::CheckStatus::Skipped,
    }
}
