//! `POST /api/v1/auth/email/verify` and `POST /api/v1/profile/email`: whose address it is.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::Post;
use crate::support::{Answer, Person, TestApp, Visitor};

const NEW: &str = "nine loud geese at dawn";

async fn confirm(app: &TestApp, token: &str) -> Answer {
    app.post("/api/v1/auth/email/verify", &json!({ "token": token })).await
}

async fn ask(app: &TestApp, bearer: &str, email: &str) -> Answer {
    let body = json!({ "email": email, "password": Person::ada().password });
    app.post_as(bearer, "/api/v1/profile/email", &body).await
}

async fn profile(app: &TestApp, bearer: &str) -> Value {
    app.profile(bearer).await.is(200).json().clone()
}

#[tokio::test]
async fn the_link_of_signing_up_proves_the_address_once() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    post.post_due().await;
    let token = post.smtp.only_mail_to("ada@example.com").token();
    assert_eq!(profile(&post.app, &bearer).await["emailVerified"], false);
    let answer = confirm(&post.app, &token).await.is(200);
    assert_eq!(answer.text("email"), "ada@example.com");
    let profile = profile(&post.app, &bearer).await;
    assert_eq!(
        (&profile["emailVerified"], &profile["email"]),
        (&true.into(), &"ada@example.com".into())
    );
    confirm(&post.app, &token).await.refused(400, "email_token_invalid");
    assert_eq!(post.post_due().await, 0, "nobody is told that nothing has changed");
}

#[tokio::test]
async fn what_is_no_token_or_has_run_out_proves_nothing() {
    let post = Post::new().await;
    let token = post.token_of(&Person::ada()).await;
    for wrong in ["", "x", &token.to_lowercase(), &"A".repeat(43)] {
        confirm(&post.app, wrong).await.refused(400, "email_token_invalid");
    }
    post.app
        .post("/api/v1/auth/email/verify", &json!({}))
        .await
        .finds_fault_with(&[("token", "required")]);
    post.app.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    confirm(&post.app, &token).await.is(200);

    let post = Post::new().await;
    let token = post.token_of(&Person::ada()).await;
    post.app.advance(TimeDelta::hours(24));
    confirm(&post.app, &token).await.refused(400, "email_token_invalid");
    assert_eq!(post.app.user_row(&Person::ada()).await["email_verified_at"], Value::Null);
}

#[tokio::test]
async fn another_address_counts_once_its_link_is_opened_and_the_old_one_is_told() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    post.post_due().await;
    let first = post.smtp.only_mail_to("ada@example.com").token();
    let answer = ask(&post.app, &bearer, "countess@example.org").await.is(202);
    assert_eq!(answer.json()["confirmationRequired"], true);
    assert_eq!(profile(&post.app, &bearer).await["email"], "ada@example.com");
    assert_eq!(post.post_due().await, 1);
    let mail = post.smtp.only_mail_to("countess@example.org");
    assert_eq!(mail.header("Subject"), "Confirm your new e-mail address");

    confirm(&post.app, &first).await.refused(400, "email_token_invalid");
    confirm(&post.app, &mail.token()).await.is(200);
    let changed = profile(&post.app, &bearer).await;
    assert_eq!(changed["email"], "countess@example.org");
    assert_eq!(changed["emailVerified"], true);
    assert_eq!(post.post_due().await, 1);
    let mails = post.smtp.mails();
    let notice = mails.last().unwrap();
    assert_eq!(notice.to, ["ada@example.com"]);
    assert_eq!(notice.header("Subject"), "Your e-mail address was changed");
    let text = notice.part("text/plain");
    assert!(text.contains("c•••@example.org") && !text.contains("countess"), "{text}");
    let ada = Person { email: "countess@example.org".to_owned(), ..Person::ada() };
    post.app.login(&ada).await.is(200);
    post.app.login(&Person::ada()).await.refused(401, "invalid_credentials");
}

#[tokio::test]
async fn a_token_alone_does_not_move_an_address() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    let path = "/api/v1/profile/email";
    let body = |password: &str| json!({ "email": "eve@example.net", "password": password });
    let wrong = post.app.post_as(&bearer, path, &body("not the password")).await;
    wrong.refused(403, "password_wrong");
    post.app.post(path, &body(&Person::ada().password)).await.refused(401, "token_missing");
    post.app.post_as("x.y.z", path, &body("it")).await.refused(401, "token_invalid");
    post.app
        .post_as(&bearer, path, &json!({ "email": "eve" }))
        .await
        .finds_fault_with(&[("email", "email_invalid"), ("password", "required")]);
    assert_eq!(post.rows().await.len(), 1, "of signing up");
}

#[tokio::test]
async fn an_address_that_somebody_has_stays_theirs_and_the_token_is_not_used_up() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    post.app.register(&Person::bob()).await.is(201);
    ask(&post.app, &bearer, "BOB@example.org").await.is(202);
    post.post_due().await;
    let token = post.smtp.only_mail_to("BOB@example.org").token();
    confirm(&post.app, &token).await.refused(409, "email_taken");
    sqlx::query("DELETE FROM users WHERE email = 'bob@example.org'")
        .execute(post.app.database())
        .await
        .unwrap();
    confirm(&post.app, &token).await.is(200);
}

#[tokio::test]
async fn a_lost_link_can_be_had_again_but_not_endlessly() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    for _ in 0..4 {
        post.app.advance(TimeDelta::minutes(1));
        ask(&post.app, &bearer, "ada@example.com").await.is(202);
    }
    let refused = ask(&post.app, &bearer, "ada@example.com").await;
    let refused = refused.refused(429, "email_limit_reached");
    assert_eq!(refused.seconds_to_wait(), TimeDelta::hours(24).num_seconds() - 240);
    assert_eq!(post.post_due().await, 5);
    let mails = post.smtp.mails();
    let (old, newest) = (mails[0].token(), mails[4].token());
    assert_eq!(mails[4].header("Subject"), "Confirm your e-mail address");
    confirm(&post.app, &old).await.refused(400, "email_token_invalid");
    confirm(&post.app, &newest).await.is(200);
    post.app.advance(TimeDelta::hours(24));
    let bearer = post.app.login(&Person::ada()).await.is(200).text("token");
    ask(&post.app, &bearer, "ada@example.com").await.is(202);
}

/// What shuts a thief out who knows the password and has a session.
const WAYS: [&str; 5] = ["change", "reset", "undo", "reset by an administrator", "lock"];

async fn shut_out(post: &Post, way: &str, admin: &Visitor, thief: &str) {
    let (app, ada) = (&post.app, Person::ada());
    match way {
        "change" => {
            let owner = app.login(&ada).await.is(200).text("token");
            app.change_password(&owner, &ada.password, NEW).await.is(204);
        }
        "reset" => {
            let ticket = app.forgotten(&ada).await;
            app.reset(&ticket, &app.code_for(&ada), NEW).await.is(204);
        }
        "undo" => {
            let moved = Person { phone: Person::numbered(1).phone, ..ada.clone() };
            let body = json!({ "phoneNumber": moved.phone, "password": ada.password });
            app.post_as(thief, "/api/v1/profile/phone", &body).await.is(202);
            let body = json!({ "otpCode": app.code_for(&moved) });
            app.post_as(thief, "/api/v1/profile/phone/confirm", &body).await.is(200);
            post.post_due().await;
            let mails = post.smtp.mails();
            let texts = mails.iter().map(|mail| mail.part("text/plain"));
            let links: Vec<String> = texts
                .filter_map(|text| Some(text.split_once("/account/undo#")?.1.to_owned()))
                .collect();
            let body = json!({ "undoToken": links[0].lines().next().unwrap() });
            app.post("/api/v1/auth/phone/undo", &body).await.is(200);
        }
        "reset by an administrator" => {
            admin.poke(&app.path_of(&ada, "/reset-password").await).await.is(200);
        }
        _ => {
            admin.post(&app.path_of(&ada, "/lock").await, &json!({})).await.is(200);
        }
    }
}

#[tokio::test]
async fn an_address_that_a_thief_asked_for_is_worth_nothing_once_the_thief_is_shut_out() {
    for way in WAYS {
        let post = Post::with(&[("OTP_RESEND_SECONDS", "0")]).await;
        let admin = post.app.admin(&Person::bob()).await;
        let thief = post.app.verified(&Person::ada()).await;
        ask(&post.app, &thief, "thief@example.net").await.is(202);
        post.post_due().await;
        let link = post.smtp.only_mail_to("thief@example.net").token();
        shut_out(&post, way, &admin, &thief).await;
        let answer = confirm(&post.app, &link).await;
        assert_eq!((answer.status(), answer.code()), (400, "email_token_invalid"), "{way}");
        let hers =
            "SELECT sends::int8 FROM email_confirmations AS c JOIN users AS u ON u.id = c.user_id
            WHERE u.email = 'ada@example.com'";
        assert_eq!(post.app.count(hers).await, 2, "{way}: what was sent goes on being counted");
    }
}

#[tokio::test]
async fn the_link_to_the_address_that_counts_outlasts_a_new_password() {
    let post = Post::new().await;
    let bearer = post.app.verified(&Person::ada()).await;
    post.post_due().await;
    let link = post.smtp.only_mail_to("ada@example.com").token();
    post.app.change_password(&bearer, &Person::ada().password, NEW).await.is(204);
    confirm(&post.app, &link).await.is(200);
}

#[tokio::test]
async fn without_a_mail_server_the_password_alone_moves_it() {
    let app = TestApp::new().await;
    let bearer = app.verified(&Person::ada()).await;
    app.register(&Person::bob()).await.is(201);
    ask(&app, &bearer, "bob@example.org").await.refused(409, "email_taken");
    let answer = ask(&app, &bearer, "countess@example.org").await.is(200);
    assert_eq!(answer.json()["confirmationRequired"], false);
    let changed = profile(&app, &bearer).await;
    assert_eq!(changed["email"], "countess@example.org");
    assert_eq!(changed["emailVerified"], false);
}

#[tokio::test]
async fn the_page_of_the_link_is_served_everywhere_and_confirms_nothing_by_being_opened() {
    let post = Post::new().await;
    let token = post.token_of(&Person::ada()).await;
    let page = post.app.get(&format!("/email/verify#{token}")).await.is(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert_eq!(post.app.user_row(&Person::ada()).await["email_verified_at"], Value::Null);
    confirm(&post.app, &token).await.is(200);
}
