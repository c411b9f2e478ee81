//! Section `platform`: which cloud to mirror, through which of its APIs, and as whom.

use std::collections::BTreeMap;

use super::credential::Password;
use super::input::Input;
use super::kind::{Choice, Line};
use super::layers::env_name;
use super::secret::Secret;
use super::setting::{Key, OptionalSetting, SecretSetting, Setting};
use super::url::{BaseUrl, Domain, RegionTable, Url};

/// Which of the platform's APIs is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlatformApi {
    /// `/api/v2/users…`: an agent is a user. How Genesys Cloud really is.
    Users,
    /// `/api/v2/agents…`: agent ids and user ids differ.
    AgentStates,
}

impl PlatformApi {
    /// Its name in the configuration and in status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::AgentStates => "agent-states",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Users, Self::AgentStates].into_iter().find(|api| api.name() == name)
    }
}

/// The hosts of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its domain, such as `mypurecloud.ie`.
    pub domain: String,
    /// What API paths are appended to.
    pub api_url: BaseUrl,
    /// What log-in paths are appended to.
    pub login_url: BaseUrl,
}

/// Section `platform`, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformConfig {
    /// The domain of the region; absent when both URLs were given instead.
    pub region: Option<String>,
    /// What API paths are appended to.
    pub api_url: BaseUrl,
    /// What log-in paths are appended to.
    pub login_url: BaseUrl,
    /// Every region that is known: probed only to tell a wrong region from a wrong id. None where both URLs stand in
    /// for a region and no table was given: credentials for a stand-in are not sent to public hosts.
    pub regions: Vec<Region>,
    /// Which API is spoken; where nobody says, the platform is asked.
    pub api: Option<PlatformApi>,
    /// The OAuth client's id.
    pub client_id: String,
    /// The OAuth client's secret.
    pub client_secret: Secret,
}

/// The platform's regions: cloud region and domain, as the official SDKs list them. Data, not a closed list: any domain
/// may be configured.
pub(super) const REGIONS: [(&str, &str); 18] = [
    ("us-east-1", "mypurecloud.com"),
    ("us-east-2", "use2.us-gov-pure.cloud"),
    ("us-west-2", "usw2.pure.cloud"),
    ("ca-central-1", "cac1.pure.cloud"),
    ("sa-east-1", "sae1.pure.cloud"),
    ("mx-central-1", "mxc1.pure.cloud"),
    ("eu-west-1", "mypurecloud.ie"),
    ("eu-west-2", "euw2.pure.cloud"),
    ("eu-central-1", "mypurecloud.de"),
    ("eu-central-2", "euc2.pure.cloud"),
    ("me-central-1", "mec1.pure.cloud"),
    ("ap-south-1", "aps1.pure.cloud"),
    ("ap-southeast-1", "apse1.pure.cloud"),
    ("ap-southeast-2", "mypurecloud.com.au"),
    ("ap-northeast-1", "mypurecloud.jp"),
    ("ap-northeast-2", "apne2.pure.cloud"),
    ("ap-northeast-3", "apne3.pure.cloud"),
    ("eusc-de-east-1", "edee1.eusc-pure.cloud"),
];

const REGION: OptionalSetting<Domain> = OptionalSetting {
    name: "platform.region",
    kind: Domain,
    doc: "The domain of the organisation's region.",
};

const API_URL: OptionalSetting<Url> = OptionalSetting {
    name: "platform.api_url",
    kind: Url,
    doc: "Where the platform's API is, in place of what the region says.",
};

const LOGIN_URL: OptionalSetting<Url> = OptionalSetting {
    name: "platform.login_url",
    kind: Url,
    doc: "Where the platform's log-in is, in place of what the region says.",
};

const REGION_URLS: OptionalSetting<RegionTable> = OptionalSetting {
    name: "platform.regions",
    kind: RegionTable { max: 64 },
    doc: "Regions and the URL that holds both hosts of each, in place of the platform's own list.",
};

const API: Setting<Choice<Option<PlatformApi>>> = Setting {
    name: "platform.api",
    kind: Choice {
        words: &[
            ("auto", None),
            (PlatformApi::Users.name(), Some(PlatformApi::Users)),
            (PlatformApi::AgentStates.name(), Some(PlatformApi::AgentStates)),
        ],
    },
    default: || Some(PlatformApi::Users),
    doc: "Which of the platform's APIs to speak; auto: whichever it has.",
};

const CLIENT_ID: OptionalSetting<Line> = OptionalSetting {
    name: "platform.client_id",
    kind: Line,
    doc: "The id of the OAuth client (client credentials).",
};

const CLIENT_SECRET: SecretSetting<Password> = SecretSetting {
    name: "platform.client_secret",
    file_name: "platform.client_secret_file",
    kind: Password,
    doc: "The secret of the OAuth client.",
};

pub(super) fn keys() -> Vec<Key> {
    let mut keys =
        vec![REGION.key(), API_URL.key(), LOGIN_URL.key(), REGION_URLS.key(), API.key(), CLIENT_ID.key()];
    keys.extend(CLIENT_SECRET.keys());
    keys
}

/// Reads the section; `None` when something it cannot do without is missing (a problem says what).
pub(super) fn read(input: &mut Input) -> Option<PlatformConfig> {
    let region = input.optional(&REGION);
    let api_url = input.optional(&API_URL);
    let login_url = input.optional(&LOGIN_URL);
    let is_stand_in = region.is_none() && api_url.is_some() && login_url.is_some();
    let regions = regions(input.optional(&REGION_URLS), is_stand_in);
    let api = input.value(&API);
    let client_id = input.optional(&CLIENT_ID);
    let client_secret = input.secret(&CLIENT_SECRET);

    let known = region.as_ref().map(|domain| hosts_of(domain, &regions));
    let api_url = api_url.or_else(|| known.as_ref().map(|region| region.api_url.clone()));
    let login_url = login_url.or_else(|| known.map(|region| region.login_url));
    if !input.is_given(REGION.name) {
        report_missing_hosts(input, api_url.is_some(), login_url.is_some());
    }
    if client_id.is_none() {
        input.missing(CLIENT_ID.name, &format!("set {}", env_name(CLIENT_ID.name)));
    }
    if client_secret.is_none() {
        input.missing_secret(&CLIENT_SECRET);
    }
    Some(PlatformConfig {
        region,
        api_url: api_url?,
        login_url: login_url?,
        regions,
        api,
        client_id: client_id?,
        client_secret: client_secret?,
    })
}

fn report_missing_hosts(input: &mut Input, has_api: bool, has_login: bool) {
    match (has_api, has_login) {
        (true, true) => {}
        (false, false) => input.missing(
            REGION.name,
            &format!(
                "set {} (such as mypurecloud.ie), or {} and {}",
                env_name(REGION.name),
                env_name(API_URL.name),
                env_name(LOGIN_URL.name)
            ),
        ),
        (true, false) => input.missing(LOGIN_URL.name, "without platform.region both URLs are needed"),
        (false, true) => input.missing(API_URL.name, "without platform.region both URLs are needed"),
    }
}

fn regions(table: Option<BTreeMap<String, BaseUrl>>, is_stand_in: bool) -> Vec<Region> {
    match table {
        None if is_stand_in => Vec::new(),
        Some(table) => table
            .into_iter()
            .map(|(domain, url)| Region { domain, api_url: url.clone(), login_url: url })
            .collect(),
        None => REGIONS.iter().map(|(_, domain)| derived(domain)).collect(),
    }
}

fn hosts_of(domain: &str, regions: &[Region]) -> Region {
    regions.iter().find(|region| region.domain == domain).cloned().unwrap_or_else(|| derived(domain))
}

fn derived(domain: &str) -> Region {
    Region {
        domain: domain.to_owned(),
        api_url: BaseUrl::of_host("api", domain),
        login_url: BaseUrl::of_host("login", domain),
    }
}
