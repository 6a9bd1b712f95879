//! Passwords that administrators have made up: good for a day, and for a login that brings another one.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp, USERS, Visitor};
use crate::uniformity::face;

const LOGIN: &str = "/api/v1/auth/login";
const OWN: &str = "quite another staple";

/// Somebody with a proven phone, whose password an administrator has had made.
async fn scene() -> (TestApp, Visitor, Person) {
    let app = TestApp::new().await;
    let admin = app.admin(&Person::ada()).await;
    let bob = Person::bob();
    app.verified(&bob).await;
    let password = reset(&app, &admin, &bob).await.text("password");
    (app, admin, Person { password, ..bob })
}

async fn reset(app: &TestApp, admin: &Visitor, person: &Person) -> Answer {
    admin.poke(&app.path_of(person, "/reset-password").await).await.is(200)
}

fn with_own(person: &Person, own: &str) -> Value {
    json!({ "email": person.email, "password": person.password, "newPassword": own })
}

#[tokio::test]
async fn it_opens_nothing_until_the_person_brings_one_of_their_own() {
    let (app, _admin, bob) = scene().await;
    let refused = app.login(&bob).await.refused(403, "password_change_required");
    assert!(!refused.json().to_string().contains("loginTicket"));
    let open = "SELECT count(*) FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE users.password_expires_at IS NOT NULL AND sessions.ended_at IS NULL";
    assert_eq!(app.count(open).await, 0);
    for (own, code) in [
        ("short", "password_too_short"),
        (bob.password.as_str(), "password_unchanged"),
        ("password123", "password_common"),
    ] {
        let refused = app.post(LOGIN, &with_own(&bob, own)).await;
        refused.finds_fault_with(&[("newPassword", code)]);
    }
    app.post(LOGIN, &json!({ "email": bob.email, "password": "wrong", "newPassword": OWN }))
        .await
        .refused(401, "invalid_credentials");

    let login = app.post(LOGIN, &with_own(&bob, OWN)).await.is(200);
    assert_eq!(login.json()["requiresOtp"], false);
    app.profile(&login.text("token")).await.is(200);
    app.post(LOGIN, &with_own(&bob, OWN)).await.refused(401, "invalid_credentials");
    // It is the person's own from now on: for good, and not for giving out another by a login.
    app.advance(TimeDelta::days(2));
    let own = Person { password: OWN.to_owned(), ..bob };
    app.login(&own).await.is(200);
    let not_given_out = app.post(LOGIN, &with_own(&own, "yet another staple")).await;
    not_given_out.finds_fault_with(&[("newPassword", "password_not_handed_out")]);
}

#[tokio::test]
async fn after_24_hours_it_is_answered_like_a_wrong_one() {
    let (app, admin, bob) = scene().await;
    let again = reset(&app, &admin, &bob).await;
    let told = again.text("passwordExpiresAt").parse::<DateTime<Utc>>().unwrap();
    assert_eq!(told, app.now() + TimeDelta::hours(24));
    let bob = Person { password: again.text("password"), ..bob };
    app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    app.login(&bob).await.refused(403, "password_change_required");
    app.advance(TimeDelta::seconds(1));
    for own in [None, Some(OWN)] {
        let mut right = json!({ "email": bob.email, "password": bob.password });
        let mut wrong = json!({ "email": bob.email, "password": "not his at all" });
        for body in [&mut right, &mut wrong] {
            if let Some(own) = own {
                body["newPassword"] = json!(own);
            }
        }
        let before = app.hashes();
        let over = app.post(LOGIN, &right).await;
        let between = app.hashes();
        let wrong = app.post(LOGIN, &wrong).await;
        assert_eq!((between - before, app.hashes() - between), (1, 1));
        assert_eq!(face(&over), face(&wrong));
        over.refused(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn a_code_that_is_due_is_due_all_the_same() {
    let app = TestApp::new().await;
    let admin = app.admin(&Person::ada()).await;
    let person = Person::numbered(7);
    let body = json!({ "email": person.email, "phoneNumber": person.phone });
    let created = admin.post(USERS, &body).await.is(201);
    assert!(created.json()["user"]["passwordExpiresAt"].is_string());
    let person = Person { password: created.text("password"), ..person };
    app.login(&person).await.refused(403, "password_change_required");
    assert_eq!(app.sends_to(&person), 0);
    let login = app.post(LOGIN, &with_own(&person, OWN)).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true);
    app.verify(&login.text("loginTicket"), &app.code_for(&person)).await.is(200);
    let shown = admin.get(&app.path_of(&person, "").await).await.is(200);
    assert!(shown.json()["passwordExpiresAt"].is_null());
}

#[tokio::test]
async fn a_code_to_the_proven_phone_ends_it_too() {
    let (app, _admin, bob) = scene().await;
    // The wait since the code of signing up.
    app.advance(TimeDelta::minutes(3));
    let ticket = app.forgotten(&bob).await;
    let body = json!({ "resetTicket": ticket, "otpCode": app.code_for(&bob), "newPassword": OWN });
    app.post("/api/v1/auth/password/reset", &body).await.is(204);
    app.login(&Person { password: OWN.to_owned(), ..bob }).await.is(200);
}
