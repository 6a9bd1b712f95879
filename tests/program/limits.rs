//! A replica that is killed while limits are counted: what it has counted stands, and nobody waits for it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;

use super::answers::Answer;
use super::installation::{Installation, Serving};

/// What the table of limits has for logins from one address.
const ROOM: usize = 30;
const RACERS: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_replica_gives_nobody_room_and_holds_no_lock() {
    let mut installation = Installation::new().await;
    // A rate at which the shared limits are those of the table, and room enough in each process.
    installation.set("RATE_LIMIT_WINDOW_MS", "86400000");
    installation.set("RATE_LIMIT_MAX_REQUESTS", "9500");
    let [one, two] = [installation.serve().await, installation.serve().await];
    let began = Instant::now();
    // Both are warm.
    for serving in [&one, &two] {
        guess(serving).await.expect(401);
    }

    let asking: Vec<_> = (0..RACERS)
        .map(|_| {
            let api = one.api.clone();
            tokio::spawn(async move {
                let url = format!("{}/api/v1/auth/login", api.base);
                let body = json!({"email": somebody(), "password": "not a password"});
                // An error: it was killed before it answered.
                let answer = api.client.post(url).json(&body).send().await.ok()?;
                Some(answer.status().as_u16())
            })
        })
        .collect();
    let first = guess(&two).await;
    assert_eq!(first.status, 401, "{first:?}");
    one.program.signal(Signal::KILL);
    let mut answered = 0;
    for asked in asking {
        answered += usize::from(asked.await.unwrap() == Some(401));
    }

    let mut passed = 0;
    while guess(&two).await.status == 401 {
        passed += 1;
        assert!(passed <= 10 * ROOM, "there is no limit any more");
    }
    let all = 3 + answered + passed;
    // One comes back each half minute.
    let came_back = usize::try_from(began.elapsed().as_secs() / 30).unwrap() + 1;
    assert!(all <= ROOM + came_back, "{answered} before the kill, {passed} after it");
    // What was counted and never answered is lost, and no more than that.
    assert!(all + RACERS - answered >= ROOM, "{answered} before the kill, {passed} after it");
    let refused = guess(&two).await.expect(429);
    assert_eq!(refused.body["limit"], "login");
    assert_eq!(refused.body["scope"], "address");
}

async fn guess(serving: &Serving) -> Answer {
    let body = json!({"email": somebody(), "password": "not a password"});
    serving.api.post("login", body).await
}

/// Somebody else each time: one person's wrong passwords are limited by themselves.
fn somebody() -> String {
    static PEOPLE: AtomicU32 = AtomicU32::new(0);
    format!("nobody{}@example.com", PEOPLE.fetch_add(1, Ordering::Relaxed))
}
