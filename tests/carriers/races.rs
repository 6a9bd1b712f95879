//! A code that arrives before its carrier has answered.

use std::time::Duration;

use serde_json::json;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use crate::fake_plivo::{FakeConfig, FakePlivo, Mode};
use crate::served::Served;

/// Waits until so many others wait for a row of this database.
async fn until_waiting(database: &PgPool, wanted: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let found: i64 = sqlx::query_scalar(waiting).fetch_one(database).await.unwrap();
        if found == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{found} wait instead of {wanted}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_code_is_used_up_while_its_send_is_noted_and_neither_waits_for_the_other_in_a_circle() {
    let config = FakeConfig::default();
    let fake = FakePlivo::start(config.clone()).await.unwrap();
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "plivo"),
        ("PLIVO_BASE_URL", fake.base_url()),
        ("PLIVO_AUTH_ID", &config.auth_id),
        ("PLIVO_AUTH_TOKEN", &config.auth_token),
        ("PLIVO_PHONE_NUMBER", &format!("+{}", config.phone_number)),
    ])
    .await;
    let ticket = served.register().await;
    fake.set_mode(Mode::Delay(Duration::from_secs(2)));

    let sending = served.post("request-otp", json!({"loginTicket": ticket}));
    let entering = async {
        while fake.messages().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        let mut held = served.database.begin().await.unwrap();
        sqlx::query("SELECT FROM messages FOR UPDATE").execute(&mut *held).await.unwrap();
        until_waiting(&served.database, 1).await;
        let code = fake.messages()[0].text[..6].to_owned();
        let entering = served.post("verify-otp", json!({"loginTicket": ticket, "otpCode": code}));
        let releasing = async {
            until_waiting(&served.database, 2).await;
            held.commit().await.unwrap();
        };
        tokio::join!(entering, releasing).0
    };
    let ((sent, _), (entered, token)) = tokio::join!(sending, entering);
    assert_eq!((sent, entered), (200, 200), "{token}");
    let noted = "SELECT provider_reference IS NOT NULL AND verified_at IS NOT NULL FROM messages";
    assert!(sqlx::query_scalar::<_, bool>(noted).fetch_one(&served.database).await.unwrap());
}
