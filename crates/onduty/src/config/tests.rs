//! What a configuration promises, told through all layers: flags, environment, file, default.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// The least that makes a valid configuration.
const LEAST: [(&str, &str); 4] = [
    ("ONDUTY_PLATFORM__REGION", "mypurecloud.ie"),
    ("ONDUTY_PLATFORM__CLIENT_ID", "an-id"),
    ("ONDUTY_PLATFORM__CLIENT_SECRET", "a-secret"),
    ("ONDUTY_INGRESS__SECRETS", "whsec_c2VjcmV0"),
];

fn read_file(path: &Path) -> io::Result<String> {
    match path.to_str() {
        Some("/secrets/client") => Ok("from-a-file\n".to_owned()),
        Some("/secrets/signing") => Ok("whsec_c2VjcmV0\n\nwhsec_b3RoZXI=\n".to_owned()),
        Some("/secrets/blank") => Ok("\n".to_owned()),
        _ => Err(io::Error::from(io::ErrorKind::NotFound)),
    }
}

fn layers(flags: &[(&str, &str, &str)], environment: &[(&str, &str)], file: &str) -> Layers {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let flag = |(flag, key, value): &(&str, &str, &str)| Flag {
        flag: (*flag).to_owned(),
        key: (*key).to_owned(),
        value: (*value).to_owned(),
    };
    Layers {
        flags: flags.iter().map(flag).collect(),
        environment: environment.iter().map(owned).collect(),
        file: (!file.is_empty()).then(|| FileText { name: "onduty.toml".to_owned(), text: file.to_owned() }),
        state_dir: Some(PathBuf::from("/state/onduty")),
        read_file,
    }
}

fn load(extra: &[(&str, &str)], file: &str) -> Result<Config, ConfigErrors> {
    Config::load(&layers(&[], &[&LEAST, extra].concat(), file))
}

fn problems(layers: &Layers) -> Vec<String> {
    match Config::load(layers) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.problems().iter().map(ToString::to_string).collect(),
    }
}

fn entry(config: &Config, key: &str) -> (Option<String>, String) {
    let entry = config.redacted().iter().find(|entry| entry.key == key).expect("a known key");
    (entry.value.clone(), entry.origin.to_string())
}

#[test]
fn the_least_configuration_has_the_contracts_defaults() {
    let config = load(&[], "").expect("valid");
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:7400");
    assert_eq!(config.ingress.listen.to_string(), "127.0.0.1:7401");
    assert_eq!(config.admin.listen.to_string(), "127.0.0.1:7402");
    assert_eq!(config.platform.api, Some(PlatformApi::Users));
    assert_eq!(config.platform.api_url.as_str(), "https://api.mypurecloud.ie");
    assert_eq!(config.platform.login_url.as_str(), "https://login.mypurecloud.ie");
    assert_eq!(config.platform.regions.len(), 18);
    assert!(config.sync.webhook && config.sync.channel && !config.ingress.insecure);
    assert_eq!(config.sync.sweep_interval, Interval::Auto);
    assert_eq!(config.sync.default_max_staleness, Duration::from_secs(300));
    assert_eq!(config.ingress.max_body_bytes, 1_048_576);
    assert_eq!(config.store.dir, Path::new("/state/onduty"));
    assert_eq!(config.store.history_retention, Duration::from_secs(7 * 86_400));
}

#[test]
fn the_stronger_layer_holds_and_every_value_knows_its_origin() {
    let file = "[log]\nlevel = \"debug\"\nformat = \"json\"\n[sync]\n\nsweep_interval = \"5m\"\n";
    let environment = [&LEAST[..], &[("ONDUTY_LOG__LEVEL", "warn"), ("ONDUTY_SYNC__SWEEP_INTERVAL", "30s")]];
    let flags = [("--log-level", "log.level", "error"), ("--data-dir", "store.dir", "/data")];
    let config = Config::load(&layers(&flags, &environment.concat(), file)).expect("valid");
    let table = [
        ("log.level", "error", "flag --log-level"),
        ("store.dir", "/data", "flag --data-dir"),
        ("sync.sweep_interval", "30s", "environment ONDUTY_SYNC__SWEEP_INTERVAL"),
        ("log.format", "json", "onduty.toml:3"),
        ("admin.listen", "127.0.0.1:7402", "default"),
        ("platform.client_secret", "***", "environment ONDUTY_PLATFORM__CLIENT_SECRET"),
    ];
    for (key, value, origin) in table {
        assert_eq!(entry(&config, key), (Some(value.to_owned()), origin.to_owned()), "{key}");
    }
}

#[test]
fn a_file_can_say_everything_that_the_environment_can() {
    let file = r#"
        [platform]
        api_url = "http://127.0.0.1:7480"
        login_url = "http://127.0.0.1:7480/"
        api = "agent-states"
        client_id = "sim-full"
        client_secret_file = "/secrets/client"
        [platform.regions]
        "usw2.pure.cloud" = "http://127.0.0.1:7480/region/usw2.pure.cloud"
        [ingress]
        secrets = ["whsec_c2VjcmV0"]
        basic = "user:word"
        api_key_header = "X-Key"
        max_body_bytes = 65536
        [api]
        listen = "unix:/run/onduty.sock"
    "#;
    let by_file = Config::load(&layers(&[], &[], file)).expect("valid");
    let by_environment = [
        ("ONDUTY_PLATFORM__API_URL", "http://127.0.0.1:7480"),
        ("ONDUTY_PLATFORM__LOGIN_URL", "http://127.0.0.1:7480"),
        ("ONDUTY_PLATFORM__API", "agent-states"),
        ("ONDUTY_PLATFORM__CLIENT_ID", "sim-full"),
        ("ONDUTY_PLATFORM__CLIENT_SECRET", "from-a-file"),
        ("ONDUTY_PLATFORM__REGIONS", "usw2.pure.cloud=http://127.0.0.1:7480/region/usw2.pure.cloud"),
        ("ONDUTY_INGRESS__SECRETS", "whsec_c2VjcmV0"),
        ("ONDUTY_INGRESS__BASIC", "user:word"),
        ("ONDUTY_INGRESS__API_KEY_HEADER", "x-key"),
        ("ONDUTY_INGRESS__MAX_BODY_BYTES", "65_536"),
        ("ONDUTY_API__LISTEN", "unix:/run/onduty.sock"),
    ];
    let by_environment = Config::load(&layers(&[], &by_environment, "")).expect("valid");
    assert_eq!(Config { entries: Vec::new(), ..by_file }, Config { entries: Vec::new(), ..by_environment });
}

#[test]
fn a_region_of_the_table_has_the_urls_of_the_table() {
    let regions = ("ONDUTY_PLATFORM__REGIONS", "mypurecloud.ie=http://127.0.0.1:1/ie");
    let config = load(&[regions, ("ONDUTY_PLATFORM__LOGIN_URL", "http://127.0.0.1:2")], "").expect("valid");
    assert_eq!(config.platform.api_url.as_str(), "http://127.0.0.1:1/ie");
    assert_eq!(config.platform.login_url.as_str(), "http://127.0.0.1:2");
}

#[test]
fn secrets_come_by_file_and_the_stronger_layer_wins_there_too() {
    let signing = ("ONDUTY_INGRESS__SECRETS_FILE", "/secrets/signing");
    let least = &LEAST[..3];
    let config = Config::load(&layers(&[], &[least, &[signing]].concat(), "")).expect("valid");
    assert_eq!(config.ingress.secrets, [Secret::new("whsec_c2VjcmV0"), Secret::new("whsec_b3RoZXI=")]);

    let file = "[platform]\nclient_secret_file = \"/secrets/client\"\n";
    assert_eq!(load(&[], file).expect("valid").platform.client_secret, Secret::new("a-secret"));
    let flags = [("--set", "platform.client_secret_file", "/secrets/client")];
    let config = Config::load(&layers(&flags, &LEAST, "")).expect("valid");
    assert_eq!(config.platform.client_secret, Secret::new("from-a-file"));
    assert_eq!(entry(&config, "platform.client_secret"), (Some("***".to_owned()), "flag --set".to_owned()));
}

#[test]
fn no_secret_is_in_the_redacted_view_or_in_any_debug_output() {
    let extra = [
        ("ONDUTY_INGRESS__BEARER", "bearer-word"),
        ("ONDUTY_INGRESS__BASIC", "user:basic-word"),
        ("ONDUTY_INGRESS__API_KEY", "key-word"),
    ];
    let config = load(&extra, "").expect("valid");
    let shown = format!("{config:?}{:?}", config.redacted());
    for secret in ["a-secret", "c2VjcmV0", "bearer-word", "basic-word", "key-word"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn every_key_is_read_and_every_key_read_is_in_the_table() {
    let config = load(&[], "").expect("valid");
    let mut read: Vec<_> = config.redacted().iter().map(|entry| entry.key).collect();
    let mut table: Vec<_> = keys().iter().map(|key| key.name).collect();
    read.sort_unstable();
    table.sort_unstable();
    assert_eq!(read, table);
}

#[test]
fn everything_wrong_is_listed_at_once_with_key_and_origin() {
    let file =
        "[platform]\nregoin = \"x\"\napi = \"both\"\n[snyc]\nwebhook = true\n[sync]\nsweep_interval = 60\n";
    let environment = [
        ("ONDUTY_INGRESS__BEARER", "two\nlines"),
        ("ONDUTY_API_LISTEN", "x"),
        ("ONDUTY_PORT", "tcp://10.0.0.1:80"),
    ];
    let flags = [("--set", "log.levle", "info")];
    assert_eq!(
        problems(&layers(&flags, &environment, file)),
        [
            "snyc: unknown key (onduty.toml:4); did you mean sync?",
            "ONDUTY_API_LISTEN: unknown key (environment ONDUTY_API_LISTEN); did you mean ONDUTY_API__LISTEN?",
            "platform.regoin: unknown key (onduty.toml:2); did you mean platform.region?",
            "log.levle: unknown key (flag --set); did you mean log.level?",
            "platform.api: \"both\" is not accepted (onduty.toml:3); give auto, users or agent-states",
            "platform.region: missing; set ONDUTY_PLATFORM__REGION (such as mypurecloud.ie), \
             or ONDUTY_PLATFORM__API_URL and ONDUTY_PLATFORM__LOGIN_URL",
            "platform.client_id: missing; set ONDUTY_PLATFORM__CLIENT_ID",
            "platform.client_secret: missing; set ONDUTY_PLATFORM__CLIENT_SECRET \
             or ONDUTY_PLATFORM__CLIENT_SECRET_FILE",
            "ingress.bearer: *** is not accepted (environment ONDUTY_INGRESS__BEARER); \
             give one line of text without blanks at either end",
            "sync.sweep_interval: 60 is not accepted (onduty.toml:7); \
             give auto, or a duration from 1s to 1d, such as 250ms, 30s, 5m, 1h or 7d",
        ]
    );
}

/// A variable (after the prefix), its text, and the one line that follows.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "SYNC__WEBHOOK",
        "yes",
        "sync.webhook: \"yes\" is not accepted (environment ONDUTY_SYNC__WEBHOOK); give true or false",
    ),
    (
        "SYNC__CHANNELS_MAX",
        "21",
        "sync.channels_max: \"21\" is not accepted (environment ONDUTY_SYNC__CHANNELS_MAX); give a whole number from 1 to 20",
    ),
    (
        "SYNC__SWEEP_INTERVAL",
        "999ms",
        "sync.sweep_interval: \"999ms\" is not accepted (environment ONDUTY_SYNC__SWEEP_INTERVAL); give auto, or a duration from 1s to 1d, such as 250ms, 30s, 5m, 1h or 7d",
    ),
    (
        "LIMITS__IDS_PER_BATCH",
        "1001",
        "limits.ids_per_batch: \"1001\" is not accepted (environment ONDUTY_LIMITS__IDS_PER_BATCH); give a whole number from 1 to 1000",
    ),
    (
        "LOG__LEVEL",
        "loud",
        "log.level: \"loud\" is not accepted (environment ONDUTY_LOG__LEVEL); give error, warn, info, debug or trace",
    ),
    (
        "API__LISTEN",
        "7400",
        "api.listen: \"7400\" is not accepted (environment ONDUTY_API__LISTEN); give an address such as 127.0.0.1:7400, [::1]:7400 or unix:/run/onduty/api.sock",
    ),
    (
        "API__LISTEN",
        "0.0.0.0:7400",
        "api.listen: refused (environment ONDUTY_API__LISTEN): others could reach this address and callers are not authenticated; bind a loopback address or unix:/path, and put an authenticating proxy before it",
    ),
    (
        "ADMIN__LISTEN",
        "[::]:7402",
        "admin.listen: refused (environment ONDUTY_ADMIN__LISTEN): others could reach this address and stop the process through it, for callers are not authenticated; bind a loopback address",
    ),
    (
        "ADMIN__LISTEN",
        "127.0.0.1:7400",
        "admin.listen: refused (environment ONDUTY_ADMIN__LISTEN): api.listen listens on 127.0.0.1:7400 already",
    ),
    (
        "INGRESS__SECRETS",
        "c2VjcmV0",
        "ingress.secrets: *** is not accepted (environment ONDUTY_INGRESS__SECRETS); give 1 to 16 secrets, each whsec_ followed by base64",
    ),
    (
        "INGRESS__SECRETS",
        "",
        "ingress.secrets: missing; anybody could write agent states: set ingress.secrets (or ingress.bearer, ingress.basic, ingress.api_key), switch sync.webhook off, or accept it with ingress.insecure = true",
    ),
    (
        "INGRESS__SECRETS_FILE",
        "/secrets/signing",
        "ingress.secrets: refused (environment ONDUTY_INGRESS__SECRETS): ingress.secrets_file is set as well; keep one of the two",
    ),
    (
        "INGRESS__BEARER_FILE",
        "/secrets/none",
        "ingress.bearer_file: \"/secrets/none\" (entity not found) is not accepted (environment ONDUTY_INGRESS__BEARER_FILE); give the path of a readable file",
    ),
    (
        "INGRESS__BEARER_FILE",
        "/secrets/blank",
        "ingress.bearer_file: *** is not accepted (environment ONDUTY_INGRESS__BEARER_FILE); give a file that holds one line of text without blanks at either end",
    ),
    (
        "PLATFORM__API_URL",
        "https://u:p@host",
        "platform.api_url: \"https://***@host\" is not accepted (environment ONDUTY_PLATFORM__API_URL); give an http or https URL without user, query or fragment, such as https://api.mypurecloud.ie",
    ),
    (
        "PLATFORM__REGIONS",
        "nowhere",
        "platform.regions: \"nowhere\" is not accepted (environment ONDUTY_PLATFORM__REGIONS); give a table of at most 64 regions, domain = \"base URL\" (in the environment domain=URL,domain=URL)",
    ),
    (
        "STORE__HISTORY_RETENTION",
        "1w",
        "store.history_retention: \"1w\" is not accepted (environment ONDUTY_STORE__HISTORY_RETENTION); give a duration from 1m to 366d, such as 250ms, 30s, 5m, 1h or 7d",
    ),
    (
        "PLATFORM__ZZZZZZZZZZ",
        "1",
        "platform.zzzzzzzzzz: unknown key (environment ONDUTY_PLATFORM__ZZZZZZZZZZ); `onduty config` lists the valid ones",
    ),
];

#[test]
fn each_mistake_has_its_line() {
    for (name, value, expected) in MISTAKES {
        let mut environment: BTreeMap<&str, &str> = LEAST.into_iter().collect();
        let name = format!("ONDUTY_{name}");
        environment.insert(&name, value);
        let environment: Vec<_> = environment.into_iter().collect();
        assert_eq!(problems(&layers(&[], &environment, "")), [*expected]);
    }
}

#[test]
fn mistakes_of_the_file_have_their_line() {
    let table = [
        ("[log\nlevel = 1", "not valid TOML (onduty.toml:1): unclosed table, expected `]`"),
        ("listen = \"x\"", "listen: unknown key (onduty.toml:1); did you mean api.listen?"),
        ("sync = 1", "sync: 1 is not accepted (onduty.toml:1); give a table: [sync]"),
        (
            "[sync]\nwebhook = \"true\"",
            "sync.webhook: \"true\" is not accepted (onduty.toml:2); give true or false",
        ),
        (
            "[log]\nlevel = 2020-01-01",
            "log.level: a value of type date-time is not accepted (onduty.toml:2); \
             give error, warn, info, debug or trace",
        ),
        (
            "[ingress]\nbearer_file = [\"a\"]",
            "ingress.bearer_file: an array is not accepted (onduty.toml:2); give the path of a readable file",
        ),
    ];
    for (file, expected) in table {
        assert_eq!(problems(&layers(&[], &LEAST, file)), [expected]);
    }
}

#[test]
fn a_cloud_region_is_told_its_domain() {
    let environment = [&LEAST[1..], &[("ONDUTY_PLATFORM__REGION", "eu-west-1")]].concat();
    assert_eq!(
        problems(&layers(&[], &environment, "")),
        [
            "platform.region: \"eu-west-1\" is not accepted (environment ONDUTY_PLATFORM__REGION); give the domain of \
          a region, such as mypurecloud.ie, without scheme or `api.` (the domain of eu-west-1 is mypurecloud.ie)"
        ]
    );
}

#[test]
fn one_missing_url_is_named_when_there_is_no_region() {
    let environment = [&LEAST[1..], &[("ONDUTY_PLATFORM__API_URL", "http://127.0.0.1:1")]].concat();
    assert_eq!(
        problems(&layers(&[], &environment, "")),
        ["platform.login_url: missing; without platform.region both URLs are needed"]
    );
}

#[test]
fn an_open_ingress_is_only_for_this_machine_and_only_when_said_so() {
    let open = [&LEAST[..3], &[("ONDUTY_INGRESS__INSECURE", "true")]].concat();
    assert!(Config::load(&layers(&[], &open, "")).is_ok());
    let exposed = [&open[..], &[("ONDUTY_INGRESS__LISTEN", "0.0.0.0:7401")]].concat();
    assert_eq!(
        problems(&layers(&[], &exposed, "")),
        [
            "ingress.listen: refused (environment ONDUTY_INGRESS__LISTEN): others could reach this address and \
          ingress.insecure lets them write agent states; set ingress.secrets or bind a loopback address"
        ]
    );
    assert!(load(&[("ONDUTY_INGRESS__LISTEN", "0.0.0.0:7401")], "").is_ok(), "signed: may be reached");
    let none = [&LEAST[..3], &[("ONDUTY_SYNC__WEBHOOK", "false")]].concat();
    assert!(Config::load(&layers(&[], &none, "")).is_ok(), "no webhooks, no door");
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_repeating_it() {
    let lines = problems(&layers(&[("--set", "platform.client_secret", "hunter2")], &LEAST, ""));
    assert_eq!(
        lines,
        ["platform.client_secret: refused (flag --set): every user of the machine can read a command line; \
          use ONDUTY_PLATFORM__CLIENT_SECRET or platform.client_secret_file"]
    );
}

#[test]
fn nowhere_to_keep_state_is_said() {
    let layers = Layers { state_dir: None, ..layers(&[], &LEAST, "") };
    assert_eq!(
        problems(&layers),
        ["store.dir: missing; this user has no home directory; set ONDUTY_STORE__DIR or --data-dir"]
    );
}

#[test]
fn any_file_gives_an_answer_and_never_a_panic() {
    use proptest::prelude::*;
    proptest!(|(file in "(\\[(platform|sync|x)\\]|[a-z_]{1,12} ?= ?|\"[^\"]{0,8}\"|[0-9tf\\[\\]{},.\\n\u{e9} -]){0,24}")| {
        let _ = Config::load(&layers(&[], &LEAST, &file));
    });
}

/// Set to rewrite the committed schema in place of comparing with it.
const BLESS: &str = "ONDUTY_BLESS";

#[test]
fn the_committed_schema_is_the_one_that_the_key_table_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts/config.schema.json");
    let made = config_schema(&keys());
    if std::env::var_os(BLESS).is_some() {
        std::fs::create_dir_all(path.parent().expect("has a parent")).expect("the folder is made");
        std::fs::write(&path, format!("{made:#}\n")).expect("the schema is written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    // Compared as values: the order of members depends on how the JSON library was built.
    let committed: serde_json::Value = serde_json::from_str(&committed).unwrap_or_default();
    assert!(committed == made, "contracts/config.schema.json is out of date: run the tests with {BLESS}=1");
}
