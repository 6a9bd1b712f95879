//! `POST /api/v1/admin/users`.

use serde_json::{Value, json};

use super::scene;
use crate::support::{Person, TestApp, USERS, wrong};

fn newcomer() -> Person {
    Person::numbered(7)
}

#[tokio::test]
async fn a_user_without_a_password_gets_one_that_opens_the_account_once_the_code_is_given() {
    let (app, admin, ..) = scene().await;
    let person = newcomer();
    let body = json!({
        "email": person.email, "phoneNumber": person.phone, "roles": ["b", "a", "b"],
        "locale": "de",
    });
    let created = admin.post(USERS, &body).await.is(201);
    let user = &created.json()["user"];
    assert_eq!(user["roles"], json!(["a", "b"]));
    assert_eq!(user["isVerified"], false);
    assert_eq!(user["locale"], "de");
    assert_eq!(user["id"].as_str().unwrap(), app.id_of(&person).await);
    assert_eq!(app.sends_to(&person), 0, "nobody is texted");

    let given = created.text("password");
    assert_eq!(given.len(), 24);
    let first =
        json!({ "email": person.email, "password": given, "newPassword": "a staple of one's own" });
    let login = app.post("/api/v1/auth/login", &first).await.is(200);
    let ticket = login.text("loginTicket");
    app.verify(&ticket, &wrong(&app.code_for(&person))).await.is(401);
    let token = app.verify(&ticket, &app.code_for(&person)).await.is(200).text("token");
    let session = app.session(&token).await.is(200);
    assert_eq!(session.json()["roles"], json!(["a", "b"]));
    assert_eq!(app.profile(&token).await.is(200).json()["roles"], json!(["a", "b"]));
}

#[tokio::test]
async fn a_password_that_was_sent_is_taken_and_not_told() {
    let (app, admin, ..) = scene().await;
    let person = newcomer();
    let created = admin.post(USERS, &person.registration()).await.is(201);
    assert_eq!(created.json()["password"], Value::Null);
    assert_eq!(created.json()["user"]["roles"], json!([]));
    assert_eq!(app.login(&person).await.is(200).json()["requiresOtp"], true);
}

#[tokio::test]
async fn what_is_taken_is_told_and_nothing_is_written() {
    let (app, admin, bob, _) = scene().await;
    let person = newcomer();
    let body = json!({ "email": bob.email, "phoneNumber": person.phone });
    admin.post(USERS, &body).await.refused(409, "email_taken");
    let body = json!({ "email": person.email, "phoneNumber": bob.phone, "roles": ["admin"] });
    admin.post(USERS, &body).await.refused(409, "phone_taken");
    assert_eq!(app.count("SELECT count(*) FROM users").await, 2);
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let (_app, admin, ..) = scene().await;
    let many: Vec<String> = (0..33).map(|number| format!("role{number}")).collect();
    for (body, wanted) in [
        (json!({}), vec![("email", "required"), ("phoneNumber", "required")]),
        (
            json!({ "email": "x", "phoneNumber": "+3319", "password": "short", "roles": ["X"], "locale": "xx" }),
            vec![
                ("email", "email_invalid"),
                ("phoneNumber", "phone_invalid"),
                ("password", "password_too_short"),
                ("roles", "role_invalid"),
                ("locale", "locale_unknown"),
            ],
        ),
        (
            json!({ "email": "x@example.com", "phoneNumber": "+14155553007", "roles": many }),
            vec![("roles", "roles_too_many")],
        ),
        (
            json!({ "email": "x@example.com", "phoneNumber": "+14155553007", "roles": "admin", "password": 7 }),
            vec![("roles", "wrong_type"), ("password", "wrong_type")],
        ),
    ] {
        admin.post(USERS, &body).await.finds_fault_with(&wanted);
    }
}

#[tokio::test]
async fn a_password_that_is_made_up_is_one_that_the_policy_takes() {
    let settings = [("PASSWORD_MIN_LENGTH", "64"), ("PASSWORD_COMPOSITION", "mixed")];
    let app = TestApp::with(&settings).await;
    let mut ada = Person::ada();
    ada.password = "Long enough 4 a policy that nobody would have, 64 characters of it".to_owned();
    let admin = app.admin(&ada).await;
    let person = newcomer();
    let body = json!({ "email": person.email, "phoneNumber": person.phone });
    let password = admin.post(USERS, &body).await.is(201).text("password");
    assert_eq!(password.len(), 64);
    for kind in [char::is_uppercase, char::is_lowercase, char::is_numeric] {
        assert!(password.contains(kind), "{password}");
    }
}
