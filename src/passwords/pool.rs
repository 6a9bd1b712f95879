//! A fixed set of threads behind a bounded first-in-first-out queue, for work that would hold up async threads.
//!
//! Owns the threads and the queue. Knows nothing about passwords. Never queues more than it was told to, never works
//! for a caller who has gone away, never loses a thread to a panic.

use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::priority::lower_priority;

/// Retry-After knows only whole seconds.
const LEAST_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many work at once and how many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads.
    pub threads: NonZeroUsize,
    /// Callers who may wait for a thread; one more is refused.
    pub waiting: NonZeroUsize,
}

/// Threads that turn an `Order` into an `Answer`. Dropping it forgets the queue and lets the threads end by
/// themselves after the order in hand.
pub(super) struct Pool<Order, Answer> {
    shared: Arc<Shared<Order, Answer>>,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PoolError {
    /// Too many are waiting.
    Full {
        /// After how long the present queue should be done.
        retry_after: Duration,
    },
    /// The pool takes no more orders.
    Closed,
    /// The worker panicked on this order.
    Panicked,
}

struct Shared<Order, Answer> {
    queue: Mutex<Queue<Order, Answer>>,
    /// An order has come, or the pool has closed.
    changed: Condvar,
    size: PoolSize,
    /// A moving mean of the time that an order takes, in microseconds; 0 before the first.
    mean_micros: AtomicU64,
}

struct Queue<Order, Answer> {
    jobs: VecDeque<Job<Order, Answer>>,
    closed: bool,
}

struct Job<Order, Answer> {
    order: Order,
    reply: oneshot::Sender<Answer>,
}

impl<Order: Send + 'static, Answer: Send + 'static> Pool<Order, Answer> {
    /// Starts the threads, named `name-0` and so on. Each makes a worker for itself, and a new one after a panic.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(super) fn start<Worker: FnMut(Order) -> Answer>(
        name: &str,
        size: PoolSize,
        make_worker: impl Fn() -> Worker + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let pool = Self {
            shared: Arc::new(Shared {
                queue: Mutex::new(Queue { jobs: VecDeque::new(), closed: false }),
                changed: Condvar::new(),
                size,
                mean_micros: AtomicU64::new(0),
            }),
        };
        for number in 0..size.threads.get() {
            let (shared, make_worker) = (Arc::clone(&pool.shared), make_worker.clone());
            thread::Builder::new().name(format!("{name}-{number}")).spawn(move || {
                lower_priority();
                shared.work(make_worker);
            })?;
        }
        Ok(pool)
    }

    /// Waits for a thread to carry out `order`. Dropping the future before that withdraws the order.
    ///
    /// # Errors
    /// [`PoolError`]; a full queue is told at once.
    pub(super) async fn submit(&self, order: Order) -> Result<Answer, PoolError> {
        let (reply, answer) = oneshot::channel();
        self.shared.enqueue(Job { order, reply })?;
        answer.await.map_err(|_| PoolError::Panicked)
    }
}

impl<Order, Answer> Pool<Order, Answer> {
    /// How many orders wait for a thread.
    pub(super) fn queue_depth(&self) -> usize {
        self.shared.lock().jobs.len()
    }

    /// Takes no more orders; those in the queue are still carried out, then the threads end.
    pub(super) fn close(&self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl<Order, Answer> Drop for Pool<Order, Answer> {
    fn drop(&mut self) {
        // Nobody can be waiting: `submit` borrows the pool.
        self.shared.lock().jobs.clear();
        self.close();
    }
}

impl<Order, Answer> Shared<Order, Answer> {
    fn lock(&self) -> MutexGuard<'_, Queue<Order, Answer>> {
        // No code that can panic half-way through a change runs under the lock.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enqueue(&self, job: Job<Order, Answer>) -> Result<(), PoolError> {
        let mut queue = self.lock();
        if queue.closed {
            return Err(PoolError::Closed);
        }
        if queue.jobs.len() >= self.size.waiting.get() {
            queue.jobs.retain(Job::is_wanted);
        }
        let depth = queue.jobs.len();
        if depth >= self.size.waiting.get() {
            return Err(PoolError::Full { retry_after: self.time_to_drain(depth) });
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// The oldest job that somebody still waits for, or `None` once the pool has closed and the queue is empty.
    fn next(&self) -> Option<Job<Order, Answer>> {
        let mut queue = self.lock();
        loop {
            match queue.jobs.pop_front() {
                Some(job) if job.is_wanted() => return Some(job),
                Some(_withdrawn) => {}
                None if queue.closed => return None,
                None => {
                    queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn work<Worker: FnMut(Order) -> Answer>(&self, make_worker: impl Fn() -> Worker) {
        let mut worker = make_worker();
        while let Some(Job { order, reply }) = self.next() {
            let started = Instant::now();
            let Ok(answer) = catch_unwind(AssertUnwindSafe(|| worker(order))) else {
                // What the panic left half-done goes with the old worker; the caller learns it by the lost reply.
                tracing::error!("a worker thread recovered from a panic");
                worker = make_worker();
                continue;
            };
            self.note_duration(started.elapsed());
            // A caller who left meanwhile is no fault.
            let _ = reply.send(answer);
        }
    }

    /// Threads may overwrite each other's sample: the mean only serves an estimate.
    fn note_duration(&self, taken: Duration) {
        let sample = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        let mean = match self.mean_micros.load(Ordering::Relaxed) {
            0 => sample,
            mean => mean - mean / 8 + sample / 8,
        };
        self.mean_micros.store(mean, Ordering::Relaxed);
    }

    fn time_to_drain(&self, depth: usize) -> Duration {
        let rounds = u32::try_from(depth.div_ceil(self.size.threads.get())).unwrap_or(u32::MAX);
        let mean = Duration::from_micros(self.mean_micros.load(Ordering::Relaxed));
        mean.saturating_mul(rounds).max(LEAST_RETRY_AFTER)
    }
}

impl<Order, Answer> Job<Order, Answer> {
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use tokio::sync::mpsc as async_mpsc;
    use tokio::task::JoinHandle;

    use super::*;

    type Order = Box<dyn FnOnce() -> i32 + Send>;
    type TestPool = Arc<Pool<Order, i32>>;

    fn size(threads: usize, waiting: usize) -> PoolSize {
        PoolSize {
            threads: NonZeroUsize::new(threads).unwrap(),
            waiting: NonZeroUsize::new(waiting).unwrap(),
        }
    }

    fn one_thread(waiting: usize) -> TestPool {
        Arc::new(Pool::start("test", size(1, waiting), || |order: Order| order()).unwrap())
    }

    /// Submits from a task of its own and returns once the order is in the queue or with a thread.
    async fn submit(pool: &TestPool, order: Order) -> JoinHandle<Result<i32, PoolError>> {
        let pool = Arc::clone(pool);
        let task = tokio::spawn(async move { pool.submit(order).await });
        tokio::task::yield_now().await;
        task
    }

    /// Keeps the only thread busy until the sender is used or dropped.
    async fn occupy(pool: &TestPool) -> (mpsc::Sender<()>, JoinHandle<Result<i32, PoolError>>) {
        let (release, held) = mpsc::channel();
        let (tell, mut started) = async_mpsc::channel(1);
        let order = Box::new(move || {
            tell.blocking_send(()).unwrap();
            let _ = held.recv();
            0
        });
        let task = submit(pool, order).await;
        started.recv().await.unwrap();
        (release, task)
    }

    async fn assert_ends<T>(threads_hold: Weak<T>, others: usize) {
        for _ in 0..500 {
            if threads_hold.strong_count() == others {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} threads still run", threads_hold.strong_count() - others);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_takes_orders_again() {
        let pool = one_thread(1);
        let (release, first) = occupy(&pool).await;
        let second = submit(&pool, Box::new(|| 2)).await;
        assert_eq!(pool.queue_depth(), 1);

        let refused = pool.submit(Box::new(|| 3)).await;
        assert_eq!(refused, Err(PoolError::Full { retry_after: LEAST_RETRY_AFTER }));

        drop(release);
        assert_eq!(first.await.unwrap(), Ok(0));
        assert_eq!(second.await.unwrap(), Ok(2));
        assert_eq!(pool.submit(Box::new(|| 4)).await, Ok(4));
    }

    #[tokio::test]
    async fn orders_are_carried_out_in_the_order_they_came() {
        let pool = one_thread(8);
        let (release, _first) = occupy(&pool).await;
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 1..=8 {
            let done = Arc::clone(&done);
            let order = Box::new(move || {
                done.lock().unwrap().push(number);
                number
            });
            tasks.push(submit(&pool, order).await);
        }
        drop(release);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(*done.lock().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[tokio::test]
    async fn a_withdrawn_order_is_never_carried_out_and_gives_up_its_place() {
        // With room for two the worker comes upon it, with room for one the next caller clears it away.
        for waiting in [2, 1] {
            let pool = one_thread(waiting);
            let (release, _first) = occupy(&pool).await;
            let runs = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&runs);
            let withdrawn = submit(
                &pool,
                Box::new(move || {
                    counter.fetch_add(1, Ordering::Relaxed);
                    1
                }),
            )
            .await;
            assert_eq!(pool.queue_depth(), 1);
            withdrawn.abort();
            assert!(withdrawn.await.unwrap_err().is_cancelled());

            let kept = submit(&pool, Box::new(|| 2)).await;
            assert_eq!(pool.queue_depth(), waiting);
            drop(release);
            assert_eq!(kept.await.unwrap(), Ok(2));
            assert_eq!(runs.load(Ordering::Relaxed), 0);
        }
    }

    #[tokio::test]
    async fn a_panic_reaches_its_caller_only_and_the_thread_gets_a_new_worker() {
        let made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&made);
        let pool = Pool::start("test", size(1, 1), move || {
            counter.fetch_add(1, Ordering::Relaxed);
            |order: Order| order()
        })
        .unwrap();
        assert_eq!(pool.submit(Box::new(|| panic!("on purpose"))).await, Err(PoolError::Panicked));
        // A dead thread would keep the next caller waiting for ever.
        let next = tokio::time::timeout(Duration::from_secs(5), pool.submit(Box::new(|| 1))).await;
        assert_eq!(next, Ok(Ok(1)));
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_closed_pool_finishes_its_queue_and_takes_nothing_more() {
        let pool = one_thread(2);
        let (release, _first) = occupy(&pool).await;
        let queued = submit(&pool, Box::new(|| 2)).await;
        pool.close();
        assert_eq!(pool.submit(Box::new(|| 3)).await, Err(PoolError::Closed));
        drop(release);
        assert_eq!(queued.await.unwrap(), Ok(2));
        assert_ends(Arc::downgrade(&pool.shared), 1).await;
    }

    #[tokio::test]
    async fn the_threads_of_a_dropped_pool_end() {
        let pool = Pool::start("test", size(3, 1), || |order: Order| order()).unwrap();
        let shared = Arc::downgrade(&pool.shared);
        assert_eq!(shared.strong_count(), 4);
        drop(pool);
        assert_ends(shared, 0).await;
    }

    #[tokio::test]
    async fn the_threads_are_named() {
        let pool = one_thread(1);
        let name_is_right = || i32::from(thread::current().name() == Some("test-0"));
        assert_eq!(pool.submit(Box::new(name_is_right)).await, Ok(1));
    }

    #[test]
    fn the_time_to_come_again_follows_the_queue_and_the_measured_duration() {
        let pool = Pool::start("test", size(2, 8), || |order: Order| order()).unwrap();
        assert_eq!(pool.shared.time_to_drain(8), LEAST_RETRY_AFTER);
        pool.shared.note_duration(Duration::from_millis(800));
        assert_eq!(pool.shared.time_to_drain(7), Duration::from_millis(3200));
        pool.shared.note_duration(Duration::ZERO);
        assert_eq!(pool.shared.time_to_drain(7), Duration::from_millis(2800));
    }
}
