//! The task that keeps agents moving: seeded moves at a rate, scripted moves at their time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Shared, now};
use crate::cloud::moves::Move;
use crate::world::Where;

/// How often the mover looks at its watch.
const BEAT: Duration = Duration::from_millis(20);
/// Moves in one beat at most. A machine that can't keep up moves slower rather than in bursts.
const BURST_MAX: u64 = 2000;

/// Something to be done next.
#[derive(Debug)]
enum Step {
    /// The next move of the seed.
    Seeded,
    /// A move of the script, and whose it is.
    Scripted(usize, Move),
}

/// What is done in which order: the same however the time that passes is cut into beats.
struct Plan {
    rate: f64,
    script: VecDeque<(u64, usize, Move)>,
    /// Seconds of moving so far.
    moved_s: f64,
    made: u64,
}

impl Plan {
    /// The steps of so many further seconds. A scripted move comes before the seeded one that is due next at its time.
    fn steps(&mut self, passed_s: f64) -> Vec<Step> {
        self.moved_s += passed_s;
        let mut wanted = (self.moved_s * self.rate) as u64;
        if wanted.saturating_sub(self.made) > BURST_MAX {
            // Time itself goes slower then, for the script too: left-out moves would be another history.
            wanted = self.made + BURST_MAX;
            self.moved_s = wanted as f64 / self.rate;
        }
        let mut steps = Vec::new();
        for number in self.made..wanted {
            let rate = self.rate;
            self.play(&mut steps, |at_ms| (at_ms as f64 / 1000.0 * rate) as u64 <= number);
            steps.push(Step::Seeded);
        }
        self.made = wanted;
        let moved_ms = (self.moved_s * 1000.0) as u64;
        self.play(&mut steps, |at_ms| at_ms <= moved_ms);
        steps
    }

    fn play(&mut self, steps: &mut Vec<Step>, is_due: impl Fn(u64) -> bool) {
        while let Some((_, position, happening)) = self.script.pop_front_if(|(at_ms, ..)| is_due(*at_ms)) {
            steps.push(Step::Scripted(position, happening));
        }
    }
}

/// Moves agents in the time that passes while the simulator is not paused.
pub(super) struct Mover {
    shared: Arc<Shared>,
    plan: Plan,
}

impl Mover {
    pub(super) fn new(shared: Arc<Shared>, rate: f64, script: Vec<(u64, usize, Move)>) -> Self {
        Self { shared, plan: Plan { rate, script: script.into(), moved_s: 0.0, made: 0 } }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut last = Instant::now();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(BEAT) => {}
            }
            let passed = last.elapsed();
            last = Instant::now();
            self.beat(passed);
        }
    }

    fn beat(&mut self, passed: Duration) {
        let shared = Arc::clone(&self.shared);
        shared.with(|world| {
            let at = now();
            world.settle(Some(at), at);
            if !world.moving {
                return;
            }
            for step in self.plan.steps(passed.as_secs_f64()) {
                match step {
                    Step::Seeded => world.advance(at),
                    Step::Scripted(position, happening) => {
                        world.happen(Where::Here, position, &happening, at);
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done at this rate in these beats: a dot a seeded move, the agent's position a scripted one.
    fn done(rate: f64, beats: &[f64]) -> String {
        let script = [(0, 0), (250, 1), (1000, 2), (1100, 3), (2990, 4), (9000, 5)];
        let script = script.map(|(at_ms, position)| (at_ms, position, Move::Answer));
        let mut plan = Plan { rate, script: script.into(), moved_s: 0.0, made: 0 };
        let steps = beats.iter().flat_map(|passed_s| plan.steps(*passed_s));
        let marks = steps.map(|step| match step {
            Step::Seeded => ".".to_owned(),
            Step::Scripted(position, _) => position.to_string(),
        });
        marks.collect()
    }

    #[test]
    fn scripted_moves_have_their_place_among_the_seeded_ones_however_time_is_cut() {
        for beats in [&[3.0][..], &[0.25; 12], &[0.5, 0.125, 1.375, 1.0], &[0.0625; 48]] {
            assert_eq!(done(4.0, beats), "0.1...23.......4.", "{beats:?}");
            assert_eq!(done(0.0, beats), "01234", "{beats:?}");
        }
    }

    #[test]
    fn what_cannot_be_kept_up_with_slows_time_and_leaves_nothing_out() {
        // 4000 moves a second: a beat of one second has room for half of them.
        let slowly = done(4000.0, &[1.0, 0.5, 1.0]);
        assert_eq!(slowly.len(), 3 * 2000 + 4);
        assert_eq!(slowly, done(4000.0, &[0.5; 3]));
    }
}
