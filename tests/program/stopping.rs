//! SIGTERM: what is under way is answered, and the end comes in time.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::answers::{Answer, PASSWORD};
use super::child::SOON;
use super::fake_sinch::{Mode, Operation};
use super::installation::Installation;

/// What container runtimes commonly wait before they kill.
const END: Duration = Duration::from_secs(10);
const LOGINS: u32 = 6;
const BYSTANDERS: u32 = 6;

#[tokio::test]
async fn under_load_every_request_under_way_is_answered_and_the_exit_code_is_0() {
    let mut installation = Installation::new().await;
    installation.set("ARGON2_MEMORY_KIB", "64");
    let serving = installation.serve().await;
    for n in 0..LOGINS {
        let phone = format!("+1415555300{n}");
        let person = json!({"email": email(n), "password": PASSWORD, "phoneNumber": phone});
        serving.api.post("register", person).await.expect(201);
    }
    let token = installation.token(&serving.api).await;
    let sent_before = installation.sinch.received(Operation::Start);
    installation.sinch.set_mode(Operation::Start, Mode::Delay(Duration::from_secs(2)));

    let bystanders: Vec<_> = (0..BYSTANDERS)
        .map(|_| {
            let (api, token) = (serving.api.clone(), token.clone());
            tokio::spawn(async move {
                let url = format!("{}/api/v1/profile", api.base);
                let mut answered = 0_u32;
                // Ends when the server takes no more connections.
                while let Ok(response) = api.client.get(&url).bearer_auth(&token).send().await {
                    assert_eq!(response.status(), 200);
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    let logins: Vec<_> = (0..LOGINS)
        .map(|n| {
            let api = serving.api.clone();
            let login = json!({"email": email(n), "password": PASSWORD});
            tokio::spawn(async move { api.post("login", login).await })
        })
        .collect();
    let began = Instant::now();
    while installation.sinch.received(Operation::Start) < sent_before + u64::from(LOGINS) {
        assert!(began.elapsed() < SOON, "the logins do not reach the carrier");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    serving.program.signal(Signal::TERM);
    let ended = serving.program.ended(END).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
    for login in logins {
        let Answer { status, body } = login.await.unwrap();
        assert_eq!((status, &body["otpError"]), (200, &serde_json::Value::Null), "{body}");
    }
    for bystander in bystanders {
        assert!(bystander.await.unwrap() > 0, "there was no load");
    }
    assert!(!ended.err.contains("cut off"), "{}", ended.err);
}

#[tokio::test]
async fn clients_that_never_finish_do_not_hold_up_the_end() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    let address = serving.api.base.strip_prefix("http://").unwrap();
    let connect = |sent: &[u8]| {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(sent).unwrap();
        client
    };
    let _idle = connect(b"");
    let _in_its_headers = connect(b"GET /health HTTP/1.1\r\nHost: localhost\r\n");
    let _in_its_body = connect(
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
          Content-Length: 100\r\n\r\n{\"email\":",
    );
    // Served after them, so they have been taken by now.
    let request = serving.api.client.get(format!("{}/health", serving.api.base));
    Answer::of(request).await.expect(200);

    serving.program.signal(Signal::TERM);
    let ended = serving.program.ended(END).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.err);
}

fn email(n: u32) -> String {
    format!("person{n}@example.com")
}
