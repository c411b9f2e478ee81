//! The doctor: what stands between a caller and an agent's state, check by check, in the order in which one rests on
//! another.
//!
//! It looks once (`gather`) and judges what it saw by pure functions, a file a check. What the token may do and what
//! is missing of an agent is judged by `onduty_core` alone. It runs inside a sidecar ([`Doctor::beside`]) and without
//! one, from the configuration ([`Doctor::alone`]). A look serves everybody who asks within a few seconds.

mod agent;
mod budget;
mod channels;
mod check;
mod configuration;
mod entrance;
mod facts;
mod flights;
mod forecast;
mod gather;
mod host;
mod rights;
mod skew;
mod sources;
mod store;
#[cfg(test)]
mod testing;
mod webhook;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join;
use onduty_core::answer::{Answer, Asked, Glance, Question, Report, conclude, glance, looks_like_an_id};
use onduty_core::cursor::Epoch;
use onduty_core::finding::Finding;
use onduty_core::observation::Input;
use onduty_core::roster::Roster;
use tokio::time::Instant;

use crate::answers::Answers;
use crate::clock::Clock;
use crate::config::{Config, ConfigErrors};
use crate::journal::vitals::{Vitals, vitals};
use crate::meters::Meters;
use crate::platform::Platform;
use crate::platform::genesys::error::ClientError;
use crate::publish::{self, Publisher, View};
use crate::status::StatusBoard;
pub use agent::FORM as FIRST_OF_AGENT;
pub use check::{Check, Status};
pub use facts::Settings;
use facts::{AgentFacts, Facts};
use flights::Flights;

/// How long a look is relied on.
const LOOK_LIFE: Duration = Duration::from_secs(5);
/// How long a look at the store is: it reads the whole file.
const STORE_LIFE: Duration = Duration::from_secs(30);
/// How long the check of the store may take.
const STORE_PATIENCE: Duration = Duration::from_secs(2);
/// Agents whose looks are held at once.
const AGENTS_MAX: usize = 256;

/// Looks and judges.
#[derive(Debug)]
pub struct Doctor {
    settings: Arc<Settings>,
    platform: Arc<Platform>,
    view: View,
    board: StatusBoard,
    clock: Clock,
    place: Place,
    looks: Flights<(), Arc<Facts>>,
    stores: Flights<(), Vitals>,
    agents: Flights<String, Arc<AgentFacts>>,
}

/// What it runs in.
#[derive(Debug)]
enum Place {
    /// A sidecar, which answers as it answers everybody.
    Sidecar(Answers),
    /// A process that holds nothing but what the doctor reads.
    Alone(Mutex<(Roster, Publisher)>),
}

/// The parts of a sidecar that it looks at.
#[derive(Clone, Debug)]
pub struct Parts {
    /// What the configuration says.
    pub settings: Settings,
    /// Whom to ask.
    pub platform: Arc<Platform>,
    /// Answers questions.
    pub answers: Answers,
    /// What is held.
    pub view: View,
    /// What the background tasks are doing.
    pub board: StatusBoard,
    /// Our clock.
    pub clock: Clock,
}

/// What the doctor says.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Every check, in the order in which one rests on another.
    pub checks: Vec<Check>,
    /// Why there is no state of the agent asked about.
    pub finding: Option<Box<Finding>>,
    /// Whether either of the platform's hosts answered.
    pub reached: bool,
}

impl Doctor {
    /// A doctor inside a sidecar.
    pub fn beside(parts: Parts) -> Self {
        let Parts { settings, platform, answers, view, board, clock } = parts;
        Self::new(settings, platform, view, board, clock, Place::Sidecar(answers))
    }

    /// A doctor without a sidecar: it signs in by itself, and only looks at the store.
    ///
    /// # Errors
    ///
    /// When TLS can't be set up.
    pub fn alone(config: &Config, clock: Clock) -> Result<Self, ClientError> {
        let roster = Roster::new(Epoch(0));
        let (publisher, view) = publish::channel(roster.snapshot());
        let (board, (meters, _)) = (StatusBoard::default(), Meters::new());
        let platform = Platform::new(&config.platform, view.clone(), clock.clone(), board.clone(), meters)?;
        let place = Place::Alone(Mutex::new((roster, publisher)));
        Ok(Self::new(Settings::from(config), Arc::new(platform), view, board, clock, place))
    }

    fn new(
        settings: Settings,
        platform: Arc<Platform>,
        view: View,
        board: StatusBoard,
        clock: Clock,
        place: Place,
    ) -> Self {
        Self {
            settings: Arc::new(settings),
            platform,
            view,
            board,
            looks: Flights::new(LOOK_LIFE, 1, clock.clone()),
            stores: Flights::new(STORE_LIFE, 1, clock.clone()),
            agents: Flights::new(LOOK_LIFE, AGENTS_MAX, clock.clone()),
            clock,
            place,
        }
    }

    /// Every check, and with an id those about that agent.
    pub async fn examine(&self, agent_id: Option<&str>, deadline: Option<Instant>) -> Examination {
        let facts = self.looks.get((), || self.look().boxed());
        let agent = async {
            match agent_id {
                // Whatever else a stranger writes may be long, is answered from memory and is not worth keeping.
                Some(id) if !looks_like_an_id(id) => Some(self.look_at(id, deadline).await),
                Some(id) => Some(self.agents.get(id.to_owned(), || self.look_at(id, deadline).boxed()).await),
                None => None,
            }
        };
        let (facts, agent) = join(facts, agent).await;
        judge(&facts, agent.as_deref())
    }

    async fn store_vitals(&self) -> Vitals {
        vitals(&self.settings.store_dir, STORE_PATIENCE).await
    }

    /// What anybody would be answered about an agent, and what the platform says when it is asked now.
    async fn look_at(&self, id: &str, deadline: Option<Instant>) -> Arc<AgentFacts> {
        let asked = Asked::AgentId(id.into());
        let (answer, read) = match &self.place {
            Place::Sidecar(answers) => {
                let now = Question { asked: asked.clone(), max_staleness: Duration::ZERO };
                let read = answers.get(&now, deadline).await;
                let anybody = answers.question(asked.clone(), None);
                (answers.get(&anybody, deadline).await, read)
            }
            Place::Alone(held) => {
                let answer = self.look_up(&asked, held).await;
                (answer.clone(), answer)
            }
        };
        let snapshot = self.view.snapshot();
        let row = asked.row(&snapshot).cloned();
        Arc::new(AgentFacts { now: self.clock.now(), asked: id.to_owned(), answer, read, row })
    }

    async fn look_up(&self, asked: &Asked, held: &Mutex<(Roster, Publisher)>) -> Answer {
        let question = Question { asked: asked.clone(), max_staleness: Duration::ZERO };
        if let Glance::Settled(answer) = glance(&self.view.snapshot(), &question, self.clock.now()) {
            return answer;
        }
        let told = self.platform.lookup(std::slice::from_ref(asked)).await;
        let snapshot = {
            // Whole after each step.
            let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
            let (roster, publisher) = &mut *held;
            for observation in told.observations {
                roster.step(&Input::Observation(Box::new(observation)));
            }
            publisher.publish(roster.snapshot());
            roster.snapshot()
        };
        let report = told.reports.into_iter().next().map_or(Report::Told, |(_, report)| report);
        conclude(&snapshot, &question, &report, self.clock.now())
    }
}

impl Examination {
    /// What a configuration that can't be used comes to: nothing else is looked at.
    pub fn of_invalid_configuration(errors: &ConfigErrors) -> Self {
        Self { checks: vec![configuration::invalid(errors)], finding: None, reached: false }
    }
}

/// From what was seen to every line.
fn judge(facts: &Facts, agent: Option<&AgentFacts>) -> Examination {
    let mut checks = vec![configuration::judge(facts)];
    checks.extend(host::judge(facts));
    for judge in [entrance::credentials, entrance::region, entrance::endpoints, skew::judge] {
        let check = judge(facts, &checks);
        checks.push(check);
    }
    checks.extend(rights::judge(facts, &checks));
    // Judged before the sources, which rest on it, and told after them.
    let budget = budget::judge(facts);
    let before: Vec<Check> = checks.iter().chain([&budget]).cloned().collect();
    checks.extend(sources::judge(facts, &before));
    checks.push(budget);
    checks.extend(forecast::judge(facts, &before));
    checks.push(store::judge(facts));
    let finding = agent.and_then(|agent| match &agent.answer {
        Answer::Miss(finding) => Some(finding.clone()),
        Answer::State(_) => None,
    });
    if let Some(agent) = agent {
        checks.extend(agent::judge(agent, facts, &checks));
    }
    Examination { checks, finding, reached: facts.login.is_ok() || facts.api.is_ok() }
}
