//! Every limit of the table, at its endpoint.

use chrono::TimeDelta;
use ringfence::foundation::{PhoneNumber, SessionId, UserId};
use ringfence::rate_limits::{Action, LIMITS, Scope, Subject};
use serde_json::json;

use crate::support::{Answer, Person, TestApp, USERS, Visitor};

use super::{STRICT, at, step};

const HERE: &str = "203.0.113.7";

/// People in the midst of what can be limited.
struct Scene {
    app: TestApp,
    visitor: Visitor,
    /// An administrator who has just given a code.
    ada: Person,
    token: String,
    refresh_token: String,
    session: SessionId,
    /// Somebody whose login waits for a code.
    bob: Person,
    ticket: String,
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::with(&STRICT).await;
        let (ada, bob) = (Person::ada(), Person::bob());
        let answer = app.signed_in(&ada).await;
        app.set_roles(&ada, "{admin}").await;
        let (token, refresh_token) = (answer.text("token"), answer.text("refreshToken"));
        let session = app.session(&token).await.is(200).text("sessionId");
        let session = SessionId::parse(&session).unwrap();
        let ticket = app.register(&bob).await.is(201).text("loginTicket");
        let visitor = app.at(HERE);
        // Until what that has used up of the prefix has come back.
        app.advance(TimeDelta::minutes(1));
        Self { app, visitor, ada, token, refresh_token, session, bob, ticket }
    }

    async fn ask(&self, action: Action) -> Answer {
        let Self { visitor, ada, token, ticket, .. } = self;
        match action {
            Action::Register => visitor.register(&Person::numbered(1)).await,
            Action::Login => visitor.login(ada).await,
            Action::SendCode => visitor.request_otp(ticket).await,
            Action::VerifyCode => visitor.verify(ticket, "123456").await,
            Action::ForgotPassword => visitor.forgot(ada).await,
            Action::ResetPassword => visitor.reset("none", "123456", "an unheard of staple").await,
            Action::Refresh => visitor.refresh(&self.refresh_token).await,
            Action::ProvePassword => {
                visitor.change_password(token, "not hers", "an unheard of staple").await
            }
            Action::Administer => visitor.get_as(token, USERS).await,
        }
    }

    async fn exhaust(&self, action: Action, scope: Scope) -> u32 {
        let person = match action {
            Action::Register => &Person::numbered(1),
            Action::SendCode => &self.bob,
            _ => &self.ada,
        };
        let number = PhoneNumber::from_e164(&person.phone).unwrap();
        let subject = match scope {
            Scope::Address => at(HERE)[0],
            Scope::Block => at(HERE)[1],
            Scope::NumberPrefix => Subject::NumberPrefix(number.prefix()),
            Scope::Country => Subject::Country(number.country().unwrap()),
            Scope::User => Subject::User(UserId::parse(&self.app.id_of(person).await).unwrap()),
            Scope::Session => Subject::Session(self.session),
        };
        self.app.exhaust(action, subject).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_limit_of_the_table_refuses_at_its_endpoint_and_lets_in_again_when_it_says() {
    for (action, scope, events, period) in LIMITS {
        let scene = Scene::new().await;
        let what = format!("{action:?} by {scope:?}");
        assert_eq!(scene.exhaust(action, scope).await, events, "{what}");
        let is_send = action == Action::SendCode;
        let code = if is_send { "otp_limit_reached" } else { "rate_limited" };
        let refused = scene.ask(action).await.refused(429, code);
        let limit = if is_send { "otp_sends" } else { action.as_str() };
        assert_eq!(refused.json()["limit"], limit, "{what}");
        assert_eq!(refused.json()["scope"], scope.as_str(), "{what}");
        assert_eq!(refused.header("ratelimit-limit"), events.to_string(), "{what}");
        assert_eq!(refused.header("ratelimit-remaining"), "0", "{what}");
        assert_eq!(refused.header("ratelimit-reset"), period.num_seconds().to_string(), "{what}");
        let wait = refused.seconds_to_wait();
        let exact = (step(events, period).num_milliseconds() + 999) / 1000;
        assert_eq!(wait, exact, "{what}");
        scene.app.advance(TimeDelta::seconds(wait));
        let answer = scene.ask(action).await;
        assert_ne!(answer.status(), 429, "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn an_answer_that_passes_tells_the_least_room_that_it_met() {
    let app = TestApp::with(&STRICT).await;
    let visitor = app.at(HERE);
    for left in (25..30).rev() {
        let answer = visitor.login(&Person::ada()).await.refused(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-limit"), "30");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("ratelimit-reset"), ((30 - left) * 30).to_string());
    }
    // The block has less room left than a new address.
    for neighbour in 0..20 {
        app.exhaust(Action::Login, at(HERE)[1]).await;
        app.advance(TimeDelta::milliseconds(4500));
        // One person's wrong passwords are limited by themselves.
        let somebody =
            Person { email: format!("somebody{neighbour}@example.com"), ..Person::ada() };
        let answer = app.at(&format!("203.0.113.{}", 100 + neighbour)).login(&somebody).await;
        let answer = answer.refused(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-limit"), "600");
        assert_eq!(answer.header("ratelimit-remaining"), "2");
    }
}

#[tokio::test]
async fn a_login_that_cannot_have_another_code_joins_the_one_that_is_live() {
    let app = TestApp::with(&[STRICT.as_slice(), &[("OTP_POLICY", "always")]].concat()).await;
    let ada = Person::ada();
    app.pending(&ada).await;
    app.advance(TimeDelta::minutes(3));
    let number = PhoneNumber::from_e164(&ada.phone).unwrap();
    app.exhaust(Action::SendCode, Subject::NumberPrefix(number.prefix())).await;
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    assert_eq!(app.sends_to(&ada), 1);
    let ticket = app.login(&ada).await.is(200);
    assert_eq!(ticket.json()["otpError"]["code"], "otp_limit_reached", "no code is live any more");
}

#[tokio::test]
async fn a_refused_send_leaves_the_code_before_it_alone() {
    let app = TestApp::with(&STRICT).await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.advance(TimeDelta::minutes(3));
    let number = PhoneNumber::from_e164(&ada.phone).unwrap();
    app.exhaust(Action::SendCode, Subject::NumberPrefix(number.prefix())).await;
    app.request_otp(&ticket).await.refused(429, "otp_limit_reached");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn what_is_refused_costs_no_hash_and_tells_nobody_who_exists() {
    let app = TestApp::with(&STRICT).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    app.exhaust(Action::Login, at(HERE)[0]).await;
    let before = app.hashes();
    let known = app.at(HERE).login(&ada).await.refused(429, "rate_limited");
    let unknown = app.at(HERE).login(&Person::bob()).await.refused(429, "rate_limited");
    assert_eq!(app.hashes(), before);
    assert_eq!(known.json()["retryAfter"], unknown.json()["retryAfter"]);
    assert_eq!(known.json()["detail"], unknown.json()["detail"]);
}

#[tokio::test]
async fn a_token_that_nobody_has_issued_uses_up_nobodys_room() {
    let app = TestApp::with(&STRICT).await;
    let answer = app.signed_in(&Person::ada()).await;
    for _ in 0..70 {
        let forged = json!({ "refreshToken": "A".repeat(112) });
        app.post("/api/v1/auth/refresh", &forged).await.refused(401, "refresh_invalid");
    }
    let answer = app.refresh(&answer.text("refreshToken")).await.is(200);
    assert_eq!(answer.header("ratelimit-limit"), "60");
    assert_eq!(answer.header("ratelimit-remaining"), "59");
}
