//! A client whose connection breaks while it refreshes, at any point of the request or the answer,
//! a thousand times: it is never logged out, and there is never a second session.
//!
//! One thing a client must not do: use the child while a request of its own with the parent is still
//! under way. Here that can happen within a millisecond, so that a round ends when the server has
//! answered all of its requests, to nobody; clients have a quarter of an hour until the next refresh.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Person, TestApp};

const ROUNDS: usize = 1000;
/// Longer than any answer takes; where all of it was read nothing more comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Small, and the same on every run (Knuth, TAOCP 2, 3.3.4).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Sends up to `sent` bytes of the request, reads up to `read` bytes of the answer, and hears no more of
/// it. `Some`: where the answer goes that nobody hears.
async fn break_off(
    app: &TestApp,
    refresh_token: &str,
    sent: usize,
    read: usize,
) -> Option<TcpStream> {
    let body = format!(r#"{{"refreshToken":"{refresh_token}"}}"#);
    let request = format!(
        "POST /api/v1/auth/refresh HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let sent = sent.min(request.len());
    stream.write_all(&request.as_bytes()[..sent]).await.unwrap();
    let is_whole = sent == request.len();
    if is_whole && read > 0 {
        let mut answer = vec![0; read];
        timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap().unwrap();
    }
    (is_whole && read == 0).then_some(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_logged_out_by_an_answer_that_gets_lost() {
    // Two replicas: the second try may come to the other.
    let one = &TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let two = &one.replica(&[]).await;
    let ada = Person::ada();
    let mut refresh = one.signed_in(&ada).await.text("refreshToken");
    let session = one.session_row().await["id"].clone();
    let mut random = Seeded(20_261_121);
    let mut whole = 0;
    for round in 0..ROUNDS {
        one.advance(TimeDelta::seconds(i64::try_from(random.below(100)).unwrap()));
        let mut unheard = Vec::new();
        for _ in 0..=random.below(2) {
            let app = [one, two][random.below(2)];
            // Half of them are broken off in the request, half in the answer or before it.
            let (sent, read) = match random.below(4) {
                0 | 1 => (random.below(260), 0),
                2 => (usize::MAX, 0),
                _ => (usize::MAX, 1 + random.below(900)),
            };
            whole += usize::from(sent > 260);
            unheard.extend(break_off(app, &refresh, sent, read).await);
        }
        let app = [one, two][random.below(2)];
        let answer = app.refresh(&refresh).await.is(200);
        app.session(&answer.text("token")).await.is(200);
        for mut stream in unheard {
            timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        }
        refresh = answer.text("refreshToken");
        let row = one.session_row().await;
        assert_eq!(row["id"], session);
        assert_eq!(row["refresh_generation"], round + 1, "one exchange a round");
        assert_eq!(row["ended_at"], serde_json::Value::Null);
    }
    assert!(whole > ROUNDS / 2, "{whole} requests arrived whole");
}
