//! Codes for a new password, which anybody can ask for in anybody's name: they take no room of their owner's
//! logins, and none by which whoever asks could tell that one was sent.

use std::time::Duration;

use chrono::TimeDelta;
use ringfence::foundation::{PhoneNumber, UserId};
use ringfence::rate_limits::{Action, Subject};
use tokio::time::{Instant, sleep};

use crate::support::{Person, RACERS, TestApp, race};

use super::{STRICT, at};

/// Codes for a new password that were decided on, one way or the other.
const DECIDED: &str = "SELECT count(*) FROM audit_events
    WHERE event IN ('code_sent', 'code_refused') AND detail->>'purpose' = 'password_reset'";

impl TestApp {
    /// No answer waits for the sending.
    async fn until_decided(&self, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.count(DECIDED).await < wanted {
            assert!(Instant::now() < deadline, "{wanted} are not decided on");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ada, with all room there is.
    async fn with_ada(settings: &[(&str, &str)]) -> (Self, Person) {
        let app = Self::with(&[STRICT.as_slice(), settings].concat()).await;
        let ada = Person::ada();
        app.verified(&ada).await;
        app.advance(TimeDelta::hours(2));
        (app, ada)
    }

    /// How many more codes go to numbers that begin as that of `person`.
    async fn left_of_prefix(&self, person: &Person) -> u32 {
        let number = PhoneNumber::from_e164(&person.phone).unwrap();
        self.exhaust(Action::SendCode, Subject::NumberPrefix(number.prefix())).await
    }
}

#[tokio::test]
async fn however_often_a_stranger_asks_for_them_the_owner_gets_the_code_of_a_login() {
    let (app, ada) = TestApp::with_ada(&[("OTP_POLICY", "always")]).await;
    for turn in 0..25 {
        app.at(&format!("203.0.113.{turn}")).forgot(&ada).await.is(202);
        app.until_decided(turn + 1).await;
    }
    assert_eq!(app.sends_to(&ada), 2, "one of them was sent, in the wait for another none");
    app.advance(TimeDelta::minutes(2));
    let login = app.login(&ada).await.is(200);
    assert_eq!(app.sends_to(&ada), 3, "{login:?}");
    app.verify(&login.text("loginTicket"), &app.code_for(&ada)).await.is(200);
    // What the one that was sent has taken of the prefix is back after a minute.
    assert_eq!(app.left_of_prefix(&ada).await, 59);
    let user = Subject::User(UserId::parse(&app.id_of(&ada).await).unwrap());
    assert_eq!(app.exhaust(Action::SendCode, user).await, 19);
}

#[tokio::test]
async fn who_has_just_room_for_one_code_cannot_tell_whether_one_for_a_new_password_was_sent() {
    let mut seen = Vec::new();
    for is_known in [true, false] {
        let (app, ada) = TestApp::with_ada(&[("OTP_MAX_PER_ADDRESS_HOURLY", "2")]).await;
        let asker = app.at("203.0.113.7");
        let ticket = async |number| {
            asker.register(&Person::numbered(number)).await.is(201).text("loginTicket")
        };
        asker.request_otp(&ticket(1).await).await.is(200);
        let forgotten = if is_known { &ada } else { &Person::numbered(999) };
        asker.forgot(forgotten).await.is(202);
        app.until_decided(is_known.into()).await;
        assert_eq!(app.sends_to(&ada), 1 + usize::from(is_known));
        let last = asker.request_otp(&ticket(2).await).await;
        let one_more = asker.request_otp(&ticket(3).await).await;
        one_more.refused(429, "otp_limit_reached");
        let left = app.exhaust(Action::SendCode, at("203.0.113.7")[1]).await;
        seen.push((last.status(), left));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0].0, 200);
}

/// Seen to fail where the limits on these codes are only looked at first, and counted with the send.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_those_that_race_no_more_than_are_sent_in_an_hour_take_room_of_others() {
    let (app, ada) = TestApp::with_ada(&[]).await;
    app.warm().await;
    for round in 1..=4 {
        let racers = (0..RACERS).map(|place| {
            let (visitor, ada) = (app.at(&format!("203.0.{round}.{place}")), ada.clone());
            async move { visitor.forgot(&ada).await.is(202) }
        });
        race(racers.collect()).await;
        app.until_decided(i64::try_from(RACERS).unwrap() * round).await;
        assert_eq!(app.sends_to(&ada), 1 + usize::try_from(round).unwrap());
        let left = app.left_of_prefix(&ada).await;
        assert!((57..60).contains(&left), "round {round}: {left}");
        app.advance(TimeDelta::hours(2));
    }
}
