//! Errors of the gRPC services: a status with `google.rpc` details, so that a client need never read a text to
//! know what happened.

use std::collections::BTreeMap;
use std::time::Duration;

use onduty_core::finding::Finding;
use onduty_proto::v1;
use prost::{Message, Name};
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::api::convert::{to_duration, to_finding};
use crate::api::problem::codes;
use crate::api::violation::Violation;

/// The `domain` of every reason.
const DOMAIN: &str = "onduty.dev";

/// So many bytes of details fit into the trailers that common clients accept: grpc-core and grpc-go stop at 8 KiB
/// for all of them, and details travel as base64, which makes four bytes of three.
const DETAILS_BYTES_MAX: usize = 5_000;

impl Violation {
    /// The status of a request with just this fault.
    pub(in crate::api::grpc) fn status(self) -> Status {
        invalid(vec![self])
    }
}

/// A miss.
pub(super) fn of_finding(finding: &Finding) -> Status {
    let reason = finding.reason;
    let mut details = Details::new(reason.name(), [("agent_id", finding.asked.clone())]);
    let link = pb::help::Link {
        description: format!("What {} means and what to do", reason.name()),
        url: reason.help_url(),
    };
    details.add("google.rpc.Help", &pb::Help { links: vec![link] });
    if let Some(wait) = finding.retry_after {
        details.retry_after(wait);
    }
    details.finding(to_finding(finding));
    details.status(codes(reason).grpc, &finding.summary)
}

/// A request that breaks the contract, with everything that is wrong with it.
pub(super) fn invalid(violations: Vec<Violation>) -> Status {
    let text: Vec<_> = violations
        .iter()
        .map(|violation| format!("{}: {}", violation.field, violation.description))
        .collect();
    let message = text.join("; ");
    let mut details = Details::new("REQUEST_INVALID", []);
    let field_violations = violations
        .into_iter()
        .map(|violation| pb::bad_request::FieldViolation {
            field: violation.field,
            description: violation.description,
            ..Default::default()
        })
        .collect();
    details.add("google.rpc.BadRequest", &pb::BadRequest { field_violations });
    details.status(Code::InvalidArgument, &message)
}

/// An error that is neither a finding nor a fault of the request, with the reason's name and what goes with it.
pub(super) fn refused<const N: usize>(
    code: Code,
    reason: &str,
    message: &str,
    metadata: [(&str, String); N],
    retry_after: Option<Duration>,
) -> Status {
    let mut details = Details::new(reason, metadata);
    if let Some(wait) = retry_after {
        details.retry_after(wait);
    }
    details.status(code, message)
}

struct Details(Vec<Any>);

impl Details {
    fn new<const N: usize>(reason: &str, metadata: [(&str, String); N]) -> Self {
        let metadata: BTreeMap<_, _> = metadata.map(|(key, value)| (key.to_owned(), value)).into();
        let info = pb::ErrorInfo {
            reason: reason.to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: metadata.into_iter().collect(),
        };
        let mut details = Self(Vec::new());
        details.add("google.rpc.ErrorInfo", &info);
        details
    }

    fn add(&mut self, name: &str, message: &impl Message) {
        let type_url = format!("type.googleapis.com/{name}");
        self.0.push(Any { type_url, value: message.encode_to_vec() });
    }

    fn retry_after(&mut self, wait: Duration) {
        self.add("google.rpc.RetryInfo", &pb::RetryInfo { retry_delay: Some(to_duration(wait)) });
    }

    /// Adds a finding, cut to what fits: first the last known state goes, then the evidence from its end.
    fn finding(&mut self, mut finding: v1::Finding) {
        let used: usize = self.0.iter().map(Any::encoded_len).sum();
        let room = DETAILS_BYTES_MAX.saturating_sub(used);
        if finding.encoded_len() > room {
            finding.last_known = None;
        }
        while finding.encoded_len() > room && finding.evidence.pop().is_some() {}
        self.0.push(Any { type_url: v1::Finding::type_url(), value: finding.encode_to_vec() });
    }

    fn status(self, code: Code, message: &str) -> Status {
        let message: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        let whole = pb::Status { code: code.into(), message: message.clone(), details: self.0 };
        Status::with_details(code, message, whole.encode_to_vec().into())
    }
}

/// A status message also travels in the trailers.
const MESSAGE_CHARS_MAX: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use onduty_core::finding::{Evidence, Reason};
    use tonic_types::StatusExt as _;

    fn finding_in(status: &Status) -> v1::Finding {
        let whole = pb::Status::decode(status.details()).expect("details");
        let any =
            whole.details.iter().find(|any| any.type_url == v1::Finding::type_url()).expect("a finding");
        v1::Finding::decode(&*any.value).expect("decodes")
    }

    #[test]
    fn every_reason_is_told_in_full() {
        for reason in Reason::ALL {
            let finding = Finding::new(*reason, "id-1", "it is so", "mend it")
                .seen([Evidence { origin: "lookup".into(), detail: "seen".into(), observed_at: None }])
                .retry_after(Duration::from_millis(2_500));
            let status = of_finding(&finding);
            assert_eq!((status.code(), status.message()), (codes(*reason).grpc, "it is so"));
            let info = status.get_details_error_info().expect("error info");
            assert_eq!((&*info.reason, &*info.domain), (reason.name(), "onduty.dev"));
            assert_eq!(info.metadata.get("agent_id").map(String::as_str), Some("id-1"));
            let help = status.get_details_help().expect("help");
            assert_eq!(help.links[0].url, reason.help_url());
            let retry = status.get_details_retry_info().expect("retry info");
            assert_eq!(retry.retry_delay, Some(Duration::from_millis(2_500)));
            assert_eq!(finding_in(&status), to_finding(&finding));
        }
    }

    #[test]
    fn details_stay_small_enough_for_trailers_whatever_was_seen() {
        let evidence = Evidence { origin: "platform".into(), detail: "x".repeat(900), observed_at: None };
        let finding = Finding::new(Reason::Undetermined, &"i".repeat(1_000_000), "it is so", "mend it")
            .seen(std::iter::repeat_n(evidence, 50));
        let status = of_finding(&finding);
        assert!(status.details().len() < DETAILS_BYTES_MAX + 200, "{}", status.details().len());
        let told = finding_in(&status);
        assert!(!told.evidence.is_empty());
        assert_eq!(told.reason, "UNDETERMINED");
    }

    #[test]
    fn a_bad_request_names_each_field() {
        let status =
            invalid(vec![Violation::new("page_size", "at most 1000"), Violation::new("filter", "no")]);
        assert_eq!(status.message(), "page_size: at most 1000; filter: no");
        let fields = status.get_details_bad_request().expect("violations").field_violations;
        assert_eq!(fields.iter().map(|field| &*field.field).collect::<Vec<_>>(), ["page_size", "filter"]);
    }
}
