//! The servers under test, each a process of its own. Both say on standard output where they listen, make changes as
//! they are ordered on standard input (on a thread of their own, as the sidecar's keeper does), and end with it: a
//! loader that dies leaves no server behind.

pub(crate) mod bare;
pub(crate) mod onduty;
pub(crate) mod sidecar;

use std::io::{self, BufRead as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

/// Changes to be made, at an even pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// How many.
    pub(crate) changes: u32,
    /// How many a second.
    pub(crate) per_second: u32,
}

/// What a server says before its address.
pub(crate) const LISTENING: &str = "listening on ";

/// Orders that may wait.
const ORDERS_MAX: usize = 16;

impl Order {
    /// As a line of standard input.
    pub(crate) fn to_line(self) -> String {
        format!("change {} {}\n", self.changes, self.per_second)
    }

    fn parse(line: &str) -> Option<Self> {
        let (changes, per_second) = line.strip_prefix("change ")?.split_once(' ')?;
        let order = Self { changes: changes.parse().ok()?, per_second: per_second.parse().ok()? };
        (order.per_second > 0).then_some(order)
    }

    /// When a change is due, counted from the first.
    fn due(self, change: u32) -> Duration {
        Duration::from_secs(1) * change / self.per_second
    }
}

/// The threads that obey.
#[derive(Debug)]
struct Obedience(Vec<JoinHandle<()>>);

impl Obedience {
    /// Makes changes as ordered on standard input, until that ends; then cancels `stop`.
    fn begin(change: impl FnMut() + Send + 'static, stop: CancellationToken) -> io::Result<Self> {
        let (sender, orders) = sync_channel(ORDERS_MAX);
        let reader = Builder::new().name("orders".into()).spawn(move || read_orders(&sender))?;
        let maker = Builder::new().name("changes".into()).spawn(move || {
            obey(&orders, change);
            stop.cancel();
        })?;
        Ok(Self(vec![reader, maker]))
    }

    /// Waits for the threads. They end with standard input.
    fn end(self) {
        for thread in self.0 {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

fn read_orders(sender: &SyncSender<Order>) {
    let orders = io::stdin().lock().lines().map_while(Result::ok).filter_map(|line| Order::parse(&line));
    for order in orders {
        if sender.send(order).is_err() {
            return;
        }
    }
}

fn obey(orders: &Receiver<Order>, mut change: impl FnMut()) {
    let mut next = orders.recv().ok();
    while let Some(order) = next.take() {
        let begun = Instant::now();
        for at in 0..order.changes {
            // An order that comes meanwhile replaces the one at hand; only the end of all orders ends the wait early.
            match orders.recv_timeout(order.due(at).saturating_sub(begun.elapsed())) {
                Err(RecvTimeoutError::Timeout) => change(),
                Err(RecvTimeoutError::Disconnected) => return,
                Ok(other) => {
                    next = Some(other);
                    break;
                }
            }
        }
        if next.is_none() {
            next = orders.recv().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_survives_its_line() {
        let order = Order { changes: 200, per_second: 20 };
        assert_eq!(Order::parse(order.to_line().trim_end()), Some(order));
        for line in ["", "change", "change 1", "change 1 0", "change -1 2", "order 1 2"] {
            assert_eq!(Order::parse(line), None, "{line}");
        }
    }

    #[test]
    fn changes_are_due_at_an_even_pace() {
        let order = Order { changes: 3, per_second: 4 };
        assert_eq!([0, 1, 4].map(|at| order.due(at).as_millis()), [0, 250, 1_000]);
    }

    #[test]
    fn as_many_changes_are_made_as_ordered() {
        let (sender, orders) = sync_channel(2);
        let (told, made) = sync_channel(100);
        let thread = Builder::new().spawn(move || obey(&orders, || told.send(()).expect("a listener")));
        sender.send(Order { changes: 5, per_second: 1_000_000 }).expect("a listener");
        for _ in 0..5 {
            made.recv_timeout(Duration::from_secs(10)).expect("a change");
        }
        drop(sender);
        thread.expect("a thread").join().expect("no panic");
        assert!(made.try_recv().is_err());
    }
}
