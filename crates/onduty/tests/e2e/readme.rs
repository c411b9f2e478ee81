//! Every command in the README is run as it stands there, against a running demo: only its ports, which may be taken,
//! are others.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::stage::{http, until};

/// What follows a prompt, and the lines it is said to print.
struct Example {
    command: String,
    prints: Vec<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The blocks of one language, each as its lines.
fn blocks(markdown: &str, language: &str) -> Vec<Vec<String>> {
    let (fence, mut found, mut open) = (format!("```{language}"), Vec::new(), None);
    for line in markdown.lines() {
        match &mut open {
            None if line == fence => open = Some(Vec::new()),
            None => {}
            Some(_) if line == "```" => found.extend(open.take()),
            Some(lines) => lines.push(line.to_owned()),
        }
    }
    found
}

fn examples(markdown: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    for line in blocks(markdown, "console").into_iter().flatten() {
        match line.strip_prefix("$ ") {
            Some(command) => found.push(Example { command: command.to_owned(), prints: Vec::new() }),
            None => found.last_mut().unwrap().prints.push(line),
        }
    }
    found
}

/// Where the commands of the README run.
struct Desk {
    folder: TempDir,
    port_base: u16,
    running: Vec<Child>,
}

impl Desk {
    fn onduty(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onduty"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("ONDUTY_ADDRESS", format!("127.0.0.1:{}", self.port_base)).stdin(Stdio::null());
        // The example's platform is not to be had here; its own ports and its data's place may be taken.
        let simulator = format!("http://127.0.0.1:{}", self.port_base + 80);
        let port = |above: u16| format!("127.0.0.1:{}", self.port_base + above);
        for (key, value) in [
            ("PLATFORM__API_URL", simulator.clone()),
            ("PLATFORM__LOGIN_URL", simulator),
            ("API__LISTEN", port(3)),
            ("INGRESS__LISTEN", port(4)),
            ("ADMIN__LISTEN", port(5)),
            ("STORE__DIR", self.folder.path().join("data").display().to_string()),
        ] {
            if arguments.first().is_some_and(|command| ["serve", "config"].contains(command)) {
                command.env(format!("ONDUTY_{key}"), value);
            }
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.onduty(arguments).output().unwrap()
    }

    /// Runs a command that reads this.
    fn feed(&self, arguments: &[&str], input: &str) -> Output {
        let path = self.folder.path().join("input");
        std::fs::write(&path, input).unwrap();
        let input = std::fs::File::open(path).unwrap();
        self.onduty(arguments).stdin(input).output().unwrap()
    }

    /// For commands that end only when told to: it has begun well when it has printed something and still runs.
    async fn begin(&mut self, arguments: &[&str]) {
        let log = self.folder.path().join(format!("log-{}", self.running.len()));
        let to = std::fs::File::create(&log).unwrap();
        let child = self.onduty(arguments).stdout(to.try_clone().unwrap()).stderr(to).spawn().unwrap();
        self.running.push(child);
        let printed = until(Duration::from_secs(60), async || match std::fs::read_to_string(&log) {
            Ok(text) if text.lines().count() > 2 => Ok(()),
            other => Err(format!("{arguments:?} printed {other:?}")),
        });
        printed.await.unwrap();
        assert!(self.running.last_mut().unwrap().try_wait().unwrap().is_none(), "{arguments:?} has ended");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for child in &mut self.running {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

async fn fetch(desk: &Desk, url: &str, comment: &str) {
    let (_, after) = url.split_once("127.0.0.1:").unwrap();
    let (port, path) = after.split_once('/').unwrap();
    let port = port.parse::<u16>().unwrap() - 7400 + desk.port_base;
    let answer = http().get(format!("http://127.0.0.1:{port}/{path}")).send().await.unwrap();
    let status = answer.status();
    let expected = if comment == "exit 0" { "HTTP 200" } else { comment };
    assert_eq!(format!("HTTP {}", status.as_u16()), expected, "{url}: {}", answer.text().await.unwrap());
}

/// The exit code that the comment names, and the lines that are shown, if any are.
fn holds(output: &Output, command: &str, comment: &str, prints: &[String]) {
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let code = output.status.code().map(|code| format!("exit {code}"));
    assert_eq!(code.as_deref(), Some(comment), "{command}: {said}");
    assert!(!said.is_empty(), "{command} printed nothing");
    assert!(prints.is_empty() || said.trim_end() == prints.join("\n"), "{command} printed:\n{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_in_the_readme_does_what_it_says() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    let mut desk = Desk { folder: TempDir::new().unwrap(), port_base: 21_400, running: Vec::new() };
    for (name, text) in [
        ("onduty.toml", blocks(&readme, "toml")[0].join("\n")),
        ("client-secret", "sim-secret".to_owned()),
        ("webhook-secrets", "whsec_b25kdXR5".to_owned()),
    ] {
        std::fs::write(desk.folder.path().join(name), text).unwrap();
    }
    for Example { command, prints } in examples(&readme) {
        let (command, comment) = command.split_once("    # ").unwrap_or((&command, "exit 0"));
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["cargo", "run", "--", "demo"] => {
                let base = desk.port_base.to_string();
                desk.begin(&["demo", "--port-base", &base]).await;
            }
            // It is what runs this test.
            ["cargo", "xtask", "test"] => assert!(ci.contains(command), "CI runs another command"),
            ["cargo", "run", "--", "watch"] => desk.begin(&["watch"]).await,
            ["onduty", "serve", arguments @ ..] => desk.begin(&[&["serve"], arguments].concat()).await,
            ["curl", url] | ["curl", "-N", url] => fetch(&desk, url, comment).await,
            ["cargo", "run", "--", arguments @ ..] | ["onduty", arguments @ ..] => {
                holds(&desk.run(arguments), command, comment, &prints);
            }
            ["echo", said @ .., "|", "onduty", command_word] => {
                let output = desk.feed(&[*command_word], &said.join(" "));
                holds(&output, command, comment, &prints);
            }
            other => panic!("the README has a command that no test runs: {other:?}"),
        }
    }
}
