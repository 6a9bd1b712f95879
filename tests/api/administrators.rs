//! Who may use the admin API: for every operation of it that the OpenAPI document has.

use chrono::TimeDelta;
use reqwest::Method;
use ringfence::api::openapi::document;
use serde_json::{Value, json};

use crate::log::Log;
use crate::support::{Answer, Person, TestApp, USERS, Visitor};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";
/// RFC 9470, 3.
const STEP_UP: &str = "Bearer realm=\"ringfence\", error=\"insufficient_user_authentication\", \
                       error_description=\"A fresh login with a code is required\", max_age=\"900\"";

/// Every operation under `/api/v1/admin`, with ids that are nobody's.
fn operations() -> Vec<(Method, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap().iter();
    let paths = paths.filter(|(path, _)| path.starts_with("/api/v1/admin/"));
    let operations = paths.flat_map(|(path, methods)| {
        let path = path.replace("{id}", NOBODY).replace("{sid}", NOBODY);
        assert!(!path.contains('{'), "{path}");
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase().parse().unwrap(), path.clone()))
    });
    let operations: Vec<_> = operations.collect();
    assert!(operations.len() >= 10, "{operations:?}");
    operations
}

/// The answer to each of them, with a body that would be refused for itself.
async fn ask_all(visitor: &Visitor) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (method, path) in operations() {
        let request = visitor.request(method, &path).json(&json!({ "nothing": 1 }));
        answers.push(visitor.send(request).await);
    }
    answers
}

#[tokio::test]
async fn nobody_is_let_in_without_a_token() {
    let app = TestApp::new().await;
    for answer in ask_all(&app).await {
        answer.refused(401, "token_missing");
    }
    for answer in ask_all(&app.bearing("x.y.z")).await {
        answer.refused(401, "token_invalid");
    }
}

#[tokio::test]
async fn who_is_no_administrator_is_refused() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let user = app.bearing(&app.verified(&ada).await);
    for answer in ask_all(&user).await {
        answer.refused(403, "admin_required");
    }
    app.set_roles(&ada, "{administrator,admins,billing}").await;
    for answer in ask_all(&user).await {
        answer.refused(403, "admin_required");
    }
}

#[tokio::test]
async fn a_login_of_more_than_fifteen_minutes_ago_is_not_fresh_enough() {
    // A token that lives on, so that its age is all that is wrong with it.
    let app = TestApp::with(&[("JWT_EXPIRES_IN", "1h")]).await;
    let ada = Person::ada();
    let admin = app.admin(&ada).await;
    app.advance(TimeDelta::minutes(15));
    admin.get(USERS).await.is(200);
    app.advance(TimeDelta::seconds(1));
    for answer in ask_all(&admin).await {
        assert_eq!(answer.header("www-authenticate"), STEP_UP);
        answer.refused(401, "step_up_required");
    }
    // The way on: a login, which asks an administrator for a code whatever the policy says.
    let login = app.login(&ada).await.is(200);
    assert_eq!(login.json()["requiresOtp"], true, "{login:?}");
    let answer = app.verify(&login.text("loginTicket"), &app.code_for(&ada)).await.is(200);
    app.bearing(&answer.text("token")).get(USERS).await.is(200);
}

#[tokio::test]
async fn a_login_without_a_code_is_not_enough_however_fresh() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    app.verified(&ada).await;
    // Before they were an administrator: the password was enough.
    let token = app.login(&ada).await.is(200).text("token");
    app.set_roles(&ada, "{admin}").await;
    for answer in ask_all(&app.bearing(&token)).await {
        assert_eq!(answer.header("www-authenticate"), STEP_UP);
        answer.refused(401, "step_up_required");
    }
}

#[tokio::test]
async fn the_role_counts_as_it_is_now_whatever_the_token_says() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let ticket = app.pending(&ada).await;
    app.set_roles(&ada, "{admin}").await;
    let token = app.verify(&ticket, &app.code_for(&ada)).await.is(200).text("token");
    assert_eq!(app.session(&token).await.is(200).json()["roles"], json!(["admin"]));
    let admin = app.bearing(&token);
    admin.get(USERS).await.is(200);

    app.set_roles(&ada, "{}").await;
    for answer in ask_all(&admin).await {
        answer.refused(403, "admin_required");
    }
    app.session(&token).await.is(200);
    app.set_roles(&ada, "{admin}").await;
    let lock = "UPDATE users SET locked_at = created_at";
    sqlx::query(lock).execute(app.database()).await.unwrap();
    for answer in ask_all(&admin).await {
        answer.refused(403, "admin_required");
    }
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    for answer in ask_all(&admin).await {
        answer.refused(401, "token_invalid");
    }
}

#[tokio::test]
async fn no_policy_and_no_known_device_saves_an_administrator_the_code() {
    for policy in ["enrollment", "always", "new-device"] {
        let app = TestApp::with(&[("OTP_POLICY", policy)]).await;
        let ada = Person::ada();
        let ticket = app.pending(&ada).await;
        let answer = app.verify(&ticket, &app.code_for(&ada)).await.is(200);
        app.set_roles(&ada, "{admin}").await;
        let mut body = ada.credentials();
        body["deviceToken"] = answer.json()["deviceToken"].clone();
        let login = app.post("/api/v1/auth/login", &body).await.is(200);
        assert_eq!(login.json()["requiresOtp"], true, "{policy}: {login:?}");
        assert_eq!(login.json()["token"], Value::Null, "{policy}");
    }
}

#[tokio::test]
async fn administrators_share_the_limit_of_the_guarded_routes() {
    let limits = [
        ("RATE_LIMIT_WINDOW_MS", "86400000"),
        ("RATE_LIMIT_MAX_REQUESTS", "1000"),
        ("RATE_LIMIT_AUTH_MAX_REQUESTS", "3"),
    ];
    let app = TestApp::with(&limits).await;
    for _ in 0..3 {
        app.get(USERS).await.refused(401, "token_missing");
    }
    for answer in ask_all(&app).await {
        assert_eq!(answer.json()["limit"], "auth_requests");
        answer.refused(429, "rate_limited");
    }
}

#[tokio::test]
async fn the_log_tells_who_did_what_to_whom_and_no_secret() {
    let (log, _listening) = Log::listen();
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let admin = app.admin(&ada).await;
    app.verified(&bob).await;
    let (actor, subject) = (app.id_of(&ada).await, app.id_of(&bob).await);
    let path = format!("{USERS}/{subject}");

    admin.get(USERS).await.is(200);
    admin.get(&path).await.is(200);
    let reason = json!({ "reason": "whispered only" });
    admin.post(&format!("{path}/lock"), &reason).await.is(200);
    admin.poke(&format!("{path}/unlock")).await.is(200);
    admin.put(&format!("{path}/roles"), &json!({ "roles": ["auditor"] })).await.is(200);
    let reset = admin.poke(&format!("{path}/reset-password")).await.is(200);
    admin.delete(&format!("{path}/sessions")).await.is(204);
    admin.delete(&path).await.is(204);
    admin.delete(&path).await.refused(404, "user_not_found");

    let text = log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let acts: Vec<Value> = lines.filter(|it| it["message"] == "an administrator acted").collect();
    let told: Vec<_> = acts.iter().map(|it| it["act"].as_str().unwrap()).collect();
    let done =
        ["list", "show", "lock", "unlock", "roles", "reset-password", "end-sessions", "delete"];
    assert_eq!(told, done);
    for act in &acts {
        assert_eq!(act["level"], "INFO", "{act}");
        assert_eq!(act["actor"], actor.as_str(), "{act}");
        let about = if act["act"] == "list" { Value::Null } else { json!(subject) };
        assert_eq!(act["subject"], about, "{act}");
    }
    for secret in [reset.text("password").as_str(), "whispered only", &bob.email, &bob.phone] {
        let lines = acts.iter().map(Value::to_string);
        assert!(lines.clone().all(|line| !line.contains(secret)), "{secret} is told");
    }
    assert!(!text.contains(&reset.text("password")));
}
