//! Scripted moves: a small TOML file that says who does what, and when.
//!
//! ```toml
//! random = false          # no seeded moves beside the script; default true
//!
//! [[move]]
//! at_s = 2.5              # seconds of moving since the start; pauses do not count
//! agent = 0               # position of the agent in the seed, from 0
//! presence = "BREAK"      # a name in any spelling, or a definition's id
//!
//! [[move]]
//! at_s = 4
//! agent = 0
//! presence = "On Queue"
//! routing_status = "INTERACTING"
//! logged_in = true
//! out_of_office = false
//! ```
//!
//! What a move leaves out stays, or follows from what it says, as with the control plane's `POST …/state`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::cloud::Cloud;
use crate::cloud::agent::RoutingStatus;
use crate::cloud::moves::{Force, Move};
use crate::cloud::presence::Definition;

/// Most moves in one script.
const MOVES_MAX: usize = 100_000;

/// A script, in order of time.
#[derive(Clone, Debug)]
pub struct Script {
    /// Whether the seeded moves go on beside it.
    pub random: bool,
    moves: Vec<ScriptedMove>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptFile {
    #[serde(default = "yes")]
    random: bool,
    #[serde(default, rename = "move")]
    moves: Vec<ScriptedMove>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptedMove {
    at_s: f64,
    agent: usize,
    presence: Option<String>,
    routing_status: Option<String>,
    logged_in: Option<bool>,
    out_of_office: Option<bool>,
}

/// Why a script can't be played.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file can't be read.
    #[error("could not read the scenario {path}; check the path")]
    Unreadable {
        /// Where it was looked for.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is not such a script.
    #[error("the scenario is malformed")]
    Malformed(#[from] toml::de::Error),
    /// One of the moves is impossible.
    #[error("move {number} of the scenario {why}")]
    Impossible {
        /// Its place in the file, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

fn yes() -> bool {
    true
}

impl Script {
    /// Reads a script from a file.
    pub fn load(path: &Path) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ScriptError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Reads a script from its text.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let ScriptFile { random, mut moves } = toml::from_str(text)?;
        if moves.len() > MOVES_MAX {
            let why = format!("is one too many; a script has at most {MOVES_MAX}");
            return Err(ScriptError::Impossible { number: MOVES_MAX + 1, why });
        }
        if let Some(index) = moves.iter().position(|scripted| !(0.0..1e9).contains(&scripted.at_s)) {
            let why = "has no time such as `at_s = 2.5`".to_owned();
            return Err(ScriptError::Impossible { number: index + 1, why });
        }
        moves.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        Ok(Self { random, moves })
    }

    /// The moves in order: after how many milliseconds, whom, what.
    pub fn resolve(&self, cloud: &Cloud) -> Result<Vec<(u64, usize, Move)>, ScriptError> {
        let resolved = self.moves.iter().enumerate().map(|(index, scripted)| {
            let happening =
                scripted.resolve(cloud).map_err(|why| ScriptError::Impossible { number: index + 1, why })?;
            Ok(((scripted.at_s * 1000.0) as u64, scripted.agent, happening))
        });
        resolved.collect()
    }
}

impl ScriptedMove {
    fn resolve(&self, cloud: &Cloud) -> Result<Move, String> {
        if cloud.agent(self.agent).is_none() {
            return Err(format!("moves agent {}, but there are only {}", self.agent, cloud.agents().len()));
        }
        let presence = self.presence.as_ref().map(|name| {
            let found = cloud.definitions.find(name).map(Definition::pick);
            found.ok_or_else(|| format!("names no presence: `{name}`"))
        });
        let routing = self.routing_status.as_ref().map(|name| {
            RoutingStatus::find(name).ok_or_else(|| format!("names no routing status: `{name}`"))
        });
        Ok(cloud.force(Force {
            presence: presence.transpose()?,
            routing: routing.transpose()?,
            logged_in: self.logged_in,
            out_of_office: self.out_of_office,
            fallback: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::presence::SystemPresence;
    use crate::cloud::stamp::Stamp;

    #[test]
    fn a_script_is_played_in_order_of_time() {
        let mut cloud = Cloud::found(1, "Acme", 3, Stamp::from_millis(1_772_442_850_900));
        let script = Script::parse(
            "random = false\n[[move]]\nat_s = 4\nagent = 1\npresence = \"on queue\"\n\
             routing_status = \"INTERACTING\"\n[[move]]\nat_s = 2.5\nagent = 1\nlogged_in = false\n",
        )
        .unwrap();
        assert!(!script.random);
        let moves = script.resolve(&cloud).unwrap();
        assert_eq!(moves.iter().map(|(ms, ..)| *ms).collect::<Vec<_>>(), [2500, 4000]);
        for (_, position, happening) in &moves {
            cloud.apply(*position, happening, Stamp::from_millis(1_772_442_860_000));
        }
        let state = cloud.agent(1).unwrap().state();
        assert_eq!(state.presence.system, SystemPresence::OnQueue);
        assert_eq!(state.routing.status, RoutingStatus::Interacting);
        assert!(state.logged_in);
    }

    #[test]
    fn a_script_that_makes_no_sense_is_refused_with_the_place() {
        let cloud = Cloud::found(1, "Acme", 3, Stamp::from_millis(0));
        for (text, expected) in [
            ("[[move]]\nat_s = 1\nagent = 3\n", "move 1 of the scenario moves agent 3, but there are only 3"),
            (
                "[[move]]\nat_s = 1\nagent = 0\npresence = \"Lunch\"\n",
                "move 1 of the scenario names no presence: `Lunch`",
            ),
        ] {
            assert_eq!(Script::parse(text).unwrap().resolve(&cloud).unwrap_err().to_string(), expected);
        }
        assert!(Script::parse("[[move]]\nat_s = -1\nagent = 0\n").is_err());
        assert!(Script::parse("[[move]]\nat = 1\nagent = 0\n").is_err());
    }
}
