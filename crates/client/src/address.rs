//! Where a sidecar is.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use tonic::transport::Endpoint;

use crate::ClientError;

/// Where a sidecar answers unless it was told otherwise.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7400";

/// The address of a sidecar: `host:port`, `http://host:port` or `unix:/path`.
///
/// ```
/// use onduty_client::Address;
///
/// let address: Address = "127.0.0.1:7400".parse()?;
/// assert_eq!(address.to_string(), "http://127.0.0.1:7400");
/// let address: Address = "unix:/run/onduty/api.sock".parse()?;
/// assert_eq!(address.to_string(), "unix:/run/onduty/api.sock");
/// assert!("ftp://127.0.0.1".parse::<Address>().is_err());
/// # Ok::<(), onduty_client::ClientError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    pub(crate) fn endpoint(&self) -> Result<Endpoint, ClientError> {
        Endpoint::from_shared(self.0.clone()).map_err(|_| self.refused())
    }

    fn refused(&self) -> ClientError {
        ClientError::Address { given: self.0.clone() }
    }
}

impl FromStr for Address {
    type Err = ClientError;

    fn from_str(text: &str) -> Result<Self, ClientError> {
        let refused = || ClientError::Address { given: text.to_owned() };
        if let Some(path) = text.strip_prefix("unix:") {
            let usable = path.starts_with('/') && path.len() > 1 && !path.contains('\0');
            return usable.then(|| Self(text.to_owned())).ok_or_else(refused);
        }
        let address = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = address.parse().map_err(|_| refused())?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| {
            !authority.host().is_empty()
                && authority.port_u16().is_some()
                && !authority.as_str().contains('@')
        });
        match (uri.scheme_str(), authority) {
            (Some("http"), Some(authority)) if bare => Ok(Self(format!("http://{authority}"))),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_in_three_forms_and_no_other() {
        let table = [
            ("127.0.0.1:7400", Some("http://127.0.0.1:7400")),
            ("localhost:7400", Some("http://localhost:7400")),
            ("[::1]:7400", Some("http://[::1]:7400")),
            ("http://localhost:7400/", Some("http://localhost:7400")),
            ("unix:/run/onduty.sock", Some("unix:/run/onduty.sock")),
            ("unix:run.sock", None),
            ("unix:/", None),
            ("localhost", None),
            ("https://localhost:7400", None),
            ("http://localhost:7400/path", None),
            ("http://user:word@localhost:7400", None),
            ("http://localhost:99999", None),
            ("", None),
        ];
        for (text, expected) in table {
            let parsed = text.parse::<Address>().ok().map(|address| address.to_string());
            assert_eq!(parsed.as_deref(), expected, "{text}");
        }
    }
}
