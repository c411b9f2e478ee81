//! Whether the platform's two hosts can be reached: name, connection, certificate.

use onduty_core::finding::{Evidence, Reason};

use super::check::Check;
use super::facts::Facts;
use crate::config::BaseUrl;
use crate::platform::genesys::reach::{Obstacle, Reached, Unreached};

pub(super) const LOGIN: &str = "log-in host";
pub(super) const API: &str = "api host";

/// The log-in host and the API host.
pub(super) fn judge(facts: &Facts) -> [Check; 2] {
    let settings = &facts.settings;
    [
        check(LOGIN, &settings.login_url, &facts.login, "no token can be had"),
        check(API, &settings.api_url, &facts.api, "nothing can be read: states grow old"),
    ]
}

fn check(name: &'static str, url: &BaseUrl, reach: &Result<Reached, Unreached>, loss: &str) -> Check {
    let reached = match reach {
        Ok(reached) => reached,
        Err(unreached) => return unreachable(name, url, unreached, loss),
    };
    let Reached { status, took, at } = *reached;
    if status >= 500 {
        let seen = Evidence::at(url.as_str(), format!("answered {status}"), at);
        return Check::fail(name, Reason::PlatformUnavailable, format!("{url} answers {status}"))
            .meaning(loss)
            .remedy(
                "look at the platform's status page, or at the proxy in between; onduty tries on by itself",
            )
            .seen([seen]);
    }
    let took = took.as_millis();
    match security(url) {
        Security::Tls => Check::ok(name, format!("{url} answers in {took} ms, certificate accepted")),
        Security::Inside => Check::ok(name, format!("{url} answers in {took} ms, plain HTTP")),
        Security::Open => Check::warn(name, None, format!("{url} answers in {took} ms, plain HTTP"))
            .meaning("secrets and tokens travel unencrypted; whoever listens can read them")
            .remedy("give an https:// URL"),
    }
}

fn unreachable(name: &'static str, url: &BaseUrl, unreached: &Unreached, loss: &str) -> Check {
    let Unreached { obstacle, detail, at } = unreached;
    let remedy = match obstacle {
        Obstacle::Name => {
            "check platform.region or the URL for a typing error, and this machine's name servers"
        }
        Obstacle::Connection => "check the address and port, and what firewall or proxy lies in between",
        Obstacle::Tls => {
            "check the host's name, this machine's clock and certificate store; a proxy that opens TLS needs its \
             own authority there"
        }
        Obstacle::Silence => "check what firewall or proxy lies in between, and the platform's status page",
    };
    Check::fail(name, Reason::PlatformUnavailable, format!("{url} can't be reached: {detail}"))
        .meaning(loss)
        .remedy(remedy)
        .seen([Evidence::at(url.as_str(), detail.clone(), *at)])
}

/// How what is said to a host is kept from others.
#[derive(Debug, PartialEq, Eq)]
enum Security {
    Tls,
    /// It does not leave the machine.
    Inside,
    Open,
}

fn security(url: &BaseUrl) -> Security {
    let Some(rest) = url.as_str().strip_prefix("http://") else { return Security::Tls };
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
        Some((v6, _)) => v6,
        None => authority.split(':').next().unwrap_or(authority),
    };
    let is_loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_loopback || host == "localhost" { Security::Inside } else { Security::Open }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;
    use onduty_core::time::Timestamp;
    use std::time::Duration;

    fn url(text: &str) -> BaseUrl {
        BaseUrl::parse(text).expect("a URL")
    }

    #[test]
    fn any_answer_is_an_answer_except_that_the_host_is_not_well() {
        let table = [
            ("https://api.mypurecloud.ie", 401, Status::Ok),
            ("https://api.mypurecloud.ie", 404, Status::Ok),
            ("https://api.mypurecloud.ie", 503, Status::Fail),
            ("http://127.0.0.1:7480", 401, Status::Ok),
            ("http://[::1]:7480/region/x", 401, Status::Ok),
            ("http://localhost", 401, Status::Ok),
            ("http://api.mypurecloud.ie", 401, Status::Warn),
            ("http://10.0.0.1:80", 401, Status::Warn),
        ];
        for (text, status, expected) in table {
            let reached = Reached { status, took: Duration::from_millis(3), at: Timestamp::from_millis(0) };
            assert_eq!(check(API, &url(text), &Ok(reached), "").status, expected, "{text} {status}");
        }
    }

    #[test]
    fn each_obstacle_has_its_own_remedy() {
        let remedies =
            [Obstacle::Name, Obstacle::Connection, Obstacle::Tls, Obstacle::Silence].map(|obstacle| {
                let unreached = Unreached { obstacle, detail: "d".into(), at: Timestamp::from_millis(0) };
                let check = check(LOGIN, &url("https://x"), &Err(unreached), "no token can be had");
                assert_eq!((check.status, check.reason), (Status::Fail, Some(Reason::PlatformUnavailable)));
                check.remedy
            });
        let distinct: std::collections::BTreeSet<_> = remedies.iter().collect();
        assert_eq!(distinct.len(), 4);
    }
}
