//! Requests that start at the same moment, on ground where nothing puts them in a row.
//!
//! A cold pool opens one connection after the other and so lets one request through after the
//! other: a race on it proves nothing. Hence [`TestApp::warm`] first.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Answer, TestApp, Visitor};

/// How many race.
pub(crate) const RACERS: usize = 8;

/// Has each visitor ask at the same moment; the answers come in the order of the visitors.
pub(crate) async fn race<F>(racers: Vec<F>) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let start = Arc::new(Barrier::new(racers.len()));
    let mut running = JoinSet::new();
    for (place, racer) in racers.into_iter().enumerate() {
        let start = Arc::clone(&start);
        running.spawn(async move {
            start.wait().await;
            (place, racer.await)
        });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How many answers have this status and code; a success has no code.
pub(crate) fn count(answers: &[Answer], status: u16, code: &str) -> usize {
    answers.iter().filter(|answer| (answer.status(), answer.code()) == (status, code)).count()
}

impl TestApp {
    /// For [`RACERS`] clients.
    pub(crate) async fn warm(&self) {
        self.warm_for(RACERS).await;
    }

    /// Opens so many connections, to the database and to the server, and waits until they are free.
    pub(crate) async fn warm_for(&self, clients: usize) {
        let pool = &self.application.state.database;
        let mut held = Vec::new();
        for _ in 0..clients {
            held.push(pool.acquire().await.unwrap());
        }
        drop(held);
        let asked = (0..clients).map(|_| poll(Visitor::clone(self))).collect();
        race(asked).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while pool.num_idle() < clients {
            assert!(Instant::now() < deadline, "{} connections are idle", pool.num_idle());
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn poll(visitor: Visitor) -> Answer {
    visitor.get("/readyz").await
}
