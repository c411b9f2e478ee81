//! Both official SDKs of the platform, which nobody here wrote, as their registries have them: against the simulator,
//! and against the sidecar with nothing changed but the address. An SDK passes over most of what is wrong with a body,
//! so bodies are held against the SDK's own model tables as well.

mod sidecar;
mod simulator;
mod snippets;
mod tables;
mod tls;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use onduty_sim::{SimOptions, Simulator};
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::Control;

/// Enough for three pages, two bulk calls, and one of each kind of account.
const AGENTS: usize = 60;

const CLIENT: &str = "sim-full";
const SECRET: &str = "sim-secret";

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sdk {
    Python,
    JavaScript,
}

impl Sdk {
    const BOTH: [Self; 2] = [Self::Python, Self::JavaScript];

    /// What one of our scripts printed. `script` is its name without the ending.
    async fn run(self, script: &str, arguments: &[&str]) -> Value {
        self.run_trusting(None, script, arguments).await
    }

    /// The same, with trust in the authority of this file.
    async fn run_trusting(self, authority: Option<&Path>, script: &str, arguments: &[&str]) -> Value {
        let (folder, ending) = match self {
            Self::Python => ("python", "py"),
            Self::JavaScript => ("javascript", "cjs"),
        };
        let file = folder_of_scripts().join(folder).join(script).with_extension(ending);
        let printed = self.run_file(authority, file, arguments, Value::Null).await;
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{self:?} {script} printed: {printed}"))
    }

    /// What a file printed that it was given `input`; it has to succeed.
    async fn run_file(
        self,
        authority: Option<&Path>,
        file: PathBuf,
        arguments: &[&str],
        input: Value,
    ) -> String {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let authority = authority.map(ToOwned::to_owned);
        let run = move || self.run_now(authority.as_deref(), &file, &arguments, &input);
        tokio::task::spawn_blocking(run).await.unwrap()
    }

    fn run_now(self, authority: Option<&Path>, file: &Path, arguments: &[String], input: &Value) -> String {
        // Both SDKs read a configuration file below the home folder, if there is one.
        let home = TempDir::new().unwrap();
        let mut command = match self {
            Self::Python => Command::new(provided("ONDUTY_TEST_SDK_PYTHON")),
            Self::JavaScript => Command::new("node"),
        };
        command.arg(file).args(arguments).env("HOME", home.path()).env("NO_PROXY", "127.0.0.1");
        match self {
            // Nothing is written beside the scripts, and what is deprecated is no news.
            Self::Python => command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONWARNINGS", "ignore"),
            Self::JavaScript => command.env("NODE_PATH", provided("ONDUTY_TEST_SDK_NODE_MODULES")),
        };
        if let Some(authority) = authority {
            // The SDK for Python has a setting for it, which `recorded.py` makes; Node has this.
            let variable = match self {
                Self::Python => "ONDUTY_TEST_AUTHORITY",
                Self::JavaScript => "NODE_EXTRA_CA_CERTS",
            };
            command.env(variable, authority);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().expect("this test needs Node 20: install it, and run `cargo xtask test`");
        // It may have ended without reading.
        let _ = child.stdin.take().unwrap().write_all(input.to_string().as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {}: {said}", file.display());
        String::from_utf8(output.stdout).unwrap()
    }
}

fn folder_of_scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk")
}

fn provided(variable: &str) -> OsString {
    std::env::var_os(variable)
        .expect("this test needs the official SDKs: run it as `cargo xtask test`, which provides them")
}

/// A simulator in which nothing moves by itself and nothing is pushed.
async fn still_simulator() -> (Simulator, Control) {
    let options =
        SimOptions { listen: ([127, 0, 0, 1], 0).into(), agents: AGENTS, rate: 0.0, ..SimOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let control = Control::of(simulator.url());
    (simulator, control)
}

/// A state in the words of the truth and of both SDKs alike: presence, definition, since; routing status, since.
type State = [Option<String>; 5];

/// States by user id. A system presence is spelt without what tells one API's spelling from another's.
fn states(of: &Value, id: &str) -> BTreeMap<String, State> {
    let read = |user: &Value| {
        let text = |pointer: &str| user.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned);
        let definition = text("/presence/definitionId").or(text("/presence/presenceDefinition/id"));
        let system = text("/presence/systemPresence").map(|spelt| letters(&spelt));
        let (since, status) = (text("/presence/modifiedDate"), text("/routingStatus/status"));
        let state = [system, definition, since, status, text("/routingStatus/startTime")];
        (user[id].as_str().unwrap().to_owned(), state)
    };
    of.as_array().unwrap().iter().map(read).collect()
}

fn letters(spelt: &str) -> String {
    spelt.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase()
}

/// Holds what `read_agents` saw against the truth.
fn judge_reading(sdk: Sdk, seen: &Value, truth: &Value) {
    let truth = states(truth, "userId");
    let listed = states(&seen["listed"], "id");
    assert_eq!(listed, truth, "{sdk:?}: everybody, page by page");
    assert_eq!(seen["listed"].as_array().unwrap().len(), truth.len(), "{sdk:?}: and nobody twice");
    assert_eq!(seen["total"], truth.len());
    assert_eq!(seen["pages"], truth.len().div_ceil(25), "pages of 25");
    let first = seen["listed"].as_array().unwrap()[0].clone();
    assert_eq!(states(&Value::Array(vec![seen["one"].clone()]), "id"), states(&vec![first].into(), "id"));
    for (what, read) in [("some by id", &seen["some"]), ("singly", &seen["singly"])] {
        let read = states(read, "id");
        assert_eq!(read.len(), 3, "{sdk:?}: {what}");
        assert!(read.iter().all(|(id, state)| truth[id] == *state), "{sdk:?}: {what}: {read:?}");
    }
    let presence = |states: BTreeMap<String, State>| -> BTreeMap<String, Vec<Option<String>>> {
        states.into_iter().map(|(id, state)| (id, state[..3].to_vec())).collect()
    };
    assert_eq!(presence(states(&seen["bulk"], "id")), presence(truth), "{sdk:?}: in bulk");
    let definitions = seen["definitions"].as_object().unwrap();
    assert!(definitions.values().any(|system| system == "OnQueue"), "{definitions:?}");
    assert_eq!(seen["client"], CLIENT, "{sdk:?}: the token says whose it is");
    // Three pages, two bulk calls, ten others, and four for their bodies' sake.
    no_departures(sdk, seen, 19);
}

/// What was given to the SDK for Python, so many bodies at least, has been held against its tables on the way.
fn no_departures(sdk: Sdk, seen: &Value, bodies_min: u64) {
    if sdk == Sdk::Python {
        assert_eq!(seen["departures"], serde_json::json!([]), "bodies that depart from the SDK's models");
        let judged = seen["bodies"].as_u64().unwrap();
        assert!(judged >= bodies_min, "{judged} bodies were held against the models, not {bodies_min}");
    }
}
