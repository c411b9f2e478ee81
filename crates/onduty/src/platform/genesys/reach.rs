//! Whether the platform's hosts can be reached at all: a request without a token, to which any answer will do. Told
//! apart is what people mend in different places: a name, a connection, a certificate.

use std::error::Error;
use std::io;
use std::time::Duration;

use onduty_core::time::Timestamp;
use rustls::CertificateError;
use tokio::time::timeout;

use super::client::Client;
use super::route::Route;
use super::skew;
use super::transport::what_happened;

/// How long a host may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One of the platform's two hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// Where tokens are given.
    Login,
    /// Where everything else is.
    Api,
}

/// A host that answered, whatever it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// With which status.
    pub status: u16,
    /// After how long.
    pub took: Duration,
    /// When it was asked, by our clock.
    pub at: Timestamp,
}

/// A host that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreached {
    /// What people have to look at.
    pub obstacle: Obstacle,
    /// What was seen.
    pub detail: String,
    /// When it was asked, by our clock.
    pub at: Timestamp,
}

/// What stands between us and a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Its name has no address.
    Name,
    /// Nobody takes the connection.
    Connection,
    /// Its certificate, or what it speaks, is not to be trusted.
    Tls,
    /// Nothing came in time.
    Silence,
}

impl Client {
    /// Asks a host for anything, without a token.
    ///
    /// # Errors
    ///
    /// When nothing comes back, with what stands in the way.
    pub async fn reach(&self, host: Host) -> Result<Reached, Unreached> {
        let (base, route) = match host {
            Host::Login => (&self.login_url, Route::Token),
            Host::Api => (&self.api_url, Route::TokenInfo),
        };
        let at = self.clock.now();
        let sent = timeout(TIMEOUT, self.http.get(format!("{base}{route}")).send()).await;
        let Ok(sent) = sent else {
            let detail = format!("no answer within {TIMEOUT:?}");
            return Err(Unreached { obstacle: Obstacle::Silence, detail, at });
        };
        match sent {
            Ok(response) => {
                let status = response.status().as_u16();
                self.meters.requested(route.template(), status);
                let now = self.clock.now();
                if let Some(standing) = skew::measured(response.headers(), at, now) {
                    self.status.clock(standing);
                }
                Ok(Reached { status, took: now.since(at), at })
            }
            Err(error) => {
                self.meters.requested(route.template(), 0);
                let (obstacle, detail) = obstacle(&error);
                Err(Unreached { obstacle, detail, at })
            }
        }
    }
}

fn obstacle(error: &reqwest::Error) -> (Obstacle, String) {
    if error.is_timeout() {
        return (Obstacle::Silence, what_happened(error));
    }
    if let Some(tls) = tls_error(error) {
        return (Obstacle::Tls, tls_words(tls));
    }
    let root = root(error);
    // The resolver's error has no type of its own.
    if what_happened(error).contains("dns error") {
        return (Obstacle::Name, format!("its name can't be resolved: {root}"));
    }
    let begun = if error.is_connect() { "no connection" } else { "the connection broke" };
    (Obstacle::Connection, format!("{begun}: {root}"))
}

/// The first cause: what lies between it and the failure only names the libraries that it went through.
fn root<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut root = error;
    while let Some(cause) = root.source() {
        root = cause;
    }
    root
}

/// What TLS objected to, wherever it stands in the chain of causes. Inside an IO error it is not a source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(tls) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(tls);
        }
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn tls_words(error: &rustls::Error) -> String {
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return "what answers there does not speak TLS".to_owned(),
        other => return format!("TLS failed: {other}"),
    };
    let words = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet: is our clock behind?"
        }
        CertificateError::UnknownIssuer => "its certificate was issued by nobody whom this machine trusts",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        CertificateError::Revoked => "its certificate was revoked",
        // A private authority that was made anew keeps its name: the old certificate of it is still trusted here.
        CertificateError::BadSignature => {
            "its certificate is not signed by the authority that this machine trusts under the issuer's name: was that \
             authority made anew?"
        }
        CertificateError::BadEncoding => "its certificate can't be read",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "its certificate is not one for servers"
        }
        CertificateError::UnknownRevocationStatus => {
            "nobody here can say whether its certificate was revoked"
        }
        other => return format!("its certificate is not accepted: {other}"),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_objected_to_in_words() {
        let words = |error| tls_words(&rustls::Error::InvalidCertificate(error));
        assert_eq!(words(CertificateError::Expired), "its certificate has expired");
        assert!(words(CertificateError::UnknownIssuer).contains("nobody whom this machine trusts"));
        assert!(words(CertificateError::NotValidForName).contains("another name"));
        assert!(words(CertificateError::BadSignature).contains("made anew"));
        assert!(words(CertificateError::UnhandledCriticalExtension).contains("not accepted"));
    }

    #[test]
    fn what_tls_objected_to_is_found_inside_other_errors() {
        let tls = rustls::Error::InvalidCertificate(CertificateError::Revoked);
        let wrapped = io::Error::other(io::Error::other(tls.clone()));
        assert_eq!(tls_error(&wrapped), Some(&tls));
        assert_eq!(tls_error(&io::Error::other("no such thing")), None);
    }
}
