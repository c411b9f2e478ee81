//! The lines that the README gives a user of each SDK, as they stand there but for the port and the credentials.

use std::fs::{read_to_string, write};

use super::sidecar::sidecar_of;
use super::{CLIENT, SECRET, Sdk, folder_of_scripts, still_simulator};
use crate::readme::{blocks, root};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readmes_lines_for_both_sdks_print_everybody() {
    let readme = read_to_string(root().join("README.md")).unwrap();
    let (simulator, control) = still_simulator().await;
    let truth = control.get("agents").await;
    let (sidecar, _) = sidecar_of(&simulator.url()).await;
    let folder = tempfile::tempdir().unwrap();
    for (sdk, language, file) in [(Sdk::Python, "python", "a.py"), (Sdk::JavaScript, "javascript", "a.cjs")] {
        let given = blocks(&readme, language);
        assert_eq!(given.len(), 1, "one block in {language}");
        let port = sidecar.ports.api.to_string();
        let lines = given[0].join("\n").replace("7400", &port);
        let lines = lines.replace("your-client-id", CLIENT).replace("your-secret", SECRET);
        write(folder.path().join(file), lines).unwrap();
        let printed = sdk.run_file(None, folder.path().join(file), &[], serde_json::Value::Null).await;
        let mut printed: Vec<&str> = printed.lines().collect();
        printed.sort_unstable();
        let mut expected: Vec<String> = truth.as_array().unwrap().iter().map(line).collect();
        expected.sort_unstable();
        assert_eq!(printed, expected, "{sdk:?}");
    }
    simulator.shutdown().await;
}

/// What the README prints of somebody.
fn line(agent: &serde_json::Value) -> String {
    let text = |pointer: &str| agent.pointer(pointer).and_then(serde_json::Value::as_str).unwrap().to_owned();
    [text("/name"), text("/presence/systemPresence"), text("/routingStatus/status")].join(" ")
}

/// A new pin is told to users, too.
#[test]
fn the_readme_and_the_promises_name_the_versions_that_are_pinned() {
    let read = |path: &str| read_to_string(folder_of_scripts().join(path)).unwrap();
    let (python, javascript) = (read("python/requirements.txt"), read("javascript/package.json"));
    let python = python.lines().find_map(|line| line.strip_prefix("purecloudplatformclientv2==")).unwrap();
    let javascript: serde_json::Value = serde_json::from_str(&javascript).unwrap();
    let javascript = javascript["dependencies"]["purecloud-platform-client-v2"].as_str().unwrap();
    let versions = [
        format!("PureCloudPlatformClientV2 {}", python.trim_end_matches([' ', '\\'])),
        format!("purecloud-platform-client-v2 {javascript}"),
    ];
    for page in ["README.md", "docs/promises.md"] {
        let page = read_to_string(root().join(page)).unwrap();
        assert!(versions.iter().all(|version| page.contains(version)), "{versions:?}");
    }
}
