//! Who runs, and how everything stops. Every task and thread has a name and is awaited here; nothing else may
//! spawn.
//!
//! Shutdown runs the way the data runs, stage by stage: when [`Stage::Sources`] is told to stop, its tasks end and
//! drop their inlets; without inlets the keeper drains, commits and drops the publisher; only then is
//! [`Stage::Servers`] told, whose streams have seen the last snapshot and end with a cursor. One deadline holds for
//! all of it; what has not ended by then is aborted and named.

use std::any::Any;
use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::error_chain::Chain;

/// How long a stop may take unless configured otherwise.
pub const STOP_DEADLINE: Duration = Duration::from_secs(10);

/// What a task ends with. An error stops the process; what can be mended is mended by the task itself.
pub type TaskResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Owns every task. Made first, run last.
#[derive(Debug)]
pub struct Lifecycle {
    tasks: Arc<Tasks>,
    deadline: Duration,
}

/// When a task has to end. Stages stop one after the other, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Whatever holds an inlet: the ingress, the sweep, the look-up. Ends when told.
    Sources,
    /// The keeper. Ends by itself when the last inlet is gone.
    Keeper,
    /// Whatever only reads: api and admin listeners, their streams. Ends when told.
    Servers,
}

/// Starts tasks of one stage. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spawner {
    tasks: Arc<Tasks>,
    stage: Stage,
}

/// Asks the process to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Tasks>);

/// The signals that ask a process to stop.
#[derive(Debug)]
pub struct Signals(Option<(Signal, Signal)>);

/// How it ended.
#[derive(Debug)]
pub struct Ending {
    /// The first task that failed, if one did. All of them have been logged.
    pub failure: Option<Failure>,
    /// The tasks that had not ended at the deadline and were cut.
    pub unfinished: Vec<&'static str>,
}

/// A task did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It gave up.
    #[error("the task {name} failed")]
    Failed {
        /// Which one.
        name: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It panicked: a mistake in the program.
    #[error("the task {name} panicked: {message}")]
    Panicked {
        /// Which one.
        name: &'static str,
        /// What the panic said.
        message: String,
    },
}

impl Stage {
    const ALL: [Self; 3] = [Self::Sources, Self::Keeper, Self::Servers];
}

impl Ending {
    /// The exit code of the process: 0 for a stop that was asked for, even if some tasks had to be cut (nothing
    /// acknowledged can be lost by that); 1 when a task failed.
    pub const fn exit_code(&self) -> u8 {
        if self.failure.is_some() { 1 } else { 0 }
    }
}

impl Signals {
    /// Listens for SIGTERM and SIGINT from now on.
    ///
    /// # Errors
    ///
    /// When the handlers can't be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self(Some((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))))
    }

    /// No signals: the process stops by its [`Stopper`] only, as in tests.
    pub const fn ignored() -> Self {
        Self(None)
    }

    async fn next(&mut self) -> &'static str {
        let Some((terminate, interrupt)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            Some(()) = terminate.recv() => "SIGTERM",
            Some(()) = interrupt.recv() => "SIGINT",
            else => std::future::pending().await,
        }
    }
}

impl Lifecycle {
    /// Nothing runs yet. A stop may take `deadline`.
    pub fn new(deadline: Duration) -> Self {
        Self { tasks: Arc::default(), deadline }
    }

    /// Starts tasks of a stage.
    pub fn spawner(&self, stage: Stage) -> Spawner {
        Spawner { tasks: Arc::clone(&self.tasks), stage }
    }

    /// Asks for a stop from inside.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.tasks))
    }

    /// Runs until a signal, a [`Stopper`] or a failed task asks for the end, then stops stage by stage. A second
    /// signal cuts everything at once. Threads can't be cut: the caller must let the process end without waiting
    /// for those that are named as unfinished.
    pub async fn run(self, mut signals: Signals) -> Ending {
        tokio::select! {
            name = signals.next() => {
                tracing::info!(signal = name, "stopping");
                self.tasks.stop();
            }
            () = self.tasks.stopping.cancelled() => tracing::info!("stopping"),
        }
        let give_up = async {
            tokio::select! {
                name = signals.next() => tracing::warn!(signal = name, "stopping now: asked again"),
                () = self.tasks.cut.cancelled() => tracing::warn!("stopping now: asked again"),
                () = sleep_until(Instant::now() + self.deadline) => {}
            }
        };
        tokio::select! {
            () = self.stop_in_order() => {}
            () = give_up => {}
        }
        let unfinished = self.cut();
        if !unfinished.is_empty() {
            tracing::warn!(tasks = unfinished.join(", "), "cut tasks that had not ended");
        }
        Ending { failure: self.tasks.lock().failure.take(), unfinished }
    }

    async fn stop_in_order(&self) {
        for stage in Stage::ALL {
            self.tasks.token(stage).cancel();
            self.tasks.ended(stage).await;
        }
    }

    /// Aborts what still runs, and says what that was.
    fn cut(&self) -> Vec<&'static str> {
        for stage in Stage::ALL {
            self.tasks.token(stage).cancel();
        }
        let running: Vec<_> =
            self.tasks.lock().running.values().map(|task| (task.name, task.abort.clone())).collect();
        for abort in running.iter().filter_map(|(_, abort)| abort.as_ref()) {
            abort.abort();
        }
        running.into_iter().map(|(name, _)| name).collect()
    }
}

impl Stopper {
    /// Begins an orderly stop. Asking again changes nothing.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Stops without waiting for anybody.
    pub fn stop_now(&self) {
        self.0.stop();
        self.0.cut.cancel();
    }

    /// Whether a stop has begun.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.is_cancelled()
    }

    /// Waits until a stop has begun, which is long before the servers are told: for what should show it early.
    pub async fn stopping(&self) {
        self.0.stopping.cancelled().await;
    }
}

impl Spawner {
    /// Tells the tasks of this stage to end. Each of them must wait for it wherever it waits.
    pub fn token(&self) -> CancellationToken {
        self.tasks.token(self.stage).clone()
    }

    /// The spawner of another stage.
    pub fn of(&self, stage: Stage) -> Self {
        Self { tasks: Arc::clone(&self.tasks), stage }
    }

    /// Starts a task. If it fails or panics, the process stops with exit code 1; if it ends well, it is forgotten.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = TaskResult> + Send + 'static) {
        let entry = self.tasks.enter(name, self.stage);
        let id = entry.id;
        let supervised = async move {
            let failure = match AssertUnwindSafe(future).catch_unwind().await {
                Ok(Ok(())) => None,
                Ok(Err(source)) => Some(Failure::Failed { name, source }),
                Err(panic) => Some(Failure::Panicked { name, message: message_of(&*panic) }),
            };
            entry.end(failure);
        };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        let abort = tokio::spawn(supervised).abort_handle();
        if let Some(task) = self.tasks.lock().running.get_mut(&id) {
            task.abort = Some(abort);
        }
    }

    /// Starts a thread, under the same rules as a task. It must end by itself: a thread can't be aborted.
    ///
    /// # Errors
    ///
    /// When the system has no thread to give.
    pub fn spawn_thread(
        &self,
        name: &'static str,
        body: impl FnOnce() -> TaskResult + Send + 'static,
    ) -> io::Result<()> {
        let (result, ended) = oneshot::channel();
        let run = move || {
            // Nobody is left to tell when the process ends without waiting for this thread.
            let _ = result.send(body());
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run)?;
        let entry = self.tasks.enter(name, self.stage);
        let supervised = async move {
            let result = ended.await;
            // Its result was its last act, or unwinding dropped the sender: the join does not block.
            let failure = match (thread.join(), result) {
                (Err(panic), _) => Some(Failure::Panicked { name, message: message_of(&*panic) }),
                (Ok(()), Ok(Err(source))) => Some(Failure::Failed { name, source }),
                (Ok(()), Ok(Ok(())) | Err(_)) => None,
            };
            entry.end(failure);
        };
        #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
        tokio::spawn(supervised);
        Ok(())
    }
}

/// The book of what runs.
#[derive(Debug, Default)]
struct Tasks {
    book: Mutex<Book>,
    /// Somebody ended.
    changed: Notify,
    stopping: CancellationToken,
    cut: CancellationToken,
    tokens: [CancellationToken; Stage::ALL.len()],
}

#[derive(Debug, Default)]
struct Book {
    next_id: u64,
    running: BTreeMap<u64, Task>,
    failure: Option<Failure>,
}

#[derive(Debug)]
struct Task {
    name: &'static str,
    stage: Stage,
    /// Absent for threads, which can't be aborted.
    abort: Option<AbortHandle>,
}

/// A line in the book, struck out when this is dropped: at the end of the task, or when it is aborted.
struct Entry {
    tasks: Arc<Tasks>,
    id: u64,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, Book> {
        // Nothing that is done under this lock can leave the book half written.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn token(&self, stage: Stage) -> &CancellationToken {
        &self.tokens[stage as usize]
    }

    fn stop(&self) {
        self.stopping.cancel();
    }

    fn enter(self: &Arc<Self>, name: &'static str, stage: Stage) -> Entry {
        let mut book = self.lock();
        let id = book.next_id;
        book.next_id += 1;
        book.running.insert(id, Task { name, stage, abort: None });
        Entry { tasks: Arc::clone(self), id }
    }

    /// Waits until no task of a stage runs.
    async fn ended(&self, stage: Stage) {
        loop {
            let changed = self.changed.notified();
            if self.lock().running.values().all(|task| task.stage != stage) {
                return;
            }
            changed.await;
        }
    }
}

impl Entry {
    fn end(self, failure: Option<Failure>) {
        let Some(failure) = failure else { return };
        tracing::error!(error = %Chain(&failure), "a task failed: stopping");
        self.tasks.lock().failure.get_or_insert(failure);
        self.tasks.stop();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.tasks.lock().running.remove(&self.id);
        self.tasks.changed.notify_waiters();
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    async fn stopped(lifecycle: Lifecycle) -> Ending {
        lifecycle.stopper().stop();
        lifecycle.run(Signals::ignored()).await
    }

    #[tokio::test]
    async fn stages_stop_one_after_the_other() {
        let lifecycle = Lifecycle::new(STOP_DEADLINE);
        let (sender, mut order) = mpsc::channel(9);
        for (stage, name) in Stage::ALL.into_iter().zip(["sources", "keeper", "servers"]).rev() {
            let spawner = lifecycle.spawner(stage);
            let (token, later, sender) =
                (spawner.token(), lifecycle.spawner(Stage::Servers).token(), sender.clone());
            spawner.spawn(name, async move {
                token.cancelled().await;
                tokio::task::yield_now().await;
                sender.send((name, later.is_cancelled())).await?;
                Ok(())
            });
        }
        let ending = stopped(lifecycle).await;
        assert_eq!((ending.exit_code(), ending.unfinished), (0, vec![]));
        let mut seen = Vec::new();
        while let Ok(end) = order.try_recv() {
            seen.push(end);
        }
        assert_eq!(seen, [("sources", false), ("keeper", false), ("servers", true)]);
    }

    #[tokio::test]
    async fn a_thread_ends_by_itself_and_is_awaited() {
        let lifecycle = Lifecycle::new(STOP_DEADLINE);
        let (inlet, mut receiver) = mpsc::channel::<()>(1);
        let sources = lifecycle.spawner(Stage::Sources);
        let told = sources.token();
        sources.spawn("source", async move {
            told.cancelled().await;
            drop(inlet);
            Ok(())
        });
        let (done, mut finished) = oneshot::channel();
        let body = move || {
            while receiver.blocking_recv().is_some() {}
            done.send(()).map_err(|()| "nobody waited")?;
            Ok(())
        };
        sources.of(Stage::Keeper).spawn_thread("keeper", body).unwrap();
        let ending = stopped(lifecycle).await;
        assert_eq!(finished.try_recv(), Ok(()));
        assert_eq!((ending.exit_code(), ending.unfinished), (0, vec![]));
    }

    #[tokio::test]
    async fn a_failed_task_stops_everybody_and_the_exit_code_tells() {
        let lifecycle = Lifecycle::new(STOP_DEADLINE);
        let other = lifecycle.spawner(Stage::Servers);
        let told = other.token();
        other.spawn("patient", async move {
            told.cancelled().await;
            Ok(())
        });
        lifecycle.spawner(Stage::Sources).spawn("sweep", async { Err("no bread".into()) });
        let ending = lifecycle.run(Signals::ignored()).await;
        assert_eq!(ending.exit_code(), 1);
        let failure = ending.failure.unwrap();
        assert_eq!(Chain(&failure).to_string(), "the task sweep failed: no bread");
    }

    #[tokio::test]
    async fn a_panic_in_a_task_or_a_thread_stops_the_process_by_name() {
        for in_thread in [false, true] {
            let lifecycle = Lifecycle::new(STOP_DEADLINE);
            let spawner = lifecycle.spawner(Stage::Keeper);
            if in_thread {
                spawner.spawn_thread("keeper", || panic!("spilt {}", "ink")).unwrap();
            } else {
                spawner.spawn("keeper", async { panic!("spilt {}", "ink") });
            }
            let failure = lifecycle.run(Signals::ignored()).await.failure.unwrap();
            assert_eq!(failure.to_string(), "the task keeper panicked: spilt ink");
        }
    }

    #[tokio::test]
    async fn what_has_not_ended_by_the_deadline_is_cut_and_named() {
        let lifecycle = Lifecycle::new(Duration::from_millis(5));
        let (held, cut) = oneshot::channel::<()>();
        lifecycle.spawner(Stage::Sources).spawn("deaf", async move {
            let _held = held;
            std::future::pending().await
        });
        let ending = stopped(lifecycle).await;
        assert_eq!((ending.exit_code(), ending.unfinished), (0, vec!["deaf"]));
        assert!(cut.await.is_err(), "an aborted task drops what it holds");
    }

    #[tokio::test]
    async fn asking_again_stops_now() {
        let lifecycle = Lifecycle::new(Duration::from_secs(3600));
        lifecycle.spawner(Stage::Sources).spawn("deaf", std::future::pending());
        lifecycle.stopper().stop_now();
        assert_eq!(lifecycle.run(Signals::ignored()).await.unfinished, ["deaf"]);
    }
}
