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

/// Moves agents in the time that passes while the simulator is not paused.
pub(super) struct Mover {
    shared: Arc<Shared>,
    rate: f64,
    script: VecDeque<(u64, usize, Move)>,
    /// Seconds of moving so far.
    moved_s: f64,
    made: u64,
}

impl Mover {
    pub(super) fn new(shared: Arc<Shared>, rate: f64, script: Vec<(u64, usize, Move)>) -> Self {
        Self { shared, rate, script: script.into(), moved_s: 0.0, made: 0 }
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
            self.moved_s += passed.as_secs_f64();
            let moved_ms = (self.moved_s * 1000.0) as u64;
            while let Some((_, position, happening)) = self.script.pop_front_if(|(ms, ..)| *ms <= moved_ms) {
                world.happen(Where::Here, position, &happening, at);
            }
            let wanted = (self.moved_s * self.rate) as u64;
            for _ in 0..wanted.saturating_sub(self.made).min(BURST_MAX) {
                world.advance(at);
            }
            self.made = wanted;
        });
    }
}
