//! What is marked, and what is not.

use proptest::prelude::*;

use super::*;

fn linted(text: &str) -> Report {
    lint(Catalogue::genesys(), text)
}

/// Kind and name of each finding.
fn found(text: &str) -> Vec<(Kind, String)> {
    linted(text).findings.into_iter().map(|finding| (finding.kind, finding.name)).collect()
}

fn assert_found(text: &str, expected: &[(Kind, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect();
    assert_eq!(found(text), expected, "{text}");
}

/// The names of the thread that began it all, in code of our own.
const THREAD_PYTHON: &str = r#"
# GET /api/v2/agents/states?agentId=12345 is always [] with scope agent:read
from purecloudplatformclientv2 import PureCloudPlatformClientV2

sdk = PureCloudPlatformClientV2()
sdk.set_access_token(token)          # issued with agent:state:read
api = sdk.agents_api
states = api.get_agentstates(agent_id="12345")
"#;

const THREAD_JAVASCRIPT: &str = r"
// The service account has the role Agent Administrator.
const { PlatformClient } = require('@genesyscloud/genesyscloud');
const sdk = PlatformClient.create();
await sdk.loginOAuthClientCredentials({ clientId, clientSecret, scopes: ['agent:state:read', 'agent:read'] });
const { body } = await sdk.agentsApi.getAgentState({ agentId });
";

#[test]
fn the_code_of_the_thread_is_marked_name_by_name() {
    assert_found(
        THREAD_PYTHON,
        &[
            (Kind::Endpoint, "/api/v2/agents/states"),
            (Kind::Scope, "agent:read"),
            (Kind::Package, "purecloudplatformclientv2"),
            (Kind::Class, "PureCloudPlatformClientV2"),
            (Kind::Class, "PureCloudPlatformClientV2"),
            (Kind::Call, "set_access_token"),
            (Kind::Scope, "agent:state:read"),
            (Kind::Class, "agents_api"),
            (Kind::Call, "get_agentstates"),
        ],
    );
    assert_found(
        THREAD_JAVASCRIPT,
        &[
            (Kind::Role, "Agent Administrator"),
            (Kind::Package, "@genesyscloud/genesyscloud"),
            (Kind::Call, "PlatformClient.create"),
            (Kind::Call, "loginOAuthClientCredentials"),
            (Kind::Scope, "agent:state:read"),
            (Kind::Scope, "agent:read"),
            (Kind::Class, "agentsApi"),
            (Kind::Call, "getAgentState"),
        ],
    );
    for finding in [linted(THREAD_PYTHON), linted(THREAD_JAVASCRIPT)].into_iter().flat_map(|it| it.findings) {
        assert!(!finding.nearest.is_empty(), "{} has no nearest", finding.name);
        let said = finding.nearest.join(" ");
        let expected = match (finding.kind, finding.name.as_str()) {
            (Kind::Endpoint, _) => "GET /api/v2/users?id=…&expand=presence,routingStatus",
            (Kind::Scope, "agent:state:read") => "users:readonly presence:readonly routing:readonly",
            (Kind::Scope, _) => "users:readonly",
            (Kind::Call, "get_agentstates") => "get_users",
            (Kind::Call, "getAgentState") => "getUser",
            (Kind::Call, "loginOAuthClientCredentials") => "loginClientCredentialsGrant",
            (Kind::Package, "@genesyscloud/genesyscloud") => "purecloud-platform-client-v2",
            _ => "",
        };
        assert!(said.contains(expected), "{}: {said}", finding.name);
    }
}

#[test]
fn correct_code_stays_without_findings() {
    let python = r#"
import PureCloudPlatformClientV2
from PureCloudPlatformClientV2.rest import ApiException

client = PureCloudPlatformClientV2.api_client.ApiClient().get_client_credentials_token(ID, SECRET)
users_api = PureCloudPlatformClientV2.UsersApi(client)
page = users_api.get_users(id=ids, expand=["presence", "routingStatus"])
one = PureCloudPlatformClientV2.PresenceApi(client).get_users_presences_purecloud_bulk(id=ids)
raw = requests.get(f"https://api.{region}/api/v2/users/{user.id}?expand=presence&state=any", headers=headers)
self.my_api = users_api
"#;
    let javascript = r#"
const platformClient = require("purecloud-platform-client-v2");
const client = platformClient.ApiClient.instance;
client.setEnvironment(platformClient.PureCloudRegionHosts.eu_west_1);
await client.loginClientCredentialsGrant(process.env.ID, process.env.SECRET);
const usersApi = new platformClient.UsersApi();
const { entities } = await usersApi.getUsers({ id: ids, expand: ["presence", "routingStatus"] });
const topic = `v2.users.${id}?presence&routingStatus`;
const other = "v2.users." + id + ".activity";
fetch("/api/v2/routing/queues/" + queueId + "/members?joined=true");
"#;
    let other = r#"
curl -X POST https://api.mypurecloud.ie/api/v2/analytics/agents/status/query -d '{"a":1}'
curl -H "Authorization: Bearer $TOKEN" "http://127.0.0.1:7400/api/v2/agents/states?agentId=$ID"
GET https://tickets.somebody.io/api/v2/tickets/7
scopes: [users:readonly, presence, analytics:readonly]   # permission analytics:agentState:view
image: registry.io/a:read  std::fs  urn:ietf:params:oauth:grant-type:saml2-bearer  12:30:45  arn:aws:list
grant_type=client_credentials; version v2.1.0; v2.users.json is a file; https://x.io:8080
The base path is /api/v2; see /api/v2/analytics and below.
"#;
    for text in [python, javascript, other] {
        assert_eq!(linted(text).findings, Vec::new(), "{text}");
        assert!(linted(text).known > 3);
    }
}

#[test]
fn the_readme_has_only_names_that_exist() {
    let readme = include_str!("../../../../README.md");
    // The example of this very command shows names that do not, and the doctor's looks at the agent-states API.
    let shows_others = |block: &&str| block.contains("onduty lint") || block.contains("onduty doctor");
    let blocks = readme.split("```").skip(1).step_by(2).filter(|block| !shows_others(block));
    for block in blocks {
        assert_eq!(linted(block).findings, Vec::new(), "{block}");
    }
}

#[test]
fn an_address_is_judged_with_its_host_its_method_and_its_query() {
    type Row = (&'static str, &'static [(Kind, &'static str)]);
    let table: &[Row] = &[
        ("https://api.mypurecloud.de/api/v2/agents/1/state", &[(Kind::Endpoint, "/api/v2/agents/1/state")]),
        ("https://api.{region}/api/v2/agents", &[(Kind::Endpoint, "/api/v2/agents")]),
        ("PUT /api/v2/presence/definitions/{id}", &[]),
        ("PATCH /api/v2/presence/definitions/{id}", &[(Kind::Method, "PATCH")]),
        ("curl -X DELETE '/api/v2/users/search'", &[(Kind::Method, "DELETE")]),
        ("session.patch(f'{base}/api/v2/analytics/agents/status/query')", &[(Kind::Method, "")]),
        ("/api/v2/users?pageSize=5&page=2&expand=presence,station", &[(Kind::Parameter, "page")]),
        ("/api/v2/users/${id}/presence", &[(Kind::Endpoint, "/api/v2/users/${id}/presence")]),
        ("/api/v2/users/{user}/presence", &[(Kind::Endpoint, "/api/v2/users/{user}/presence")]),
        ("/api/v2/conversations/${mediaType}/${id}", &[]),
        ("/api/v2/users/status", &[(Kind::Endpoint, "/api/v2/users/status")]),
        ("/api/v1/users", &[(Kind::Endpoint, "/api/v1/users")]),
        ("GET /api/v2/analytics", &[(Kind::Endpoint, "/api/v2/analytics")]),
        (
            "https://api-na1.niceincontact.com/incontactapi/services/v20.0/agents/states",
            &[(Kind::Product, ".niceincontact.com")],
        ),
        ("X-GCC-Divisions: *", &[(Kind::Header, "x-gcc-divisions")]),
    ];
    for (text, expected) in table {
        let found = found(text);
        assert_eq!(found.len(), expected.len(), "{text}: {found:?}");
        for ((kind, name), (expected_kind, expected_name)) in found.iter().zip(*expected) {
            assert_eq!(kind, expected_kind, "{text}");
            assert!(expected_name.is_empty() || name == expected_name, "{text}: {name}");
        }
    }
    let page = &linted("/api/v2/users?page=2").findings[0];
    assert_eq!((page.column, page.nearest[0].as_str()), (15, "pageNumber"));
}

#[test]
fn three_words_are_what_the_text_speaks_of() {
    for (text, kind) in [
        ("scopes = ['agent:state:view']", Kind::Scope),
        ("needs the permission agent:state:read", Kind::Permission),
        ("agent:state:view", Kind::Permission),
        ("agent:state:write", Kind::Scope),
        ("scopes:\n  - openid\n  - agent:state:view", Kind::Scope),
        ("users:presence:readonly", Kind::Scope),
        ("role grants analytics:agentstate:view", Kind::Permission),
        ("user:read", Kind::Scope),
        ("the scope view:agentstate is missing", Kind::Scope),
        ("it needs the scope analytics:query", Kind::Scope),
    ] {
        assert_eq!(found(text).first().map(|(kind, _)| *kind), Some(kind), "{text}");
    }
    assert_found("domain:entity:action a:b:c {mode:fast} key:value", &[]);
}

#[test]
fn topics_are_told_from_versions_and_files() {
    assert_found("subscribe to v2.users.{id}.states", &[(Kind::Topic, "v2.users.{id}.states")]);
    assert_found("topic v2.agents.{id}.state", &[(Kind::Topic, "v2.agents.{id}.state")]);
    assert_found("v2.agents.tar.gz v2.3.4 'v2.users.' + id v2.users.{id}.activity.", &[]);
}

#[test]
fn the_number_of_findings_and_the_length_of_lines_are_limited() {
    let many = "agent:read\n".repeat(FINDINGS_MAX + 7);
    let report = linted(&many);
    assert_eq!((report.findings.len(), report.left_out), (FINDINGS_MAX, 7));
    let long = format!("{}agent:read", "é ".repeat(LINE_BYTES_MAX));
    let report = linted(&format!("{long}\n{long}"));
    assert_eq!((report.findings, report.cut_lines), (Vec::new(), vec![1, 2]));
}

/// Each finder's worst: its bait, line after line. A finder that looked at a line once for each bait in it would make
/// this test take minutes.
#[test]
fn lines_full_of_bait_are_read_as_fast_as_others() {
    const LINES: usize = 16;
    for bait in [
        "a:b:view ",
        "/api/v2#",
        "/api/v2/{x}/{x}/{x} ",
        "v2.users.x. ",
        "x.getApi(",
        ".niceincontact.com",
        "role Agent State ",
        "é",
        "{<",
    ] {
        let line = bait.repeat(LINE_BYTES_MAX / bait.len());
        let report = linted(&format!("{line}\n").repeat(LINES));
        assert!(report.findings.len() <= FINDINGS_MAX && report.cut_lines.is_empty(), "{bait}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_every_finding_stands_where_it_says(text in any_text()) {
        let lines: Vec<&str> = text.lines().collect();
        for finding in linted(&text).findings {
            let line = lines[finding.line - 1].to_lowercase();
            let at = line.char_indices().nth(finding.column - 1).map_or(line.len(), |(at, _)| at);
            prop_assert!(line[at..].starts_with(&finding.name.to_lowercase()), "{finding:?} in {line:?}");
        }
    }
}

/// Noise, and what the finders look for, in any order.
fn any_text() -> impl Strategy<Value = String> {
    let bait = prop::sample::select(vec![
        "/api/v2/",
        "users",
        "agents/states",
        "?id=",
        "&x=1",
        "{",
        "}",
        "<",
        ">",
        "${",
        ":",
        "agent:state:read",
        "a:b",
        "v2.",
        "v2.users.",
        ".presence",
        "?presence&",
        "scope",
        "permission ",
        "Api",
        ".getAgentState(",
        "PureCloudPlatformClientV2",
        "from x import ",
        "(",
        "'",
        "\"",
        "\n",
        " ",
        "é",
        "https://",
        ".niceincontact.com",
        "-X POST ",
        "GET ",
        "PlatformClient.create",
        "_api",
        ".",
        "=",
    ]);
    prop::collection::vec(prop_oneof![4 => bait.prop_map(str::to_owned), 1 => "\\PC{0,8}"], 0..40)
        .prop_map(|parts| parts.concat())
}
