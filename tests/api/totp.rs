//! Authenticator apps in place of texts.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use ringfence::foundation::{Keyring, Renewed};
use ringfence::totp;

use crate::phone_change::{change, mail_undo, moved, undo};
use crate::support::{Answer, Person, RACERS, SECRET_KEY, TestApp, Visitor, count, race, wrong};

const PATH: &str = "/api/v1/profile/totp";
const ROOM: [(&str, &str); 2] = [("OTP_POLICY", "always"), ("OTP_RESEND_SECONDS", "0")];

/// An app of somebody: RFC 6238, made anew from its text.
pub(crate) struct Authenticator(Vec<u8>);

impl Authenticator {
    pub(crate) fn reading(base32: &str) -> Self {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits = base32.chars().fold(String::new(), |bits, letter| {
            bits + &format!("{:05b}", alphabet.find(letter).unwrap())
        });
        let bytes = bits
            .as_bytes()
            .chunks_exact(8)
            .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap());
        Self(bytes.collect())
    }

    pub(crate) fn at(&self, time: DateTime<Utc>) -> String {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &(time.timestamp() / 30).to_be_bytes());
        let at = usize::from(tag.as_ref()[19] & 15);
        let four: [u8; 4] = tag.as_ref()[at..at + 4].try_into().unwrap();
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

async fn ask(app: &TestApp, token: &str, method: Method, path: &str, body: Value) -> Answer {
    app.send_as(token, method, path, &body).await
}

/// Ada, whose app gives the codes, and her token.
async fn scene() -> (TestApp, Person, Authenticator, String) {
    scene_with(&[]).await
}

async fn scene_with(settings: &[(&str, &str)]) -> (TestApp, Person, Authenticator, String) {
    let app = TestApp::with(&[ROOM.as_slice(), settings].concat()).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let theirs = add_app(&app, &token, &ada).await;
    app.advance(TimeDelta::seconds(30));
    (app, ada, theirs, token)
}

/// Has an app give the codes of `person`, whose token is `token`.
pub(crate) async fn add_app(app: &TestApp, token: &str, person: &Person) -> Authenticator {
    let begun = ask(app, token, Method::POST, PATH, json!({ "password": person.password })).await;
    let begun = begun.is(201);
    let secret = begun.text("secret");
    assert!(begun.text("otpauthUri").contains(&format!("?secret={secret}&issuer=")));
    let theirs = Authenticator::reading(&secret);
    let confirm = json!({ "totpCode": theirs.at(app.now()) });
    ask(app, token, Method::POST, &format!("{PATH}/confirm"), confirm).await.is(200);
    theirs
}

async fn enter(app: &Visitor, ticket: &str, code: &str) -> Answer {
    app.verify_with(&json!({ "loginTicket": ticket, "totpCode": code })).await
}

#[tokio::test]
async fn a_code_of_the_app_ends_a_login_and_no_text_is_sent() {
    let (app, ada, theirs, _) = scene().await;
    let before = app.sends_to(&ada);
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["methods"], json!(["totp", "sms"]));
    let ticket = login.text("loginTicket");
    let signed_in = enter(&app, &ticket, &theirs.at(app.now())).await.is(200);
    let session = app.session(&signed_in.text("token")).await.is(200);
    assert_eq!(session.json()["amr"], json!(["pwd", "otp"]));
    assert_eq!(app.sends_to(&ada), before);
    // It is a fresh code like any other.
    let body = json!({ "scope": "others" });
    ask(&app, &signed_in.text("token"), Method::POST, "/api/v1/auth/logout", body).await.is(204);
    enter(&app, &ticket, &theirs.at(app.now())).await.refused(401, "login_ticket_invalid");
}

#[tokio::test]
async fn a_text_is_there_for_who_asks_and_without_the_app() {
    let (app, ada, _, token) = scene().await;
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    let body = json!({ "password": ada.password });
    ask(&app, &token, Method::POST, PATH, body.clone()).await.refused(409, "totp_active");
    ask(&app, &token, Method::DELETE, PATH, json!({ "password": "not hers" }))
        .await
        .refused(403, "password_wrong");
    ask(&app, &token, Method::DELETE, PATH, body).await.is(204);
    let before = app.sends_to(&ada);
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["methods"], json!(["sms"]));
    assert_eq!(app.sends_to(&ada), before + 1);
}

#[tokio::test]
async fn a_code_of_the_app_counts_once_and_in_its_time() {
    let (app, ada, theirs, _) = scene().await;
    let code = theirs.at(app.now());
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    enter(&app, &ticket, &code).await.is(200);
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    enter(&app, &ticket, &code).await.refused(401, "otp_invalid");
    let earlier = theirs.at(app.now() - TimeDelta::seconds(30));
    enter(&app, &ticket, &earlier).await.refused(401, "otp_invalid");
    let later = theirs.at(app.now() + TimeDelta::seconds(30));
    enter(&app, &ticket, &later).await.refused(401, "otp_invalid");
    app.advance(TimeDelta::seconds(59));
    enter(&app, &ticket, &later).await.is(200);
}

#[tokio::test]
async fn of_all_who_enter_one_code_at_once_one_is_let_in() {
    let (app, ada, theirs, _) = scene().await;
    app.warm().await;
    for _ in 0..4 {
        app.advance(TimeDelta::seconds(60));
        let code = theirs.at(app.now());
        let mut racers = Vec::new();
        for _ in 0..RACERS {
            let ticket = app.login(&ada).await.is(200).text("loginTicket");
            let (visitor, code) = (Visitor::clone(&app), code.clone());
            racers.push(async move { enter(&visitor, &ticket, &code).await });
        }
        let answers = race(racers).await;
        assert_eq!(count(&answers, 200, ""), 1, "{answers:?}");
        // What is left of the others' guesses would close the hour.
        app.advance(TimeDelta::days(8));
    }
}

#[tokio::test]
async fn wrong_codes_are_counted_with_those_by_text_and_eight_leave_the_text_only() {
    let (app, ada, theirs, _) = scene().await;
    let guess = wrong(&theirs.at(app.now()));
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    for _ in 0..8 {
        enter(&app, &ticket, &guess).await.refused(401, "otp_invalid");
    }
    enter(&app, &ticket, &theirs.at(app.now())).await.refused(401, "otp_new_code_required");
    app.request_otp(&ticket).await.is(200);
    let code = app.code_for(&ada);
    for _ in 0..2 {
        app.verify(&ticket, &wrong(&code)).await.refused(401, "otp_invalid");
    }
    app.verify(&ticket, &code).await.refused(429, "otp_guesses_exhausted");
    app.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["methods"], json!(["sms"]), "a text is sent by itself again");
    app.verify(&login.text("loginTicket"), &app.code_for(&ada)).await.is(200);
    app.advance(TimeDelta::days(365));
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    enter(&app, &ticket, &theirs.at(app.now())).await.is(200);
}

#[tokio::test]
async fn wrong_codes_that_a_stranger_gives_for_a_new_password_leave_the_app_on() {
    let (app, ada, theirs, _) = scene().await;
    let login = app.login(&ada).await.is(200).text("loginTicket");
    for _ in 0..2 {
        let ticket = app.forgotten(&ada).await;
        let guess = wrong(&app.code_for(&ada));
        for _ in 0..5 {
            let reset = app.reset(&ticket, &guess, "a new and better staple").await;
            reset.refused(401, "otp_invalid");
        }
    }
    // The wait is one over all codes; who is told of it has used up nothing of a year.
    for _ in 0..10 {
        let refused = enter(&app, &login, &theirs.at(app.now())).await;
        refused.refused(429, "otp_guesses_exhausted");
    }
    app.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["methods"], json!(["totp", "sms"]));
    enter(&app, &login.text("loginTicket"), &theirs.at(app.now())).await.is(200);
}

#[tokio::test]
async fn of_wrong_codes_that_race_no_more_are_judged_than_a_year_has() {
    let (app, ada, theirs, _) = scene_with(&[("OTP_WRONG_PER_HOUR", "1000")]).await;
    let guess = wrong(&theirs.at(app.now()));
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    for _ in 0..5 {
        enter(&app, &ticket, &guess).await.refused(401, "otp_invalid");
    }
    app.warm().await;
    let racers = (0..RACERS).map(|_| {
        let (visitor, ticket, guess) = (Visitor::clone(&app), ticket.clone(), guess.clone());
        async move { enter(&visitor, &ticket, &guess).await }
    });
    let answers = race(racers.collect()).await;
    assert_eq!(count(&answers, 401, "otp_invalid"), 3, "{answers:?}");
    assert_eq!(count(&answers, 401, "otp_new_code_required"), RACERS - 3, "{answers:?}");
}

#[tokio::test]
async fn whoever_has_lost_the_number_names_another_by_a_code_of_the_app() {
    let (app, ada, theirs, _) = scene().await;
    // As it is once the next owner of it has proven it, and 30 days are over.
    let released = "UPDATE users SET phone_number = NULL, is_verified = false";
    sqlx::query(released).execute(app.database()).await.unwrap();
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    let bob = Person::bob();
    let name = async |code: Option<&str>| {
        let mut body = json!({ "loginTicket": ticket, "newPhoneNumber": bob.phone });
        if let Some(code) = code {
            body["totpCode"] = json!(code);
        }
        app.request_otp_with(&body).await
    };
    let right = theirs.at(app.now());
    name(None).await.finds_fault_with(&[("totpCode", "required")]);
    name(Some(&crate::support::wrong(&right))).await.refused(401, "otp_invalid");
    name(Some("12")).await.finds_fault_with(&[("totpCode", "totp_code_invalid")]);
    assert_eq!(app.sends_to(&bob), 0);
    assert_eq!(app.count("SELECT count(*) FROM number_claims").await, 0);
    app.request_otp(&ticket).await.refused(409, "phone_missing");
    name(Some(&right)).await.is(200);
    // Another text to the same number takes no other code; another number does, and a code counts once.
    name(None).await.is(200);
    let elsewhere = json!({
        "loginTicket": ticket, "newPhoneNumber": Person::numbered(3).phone, "totpCode": right,
    });
    app.request_otp_with(&elsewhere).await.refused(401, "otp_invalid");
    app.verify(&ticket, &app.code_for(&bob)).await.is(200);
    assert_eq!(app.user_row(&bob).await["email"], json!(ada.email));
    let alone = json!({ "loginTicket": ticket, "totpCode": right });
    app.request_otp_with(&alone).await.finds_fault_with(&[("totpCode", "unknown_field")]);
}

#[tokio::test]
async fn the_seed_is_kept_encrypted_and_counts_for_its_own_person_only() {
    let (app, ada, theirs, _) = scene().await;
    let stored: Vec<u8> =
        sqlx::query_scalar("SELECT seed FROM totp_seeds").fetch_one(app.database()).await.unwrap();
    assert_eq!(stored.len(), 12 + 20 + 16);
    assert!(!stored.windows(8).any(|bytes| theirs.0.windows(8).any(|seed| seed == bytes)));
    let bob = Person::bob();
    app.verified(&bob).await;
    let ticket = app.login(&bob).await.is(200).text("loginTicket");
    enter(&app, &ticket, &theirs.at(app.now())).await.refused(401, "otp_invalid");
    let body = json!({ "email": ada.email, "totpCode": theirs.at(app.now()) });
    app.login(&ada).await.is(200);
    app.verify_with(&body).await.finds_fault_with(&[("totpCode", "ticket_required")]);
}

#[tokio::test]
async fn whoever_is_sent_a_text_is_told_of_the_risk_and_of_the_app() {
    let (app, ada, theirs, _) = scene().await;
    let bob = app.signed_in(&Person::bob()).await;
    let advice = bob.text("advice");
    assert!(advice.contains("intercepted") && advice.contains("authenticator app"), "{advice}");
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    let by_app = enter(&app, &ticket, &theirs.at(app.now())).await.is(200);
    assert!(by_app.json()["advice"].is_null());
    let text = include_str!("../../docs/totp.md");
    for risk in ["SIM swap", "intercept", "forward"] {
        assert!(text.contains(risk), "{risk}");
    }
}

#[tokio::test]
async fn a_seed_is_encrypted_anew_and_the_old_key_is_needed_no_more() {
    let (app, ada, theirs, _) = scene().await;
    let new = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let keyring = Keyring::parse(&format!("{new},{SECRET_KEY}")).unwrap();
    let renewed = totp::renew_encryption(app.database(), &keyring).await.unwrap();
    assert_eq!(renewed, Renewed { rows: 1, unreadable: 0 });
    let again = totp::renew_encryption(app.database(), &keyring).await.unwrap();
    assert_eq!(again, Renewed::default());
    let kept = totp::kept_under(app.database()).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].key_id.as_deref(), kept[0].rows), (Some(keyring.current_id()), 1));

    // Signing keys are not what this is about.
    sqlx::query("DELETE FROM signing_keys").execute(app.database()).await.unwrap();
    let app = app.replica(&[("SECRET_KEY", new)]).await;
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    enter(&app, &ticket, &theirs.at(app.now())).await.is(200);
}

#[tokio::test]
async fn an_undo_takes_away_the_authenticator_app_of_whoever_changed_it_and_no_older_one() {
    let app = TestApp::with(&ROOM).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    change(&app, &token, &moved(&ada, &Person::numbered(1))).await;
    app.advance(TimeDelta::minutes(1));
    add_app(&app, &token, &ada).await;
    mail_undo(&app, "a link").await;
    undo(&app, "a link").await.is(200);
    assert_eq!(app.count("SELECT count(*) FROM totp_seeds").await, 0);
    let disabled = "SELECT count(*) FROM audit_events WHERE event = 'totp_disabled'";
    assert_eq!(app.count(disabled).await, 1);

    let bob = Person::bob();
    let token = app.verified(&bob).await;
    add_app(&app, &token, &bob).await;
    app.advance(TimeDelta::minutes(1));
    change(&app, &token, &moved(&bob, &Person::numbered(2))).await;
    mail_undo(&app, "another link").await;
    undo(&app, "another link").await.is(200);
    assert_eq!(app.count("SELECT count(*) FROM totp_seeds").await, 1, "his own");
}
