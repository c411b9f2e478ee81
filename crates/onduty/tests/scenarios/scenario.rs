//! What a scenario is: what is done to the platform, what a caller sees without onduty, what onduty says, what lifts
//! the cause, and what is said then. The [`mod@play`] module plays it.

mod play;

use onduty::config::PlatformApi;
use onduty_core::finding::Reason;

use crate::platform::{Look, Turn};
pub(crate) use play::play;

/// One way to an empty, short or false answer, and back.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The claim of the thread, or the row of the catalogue.
    row: &'static str,
    api: PlatformApi,
    client: &'static str,
    /// Where the caller's token is from, if not from here.
    signs_in_at: &'static str,
    agents: usize,
    pushes: bool,
    at_the_start: Vec<Turn>,
    since: Vec<Turn>,
    looks: Vec<Look>,
    asked: Asked,
    answer: Answer,
    /// Whether onduty's own list shows everybody.
    is_whole: bool,
    lifted: Vec<Turn>,
    then: Option<(Asked, Answer)>,
}

/// Whose state is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Agent(&'static str),
    User(&'static str),
}

/// What onduty says.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The state, as the platform has it in truth.
    TheState,
    /// A state without a presence, because none that counts is known.
    NoPresence,
    /// Why there is none.
    Miss(Miss),
}

/// What a finding has to say.
#[derive(Clone, Debug)]
pub(crate) struct Miss {
    reason: Reason,
    also: Vec<Reason>,
    summary: Vec<&'static str>,
    remedy: Vec<&'static str>,
    proof: Vec<&'static str>,
    waits: bool,
    last_known: bool,
}

/// A finding with this reason.
pub(crate) fn miss(reason: Reason) -> Miss {
    Miss {
        reason,
        also: Vec::new(),
        summary: Vec::new(),
        remedy: Vec::new(),
        proof: Vec::new(),
        waits: false,
        last_known: false,
    }
}

impl Miss {
    /// Its summary names all of these.
    pub(crate) fn says(mut self, names: &[&'static str]) -> Self {
        self.summary.extend(names);
        self
    }

    /// Its remedy names all of these.
    pub(crate) fn remedy(mut self, names: &[&'static str]) -> Self {
        self.remedy.extend(names);
        self
    }

    /// All of these are among its evidence: where it was seen, or what.
    pub(crate) fn proof(mut self, evidence: &[&'static str]) -> Self {
        self.proof.extend(evidence);
        self
    }

    /// It tells of these other causes.
    pub(crate) fn also(mut self, reasons: &[Reason]) -> Self {
        self.also.extend(reasons);
        self
    }

    /// It says when to ask again.
    pub(crate) fn waits(mut self) -> Self {
        self.waits = true;
        self
    }

    /// It carries the last state known.
    pub(crate) fn last_known(mut self) -> Self {
        self.last_known = true;
        self
    }
}

impl Scenario {
    /// About a row, with the sidecar and the caller signed in as this client.
    pub(crate) fn of(row: &'static str, api: PlatformApi, client: &'static str) -> Self {
        Self {
            row,
            api,
            client,
            signs_in_at: "",
            agents: 60,
            pushes: false,
            at_the_start: Vec::new(),
            since: Vec::new(),
            looks: Vec::new(),
            asked: Asked::Agent("<agent>"),
            answer: Answer::TheState,
            is_whole: false,
            lifted: Vec::new(),
            then: None,
        }
    }

    pub(crate) fn agents(mut self, agents: usize) -> Self {
        self.agents = agents;
        self
    }

    /// The simulator pushes to the sidecar.
    pub(crate) fn pushes(mut self) -> Self {
        self.pushes = true;
        self
    }

    pub(crate) fn caller_signs_in_at(mut self, path: &'static str) -> Self {
        self.signs_in_at = path;
        self
    }

    /// So it is before the sidecar starts.
    pub(crate) fn at_the_start(mut self, turns: impl IntoIterator<Item = Turn>) -> Self {
        self.at_the_start.extend(turns);
        self
    }

    /// So it becomes after the first full listing.
    pub(crate) fn since(mut self, turns: impl IntoIterator<Item = Turn>) -> Self {
        self.since.extend(turns);
        self
    }

    /// What a caller sees without onduty.
    pub(crate) fn caller(mut self, look: Look) -> Self {
        self.looks.push(look);
        self
    }

    /// Whose state is asked for, if not that of `<agent>`.
    pub(crate) fn asked(mut self, asked: Asked) -> Self {
        self.asked = asked;
        self
    }

    pub(crate) fn finds(mut self, miss: Miss) -> Self {
        self.answer = Answer::Miss(miss);
        self
    }

    pub(crate) fn shows_no_presence(mut self) -> Self {
        self.answer = Answer::NoPresence;
        self
    }

    /// Onduty's own list shows everybody whose account is active.
    pub(crate) fn lists_everybody(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// Lifts the cause, and nothing else: the state is there.
    pub(crate) fn lifted_by(mut self, turns: impl IntoIterator<Item = Turn>) -> Self {
        self.lifted.extend(turns);
        self.then = Some((self.asked, Answer::TheState));
        self
    }

    /// Lifts the cause, and nothing else: the blame moves on to a later one.
    pub(crate) fn moves_on_by(mut self, turns: impl IntoIterator<Item = Turn>, to: Miss) -> Self {
        self.lifted.extend(turns);
        self.then = Some((self.asked, Answer::Miss(to)));
        self
    }

    /// The question was at fault; this one is right, and the state is there.
    pub(crate) fn right_is(mut self, asked: Asked) -> Self {
        self.then = Some((asked, Answer::TheState));
        self
    }

    /// The claim of the thread, or the row of the catalogue.
    pub(crate) fn row(&self) -> &'static str {
        self.row
    }

    /// The reason that it expects for an agent's id before anything is lifted.
    pub(crate) fn reason(&self) -> Option<Reason> {
        match (&self.answer, self.asked) {
            (Answer::Miss(miss), Asked::Agent(_)) => Some(miss.reason),
            (Answer::TheState | Answer::NoPresence | Answer::Miss(_), _) => None,
        }
    }

    /// All reasons that it expects.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = Reason> {
        let then = self.then.as_ref().map(|(_, answer)| answer);
        [Some(&self.answer), then].into_iter().flatten().filter_map(|answer| match answer {
            Answer::Miss(miss) => Some(miss.reason),
            Answer::TheState | Answer::NoPresence => None,
        })
    }
}
