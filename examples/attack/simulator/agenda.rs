//! The agenda of a simulation: who acts when, in simulated time.
//!
//! Actors are plain asynchronous functions that wait by [`Agenda::wait`]. The clock of the server stands
//! still while any of them acts, and jumps to the next moment when all of them wait: so a simulated day
//! takes as long as its requests take, and nothing depends on how fast the machine is.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ringfence::foundation::ManualClock;
use tokio::sync::{Notify, oneshot};

/// So many actors act at once at most: enough to keep both sides of a connection busy.
const WIDTH: usize = 4;
/// Who is due within so long after another acts with them. Nobody acts before their time.
const SLICE: TimeDelta = TimeDelta::seconds(2);

/// Simulated time, and who waits for it.
pub(crate) struct Agenda {
    clock: ManualClock,
    begun: DateTime<Utc>,
    state: Mutex<State>,
    settled: Notify,
}

#[derive(Default)]
struct State {
    waiting: BinaryHeap<Reverse<Entry>>,
    entries: u64,
    acting: usize,
    failure: Option<anyhow::Error>,
}

struct Entry {
    at: DateTime<Utc>,
    /// Who began to wait first is first.
    place: u64,
    wake: oneshot::Sender<()>,
}

impl Agenda {
    /// An agenda that moves `clock`.
    pub(crate) fn new(clock: ManualClock) -> Arc<Self> {
        let begun = clock.clock().now();
        Arc::new(Self { clock, begun, state: Mutex::default(), settled: Notify::new() })
    }

    /// The simulated time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.clock().now()
    }

    /// How long the simulation has been running, in simulated time.
    pub(crate) fn elapsed(&self) -> TimeDelta {
        self.now() - self.begun
    }

    /// Has somebody act from now on. Their error ends the simulation.
    pub(crate) fn spawn(
        self: &Arc<Self>,
        actor: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.lock().acting += 1;
        let agenda = Arc::clone(self);
        tokio::spawn(async move {
            let ended = actor.await;
            let mut state = agenda.lock();
            if let Err(error) = ended {
                state.failure.get_or_insert(error);
            }
            agenda.rest(&mut state);
        });
    }

    /// Waits for so long, in simulated time.
    pub(crate) async fn wait(&self, duration: TimeDelta) {
        let (wake, woken) = oneshot::channel();
        {
            let at = self.now() + duration;
            let mut state = self.lock();
            state.entries += 1;
            let place = state.entries;
            state.waiting.push(Reverse(Entry { at, place, wake }));
            self.rest(&mut state);
        }
        // It fails where the simulation has ended: then nobody acts any more.
        if woken.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Runs until nobody waits any more.
    ///
    /// # Errors
    /// The first of an actor.
    pub(crate) async fn run(&self) -> anyhow::Result<()> {
        loop {
            while self.lock().acting > 0 {
                self.settled.notified().await;
            }
            let due = {
                let mut state = self.lock();
                if let Some(failure) = state.failure.take() {
                    state.waiting.clear();
                    return Err(failure);
                }
                let due = state.take_due();
                state.acting = due.len();
                due
            };
            let Some(last) = due.last() else { return Ok(()) };
            let ahead = last.at - self.now();
            if ahead > TimeDelta::zero() {
                self.clock.advance(ahead);
            }
            for entry in due {
                // Nobody gives up waiting: an actor ends only by itself.
                let _ = entry.wake.send(());
            }
        }
    }

    fn rest(&self, state: &mut State) {
        state.acting -= 1;
        if state.acting == 0 {
            self.settled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whoever acts next, in order.
    fn take_due(&mut self) -> Vec<Entry> {
        let Some(Reverse(first)) = self.waiting.pop() else { return Vec::new() };
        let until = first.at + SLICE;
        let mut due = vec![first];
        while due.len() < WIDTH && self.waiting.peek().is_some_and(|next| next.0.at <= until) {
            due.extend(self.waiting.pop().map(|next| next.0));
        }
        due
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.place).cmp(&(other.at, other.place))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}
