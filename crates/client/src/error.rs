//! What can go wrong with a call, told apart by what the caller can do about it.

use std::time::Duration;

use onduty_proto::v1::Finding;
use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb::{ErrorInfo, RetryInfo};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address can't be one. Nothing was sent.
    #[error("{given:?} is not the address of a sidecar; give host:port, http://host:port or unix:/path")]
    Address {
        /// What was given.
        given: String,
    },
    /// Nobody answers at the address.
    #[error("no sidecar answers at {address}")]
    Unreachable {
        /// The address tried.
        address: String,
        /// What the attempt met.
        source: Met,
    },
    /// The sidecar says why it has no state to give.
    #[error("{}: {}", finding.reason, finding.summary)]
    Missed {
        /// Reason, evidence, remedy.
        finding: Box<Finding>,
        /// The gRPC code.
        code: Code,
        /// How long to wait before asking again, where waiting helps.
        retry_after: Option<Duration>,
    },
    /// The sidecar refused the call itself: a bad request, a limit, a cursor it can't resume from.
    #[error("the sidecar refused the call ({code:?}): {message}")]
    Refused {
        /// The gRPC code.
        code: Code,
        /// What the sidecar said.
        message: String,
        /// The reason's name, for instance `CURSOR_EXPIRED`, where one was given.
        reason: Option<String>,
        /// How long to wait before trying again, where waiting helps.
        retry_after: Option<Duration>,
    },
    /// The sidecar answered in a way that its contract rules out.
    #[error("the sidecar at {address} broke its contract: {what}")]
    Malformed {
        /// The sidecar's address.
        address: String,
        /// What was wrong.
        what: &'static str,
    },
}

impl ClientError {
    /// The finding, when the sidecar gave one.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Missed { finding, .. } => Some(finding),
            Self::Address { .. }
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Malformed { .. } => None,
        }
    }

    /// The reason's name, of a finding or of a refusal.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Missed { finding, .. } => Some(&finding.reason),
            Self::Refused { reason, .. } => reason.as_deref(),
            Self::Address { .. } | Self::Unreachable { .. } | Self::Malformed { .. } => None,
        }
    }

    /// How long to wait before asking again, where the sidecar says that waiting helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Missed { retry_after, .. } | Self::Refused { retry_after, .. } => *retry_after,
            Self::Address { .. } | Self::Unreachable { .. } | Self::Malformed { .. } => None,
        }
    }

    /// Whether nobody answered, rather than somebody with bad news.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether a watch may mend this by connecting again. A request that is wrong stays wrong; everything else passes.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Missed { code, .. } | Self::Refused { code, .. } => match code {
                Code::Ok
                | Code::Cancelled
                | Code::Unknown
                | Code::DeadlineExceeded
                | Code::ResourceExhausted
                | Code::Aborted
                | Code::Internal
                | Code::Unavailable => true,
                Code::InvalidArgument
                | Code::NotFound
                | Code::AlreadyExists
                | Code::PermissionDenied
                | Code::FailedPrecondition
                | Code::OutOfRange
                | Code::Unimplemented
                | Code::DataLoss
                | Code::Unauthenticated => false,
            },
            Self::Address { .. } | Self::Malformed { .. } => false,
        }
    }

    /// Nobody answered; of what the attempt met, the root says it all.
    pub(crate) fn unreachable(address: &str, met: &(dyn std::error::Error + 'static)) -> Self {
        let mut root = met;
        while let Some(cause) = root.source() {
            root = cause;
        }
        Self::Unreachable { address: address.to_owned(), source: Met(root.to_string()) }
    }

    /// Reads a gRPC status: a finding where one is attached, else trouble on the way, else a refusal.
    pub(crate) fn from_status(address: &str, status: &Status) -> Self {
        let details = details_of(status);
        let retry_after = find::<RetryInfo>(&details)
            .and_then(|info| info.retry_delay)
            .and_then(|delay| Duration::try_from(delay).ok());
        if let Some(finding) = find::<Finding>(&details) {
            return Self::Missed { finding: Box::new(finding), code: status.code(), retry_after };
        }
        // A status that this side made up, for want of an answer, carries what the transport met.
        if std::error::Error::source(status).is_some() {
            return Self::unreachable(address, status);
        }
        Self::Refused {
            code: status.code(),
            message: status.message().to_owned(),
            reason: find::<ErrorInfo>(&details).map(|info| info.reason),
            retry_after,
        }
    }
}

/// What an attempt to connect or to call met at the bottom: refused, reset, timed out, …
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Met(pub String);

fn details_of(status: &Status) -> Vec<Any> {
    tonic_types::pb::Status::decode(status.details()).map(|status| status.details).unwrap_or_default()
}

/// The first detail of type `T`. A detail that does not decode is passed over: the code still says something.
fn find<T: Detail>(details: &[Any]) -> Option<T> {
    let detail = details.iter().find(|detail| detail.type_url.rsplit('/').next() == Some(T::FULL_NAME))?;
    T::decode(detail.value.as_slice()).ok()
}

/// A message that may be attached to a status, known by its full name.
trait Detail: prost::Message + Default {
    const FULL_NAME: &'static str;
}

impl Detail for Finding {
    const FULL_NAME: &'static str = "onduty.v1.Finding";
}

impl Detail for ErrorInfo {
    const FULL_NAME: &'static str = "google.rpc.ErrorInfo";
}

impl Detail for RetryInfo {
    const FULL_NAME: &'static str = "google.rpc.RetryInfo";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(name: &str, message: &impl prost::Message) -> Any {
        Any { type_url: format!("type.googleapis.com/{name}"), value: message.encode_to_vec() }
    }

    fn status(code: Code, details: Vec<Any>) -> Status {
        let body = tonic_types::pb::Status { code: code as i32, message: String::new(), details };
        Status::with_details(code, "said so", body.encode_to_vec().into())
    }

    fn info(reason: &str) -> Any {
        let info =
            ErrorInfo { reason: reason.to_owned(), domain: "onduty.dev".to_owned(), ..Default::default() };
        any("google.rpc.ErrorInfo", &info)
    }

    #[test]
    fn a_finding_is_found_by_its_type_wherever_it_stands() {
        let finding = Finding { reason: "RATE_LIMITED".to_owned(), ..Default::default() };
        let retry = RetryInfo { retry_delay: Some(prost_types::Duration { seconds: 3, nanos: 0 }) };
        let details = vec![
            info("RATE_LIMITED"),
            any("something.Unknown", &()),
            any("google.rpc.RetryInfo", &retry),
            any("onduty.v1.Finding", &finding),
        ];
        let error = ClientError::from_status("here", &status(Code::ResourceExhausted, details));
        assert_eq!(error.finding(), Some(&finding));
        assert_eq!(error.reason(), Some("RATE_LIMITED"));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
        assert!(error.is_transient() && !error.is_unreachable());
    }

    #[test]
    fn a_refusal_without_a_finding_keeps_its_reason() {
        let error = ClientError::from_status("here", &status(Code::OutOfRange, vec![info("CURSOR_EXPIRED")]));
        assert_eq!(error.reason(), Some("CURSOR_EXPIRED"));
        assert_eq!(error.finding(), None);
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "the sidecar refused the call (OutOfRange): said so");
    }

    #[test]
    fn details_that_are_garbage_are_passed_over() {
        let garbage =
            Any { type_url: "type.googleapis.com/onduty.v1.Finding".to_owned(), value: vec![255; 9] };
        let error = ClientError::from_status("here", &status(Code::NotFound, vec![garbage]));
        assert_eq!(error.finding(), None);
        let error =
            ClientError::from_status("here", &Status::with_details(Code::NotFound, "", vec![1, 2].into()));
        assert_eq!(error.reason(), None);
    }

    #[test]
    fn trouble_on_the_way_is_not_a_refusal() {
        let met = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let error = ClientError::from_status("here", &Status::from_error(Box::new(met)));
        assert!(error.is_unreachable() && error.is_transient(), "{error:?}");
        assert_eq!(error.to_string(), "no sidecar answers at here");
    }
}
