//! A finding is true: lift exactly what it names, and the state is there, or the blame has moved to a later cause.
//!
//! Each case is an agent of a simulated organisation, any set of things that stand between a caller and that agent's
//! state, and a sidecar that knows nothing yet, or everything from before. However often it is asked, its finding
//! names something that is really so; lifting that, and nothing else, in the simulator brings the next cause to
//! light; after the last one the state is there. Thousands of cases run each time; for a million, set
//! `ONDUTY_CASES=1000000`.

mod world;

use std::sync::Arc;
use std::time::Duration;

use onduty_core::answer::{Answer, Question, conclude};
use onduty_core::finding::{Finding, Reason};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::house::House;
use world::{Cause, Trouble, World, troubles};

/// Cases each time the tests run.
const CASES: u32 = 2_400;

/// Worlds at once: most of a case is waiting, for others to ask and for the platform to recover.
const WORLDS: u32 = 12;

#[test]
fn lifting_what_a_finding_names_brings_the_state_or_a_later_cause() {
    let cases = std::env::var("ONDUTY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let worlds: Vec<_> =
            (0..WORLDS).map(|seed| scope.spawn(move || explore(seed, cases.div_ceil(WORLDS)))).collect();
        worlds.into_iter().map(|world| world.join().unwrap()).collect()
    });
    for outcome in outcomes {
        outcome.unwrap();
    }
}

type Outcome = Result<(), TestError<Trouble>>;

/// Cases in one world, one after the other.
fn explore(seed: u32, cases: u32) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = Arc::new(runtime.block_on(World::new(seed.into())));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner.run(&troubles(), |trouble| runtime.block_on(unravel(&world, trouble)))
}

/// Lifts one cause after the other until the state is there.
async fn unravel(world: &World, mut trouble: Trouble) -> Result<(), TestCaseError> {
    let house = world.house(&trouble).await;
    let mut last: Option<Reason> = None;
    let all = trouble.clone();
    for _ in 0..=all.causes.len() {
        let Some(finding) = ask(&house, world, &trouble).await else {
            let told = trouble.causes.is_empty();
            return told
                .then_some(())
                .ok_or_else(|| fail(&all, &trouble, "a state, in spite of what is left"));
        };
        let Some(cause) = trouble.named_by(&finding) else {
            return Err(fail(&all, &trouble, &format!("it is not so: {finding:?}")));
        };
        let rank = rank(&finding, cause);
        if last.is_some_and(|last| last >= rank) {
            return Err(fail(&all, &trouble, &format!("{last:?} was lifted, and now it is {finding:?}")));
        }
        last = Some(rank).filter(|rank| *rank != Reason::StateStale);
        trouble.causes.remove(&cause);
        world.apply(&trouble).await;
        house.pass(patience(cause));
    }
    Err(fail(&all, &trouble, "there is no end to it"))
}

/// Where a cause stands in the order of blame. A grant that does not apply yet in one division hides what that
/// division hides, and no more.
fn rank(finding: &Finding, cause: Cause) -> Reason {
    if cause == Cause::DivisionGrantFresh { Reason::DivisionNotVisible } else { finding.reason }
}

/// How long the sidecar relies on what it found out, or leaves the platform alone.
const fn patience(lifted: Cause) -> Duration {
    match lifted {
        Cause::ClientDisabled | Cause::SecretWrong | Cause::RegionWrong => Duration::from_secs(61),
        Cause::PlatformDown => Duration::from_secs(31),
        _ => Duration::from_secs(16),
    }
}

async fn ask(house: &House, world: &World, trouble: &Trouble) -> Option<Box<Finding>> {
    let asked = world.asked(trouble);
    let question = Question { asked: asked.clone(), max_staleness: Duration::ZERO };
    // The form of an id is judged before anybody is asked.
    let snapshot = house.view.snapshot();
    let settled = match onduty_core::answer::glance(&snapshot, &question, house.clock.now()) {
        onduty_core::answer::Glance::Settled(answer) => answer,
        onduty_core::answer::Glance::MustAsk => {
            let report = house.asker.ask_one(asked).await;
            conclude(&house.view.snapshot(), &question, &report, house.clock.now())
        }
    };
    match settled {
        Answer::State(_) => None,
        Answer::Miss(finding) => Some(finding),
    }
}

fn fail(all: &Trouble, left: &Trouble, what: &str) -> TestCaseError {
    TestCaseError::fail(format!("{what}\nof {all:?}\nleft {:?}", left.causes))
}
