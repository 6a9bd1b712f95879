//! How the stores count: as the arithmetic says, for all limits of an action or for none, and whatever
//! the clock does.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use ringfence::rate_limits::{Action, Rate, Subject, TakeError};

use crate::support::{Person, TestApp};

use super::{STRICT, at};

/// What a store should remember.
#[derive(Default)]
struct Model(HashMap<String, DateTime<Utc>>);

impl Model {
    /// The rule of the table: all subjects have room, or nothing is counted.
    fn takes(
        &mut self,
        action: Action,
        subjects: &[(String, Subject<'_>)],
        now: DateTime<Utc>,
    ) -> bool {
        let rates: Vec<(&String, Rate)> = subjects
            .iter()
            .filter_map(|(name, subject)| Some((name, action.rate(subject.scope(), 1)?)))
            .collect();
        let tat = |name: &String| self.0.get(name).copied().unwrap_or_default();
        let has_room = rates.iter().all(|(name, rate)| rate.room(tat(name), now).remaining > 0);
        let after = |(name, rate): &(&String, Rate)| {
            let tat = tat(name);
            let tat = if has_room { rate.after_one(tat, now) } else { rate.believed(tat, now) };
            ((*name).clone(), tat)
        };
        let after: Vec<_> = rates.iter().map(after).collect();
        self.0.extend(after);
        has_room
    }
}

/// Numbers that look drawn, and are the same each time.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test]
async fn a_store_counts_as_the_arithmetic_says_whatever_comes_and_however_time_goes() {
    let app = TestApp::with(&STRICT).await;
    let limits = &app.application.state.shared_limits;
    let (mut model, mut drawn, mut now) = (Model::default(), Drawn(7), app.now());
    let (mut passed, mut refused) = (0, 0);
    for turn in 0..1500 {
        let action = [Action::Register, Action::Login, Action::ForgotPassword];
        let action = action[usize::try_from(drawn.below(3)).unwrap()];
        let address = format!("203.0.{}.{}", drawn.below(2), drawn.below(2));
        let prefix = format!("+1415555{}", drawn.below(2));
        let [of_address, of_block] = at(&address);
        let mut subjects = vec![
            (format!("{action:?} {address}"), of_address),
            (format!("{action:?} block {}", &address[..8]), of_block),
            (format!("{action:?} {prefix}"), Subject::NumberPrefix(&prefix)),
        ];
        subjects.rotate_left(usize::try_from(drawn.below(3)).unwrap());
        now += match drawn.below(20) {
            // Back, by less and by more than clocks may differ.
            0 => -TimeDelta::seconds(i64::try_from(drawn.below(50)).unwrap()),
            1 => -TimeDelta::seconds(i64::try_from(drawn.below(5000)).unwrap()),
            2 => TimeDelta::seconds(i64::try_from(drawn.below(4000)).unwrap()),
            _ => TimeDelta::microseconds(i64::try_from(drawn.below(20_000_000)).unwrap()),
        };
        let wanted = model.takes(action, &subjects, now);
        let subjects: Vec<_> = subjects.iter().map(|(_, subject)| *subject).collect();
        let taken = match limits.take(action, &subjects, now).await {
            Ok(_) => true,
            Err(TakeError::Exceeded(_)) => false,
            Err(TakeError::Failure(failure)) => panic!("{failure:?}"),
        };
        assert_eq!(taken, wanted, "turn {turn}: {action:?} from {address} at {now}");
        *(if taken { &mut passed } else { &mut refused }) += 1;
    }
    assert!(passed > 200 && refused > 200, "{passed} passed, {refused} were refused");
}

#[tokio::test]
async fn where_one_limit_has_no_room_the_others_lose_none() {
    let app = TestApp::with(&STRICT).await;
    let [address, block] = at("203.0.113.7");
    assert_eq!(app.exhaust(Action::Login, address).await, 30);
    for _ in 0..50 {
        assert!(!app.takes(Action::Login, &[block, address]).await);
    }
    assert_eq!(app.exhaust(Action::Login, block).await, 600);
}

#[tokio::test]
async fn actions_and_people_have_room_of_their_own() {
    let app = TestApp::with(&STRICT).await;
    let [here, elsewhere] = [at("203.0.113.7")[0], at("203.0.113.8")[0]];
    app.exhaust(Action::Login, here).await;
    assert!(!app.takes(Action::Login, &[here]).await);
    assert!(app.takes(Action::VerifyCode, &[here]).await);
    assert!(app.takes(Action::Login, &[elsewhere]).await);
}

#[tokio::test]
async fn a_clock_put_back_grants_nothing_and_shuts_nobody_out_for_long() {
    let app = TestApp::with(&STRICT).await;
    let visitor = app.at("203.0.113.7");
    let ada = Person::ada();
    app.exhaust(Action::Login, at("203.0.113.7")[0]).await;
    for back in [TimeDelta::seconds(20), TimeDelta::minutes(14), TimeDelta::days(400)] {
        app.advance(-back);
        let wait = visitor.login(&ada).await.refused(429, "rate_limited").seconds_to_wait();
        assert!(wait <= 30 + 60, "{back}: shut out for {wait} s");
        app.advance(TimeDelta::seconds(wait));
        visitor.login(&ada).await.refused(401, "invalid_credentials");
        visitor.login(&ada).await.refused(429, "rate_limited");
    }
}

#[tokio::test]
async fn all_room_is_back_after_the_period() {
    let app = TestApp::with(&STRICT).await;
    let address = at("203.0.113.7")[0];
    for _ in 0..3 {
        assert_eq!(app.exhaust(Action::Login, address).await, 30);
        app.advance(TimeDelta::minutes(15));
    }
}

#[tokio::test]
async fn who_raises_the_limit_of_the_auth_routes_raises_the_shared_ones_with_it() {
    let app = TestApp::with(&[
        ("RATE_LIMIT_WINDOW_MS", "900000"),
        ("RATE_LIMIT_AUTH_MAX_REQUESTS", "65"),
    ])
    .await;
    assert_eq!(app.exhaust(Action::Login, at("203.0.113.7")[0]).await, 90);
}
