//! The kinds of value that say where the platform is: a base URL, a region's domain, and the table of regions.

use std::collections::BTreeMap;
use std::fmt;

use http::Uri;
use serde_json::json;

use super::kind::Kind;
use super::layers::Raw;
use super::platform::REGIONS;

/// An `http` or `https` URL that paths are appended to; never ends in a slash, carries no credentials and no query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads a URL; `None` unless it is one a request path can be appended to.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let authority = uri.authority()?;
        let plain = !authority.as_str().contains('@') && uri.query().is_none() && !text.contains('#');
        let known = matches!(scheme, "http" | "https");
        let path = uri.path().trim_end_matches('/');
        (known && plain && !authority.host().is_empty())
            .then(|| Self(format!("{scheme}://{authority}{path}")))
    }

    pub(super) fn of_host(host: &str, domain: &str) -> Self {
        Self(format!("https://{host}.{domain}"))
    }

    /// The URL, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A base URL.
pub(super) struct Url;

impl Kind for Url {
    type Value = BaseUrl;

    fn read(&self, raw: &Raw) -> Option<BaseUrl> {
        BaseUrl::parse(raw.as_text()?)
    }

    fn accepts(&self) -> String {
        "an http or https URL without user, query or fragment, such as https://api.mypurecloud.ie".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "format": "uri", "pattern": "^https?://"})
    }

    fn show(&self, value: &BaseUrl) -> String {
        value.to_string()
    }
}

/// The domain of a region.
pub(super) struct Domain;

impl Kind for Domain {
    type Value = String;

    fn read(&self, raw: &Raw) -> Option<String> {
        raw.as_text().filter(|text| is_domain(text)).map(ToOwned::to_owned)
    }

    fn accepts(&self) -> String {
        "the domain of a region, such as mypurecloud.ie, without scheme or `api.`".to_owned()
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "string", "format": "hostname"})
    }

    fn show(&self, value: &String) -> String {
        value.clone()
    }

    /// Tells somebody who gave the cloud provider's name of a region which domain that is.
    fn hint(&self, refused: &Raw) -> Option<String> {
        let text = refused.as_text()?;
        let (cloud, domain) = REGIONS.iter().find(|(cloud, _)| *cloud == text)?;
        Some(format!("the domain of {cloud} is {domain}"))
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host = ["api.", "login.", "apps."].iter().any(|host| text.starts_with(host));
    text.len() <= 253 && text.contains('.') && text.split('.').all(label) && !host
}

/// A table from a region's domain to the base URL that holds its log-in and its API.
pub(super) struct RegionTable {
    /// The most regions accepted.
    pub(super) max: usize,
}

impl Kind for RegionTable {
    type Value = BTreeMap<String, BaseUrl>;

    fn read(&self, raw: &Raw) -> Option<Self::Value> {
        let pairs: Vec<(&str, &str)> = match raw {
            Raw::Words(text) => {
                text.split(',').map(|pair| pair.trim().split_once('=')).collect::<Option<_>>()?
            }
            Raw::Table(table) => {
                let pair = |(domain, url)| Raw::as_text(url).map(|url| (String::as_str(domain), url));
                table.iter().map(pair).collect::<Option<_>>()?
            }
            Raw::Text(_) | Raw::Integer(_) | Raw::Bool(_) | Raw::List(_) | Raw::Other(_) => return None,
        };
        let region = |(domain, url): &(&str, &str)| {
            is_domain(domain).then(|| BaseUrl::parse(url))?.map(|url| ((*domain).to_owned(), url))
        };
        (pairs.len() <= self.max).then(|| pairs.iter().map(region).collect())?
    }

    fn accepts(&self) -> String {
        format!(
            "a table of at most {} regions, domain = \"base URL\" (in the environment domain=URL,domain=URL)",
            self.max
        )
    }

    fn schema(&self) -> serde_json::Value {
        json!({"type": "object", "additionalProperties": Url.schema(), "maxProperties": self.max})
    }

    fn show(&self, value: &Self::Value) -> String {
        let pairs: Vec<String> = value.iter().map(|(domain, url)| format!("{domain}={url}")).collect();
        pairs.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_one_that_a_path_can_follow() {
        let table = [
            ("https://api.mypurecloud.ie", Some("https://api.mypurecloud.ie")),
            ("http://127.0.0.1:7480/", Some("http://127.0.0.1:7480")),
            (
                "http://127.0.0.1:7480/region/usw2.pure.cloud/",
                Some("http://127.0.0.1:7480/region/usw2.pure.cloud"),
            ),
            ("ftp://example.org", None),
            ("https://user:word@example.org", None),
            ("https://example.org/?a=b", None),
            ("https://example.org/#part", None),
            ("example.org", None),
            ("/path", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(BaseUrl::parse(text).as_ref().map(BaseUrl::as_str), expected, "{text}");
        }
    }

    #[test]
    fn a_region_is_a_domain_and_not_a_host_or_a_cloud_region() {
        let table = [
            ("mypurecloud.ie", true),
            ("usw2.pure.cloud", true),
            ("edee1.eusc-pure.cloud", true),
            ("eu-west-1", false),
            ("api.mypurecloud.ie", false),
            ("https://mypurecloud.ie", false),
            ("MyPureCloud.ie", false),
            ("-a.example", false),
            ("a..b", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_domain(text), expected, "{text}");
        }
    }
}
