//! Every command in the README is run as it stands there, against a running demo: only its ports, which may be taken,
//! are others. What it is said to print is what it prints, but for times, ids and ports.

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

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The blocks of one language, each as its lines.
pub(crate) fn blocks(markdown: &str, language: &str) -> Vec<Vec<String>> {
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
fn holds(output: &Output, command: &str, comment: &str, prints: &[String]) -> Result<(), String> {
    let said = [&*output.stdout, &*output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let code = output.status.code().map(|code| format!("exit {code}"));
    let (said_so, shown) = (normal(&said), normal(&prints.join("\n")));
    if code.as_deref() != Some(comment) || said.is_empty() {
        return Err(format!("{command}: {code:?}: {said}"));
    }
    if prints.is_empty() || said_so == shown {
        return Ok(());
    }
    Err(format!("{command} printed:\n{said}\nas:\n{said_so}\nnot:\n{shown}"))
}

/// What was printed, modulo what differs from run to run: numbers (ports, ages, sizes) with their units, ids, where
/// data lies, and with them where lines break.
fn normal(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let bare = word.trim_matches(['(', ')', ',', ':', ';']);
        if bare.split('-').map(str::len).eq([8, 4, 4, 4, 12]) {
            return word.replace(bare, "ID");
        }
        if bare.starts_with('/') && bare.contains("onduty-demo-") {
            return word.replace(bare, "FOLDER");
        }
        let mut normal = String::new();
        for letter in word.chars() {
            match letter {
                '0'..='9' if normal.ends_with('0') => {}
                '0'..='9' => normal.push('0'),
                other => normal.push(other),
            }
        }
        match &*normal {
            "0.0" => "0".to_owned(),
            "ms" | "min" => "s".to_owned(),
            "KiB" | "MiB" | "GiB" => "B".to_owned(),
            _ => normal,
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The configuration files of the README, each by the name that its first line gives. The ports of the demo, which may
/// be taken, are others.
fn configurations(readme: &str, port_base: u16) -> Vec<(String, String)> {
    let named = |block: Vec<String>| {
        let name = block.first().and_then(|line| line.strip_prefix("# ")).unwrap_or("onduty.toml").to_owned();
        (name, block.join("\n").replace("127.0.0.1:7480", &format!("127.0.0.1:{}", port_base + 80)))
    };
    blocks(readme, "toml").into_iter().map(named).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_in_the_readme_does_what_it_says() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    let mut desk = Desk { folder: TempDir::new().unwrap(), port_base: 21_400, running: Vec::new() };
    let mut files = configurations(&readme, desk.port_base);
    files.push(("client-secret".to_owned(), "sim-secret".to_owned()));
    files.push(("webhook-secrets".to_owned(), "whsec_b25kdXR5".to_owned()));
    for (name, text) in files {
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
                // A demo that has just begun has not heard of everything yet.
                let come_true = async || holds(&desk.run(arguments), command, comment, &prints);
                until(Duration::from_secs(30), come_true).await.unwrap_or_else(|last| panic!("{last}"));
            }
            ["echo", said @ .., "|", "onduty", command_word] => {
                let output = desk.feed(&[*command_word], &said.join(" "));
                holds(&output, command, comment, &prints).unwrap_or_else(|last| panic!("{last}"));
            }
            other => panic!("the README has a command that no test runs: {other:?}"),
        }
    }
}
