//! `ringfence serve` with Sinch: from nothing to a token.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::account;
use super::answers::{Answer, Api, EMAIL, PHONE};
use super::audit;
use super::child::Ringfence;
use super::fake_sinch::Operation;
use super::installation::{Installation, Serving};

#[tokio::test]
async fn a_person_registers_logs_in_gives_the_code_and_reads_their_profile() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    let api = &serving.api;

    let registered = api.register().await.expect(201);
    assert_eq!(installation.sinch.received(Operation::Start), 0, "registering texts nobody");
    let login = api.login().await.expect(200);
    assert_eq!(login.body["requiresOtp"], true);
    assert_eq!(login.body["userId"], registered.body["userId"]);
    let ticket = login.text("loginTicket");
    let signed_in = api.verify(&ticket, &installation.code()).await.expect(200);
    let token = signed_in.text("token");

    let profile = api.profile(&token).await.expect(200);
    assert_eq!(profile.body["id"], registered.body["userId"]);
    assert_eq!(profile.body["email"], EMAIL);
    assert_eq!(profile.body["phoneNumber"], PHONE);
    assert_eq!(profile.body["isVerified"], true);
    let session = api.get("/api/v1/auth/session", &token).await.expect(200);
    assert_eq!(session.body["amr"], json!(["pwd", "otp", "sms"]));
    assert_eq!(api.login().await.expect(200).body["requiresOtp"], false);
}

/// What docs/operations.md grants to the role of `serve`, here to `role`.
pub(crate) fn documented_grants(role: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_suffix(" TO ringfence;"));
    let grants = lines.filter(|line| line.starts_with("GRANT ") && !line.contains("ON DATABASE"));
    let grants: Vec<_> = grants.map(|grant| format!("{grant} TO {role}")).collect();
    assert!(grants.len() > 5, "the grants are not found: {grants:?}");
    grants
}

#[tokio::test]
async fn a_role_that_may_do_no_more_than_documented_is_enough() {
    let mut installation = Installation::new().await;
    let mut owner = installation.database.options.connect().await.unwrap();
    let grants = documented_grants("walker");
    let before = ["CREATE ROLE walker LOGIN", "REVOKE ALL ON SCHEMA public FROM PUBLIC"];
    for statement in before.into_iter().chain(grants.iter().map(String::as_str)) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut owner).await.unwrap();
    }
    let url = installation.database.url.replace("//ringfence@", "//walker@");
    assert_ne!(url, installation.database.url);
    installation.set("DATABASE_URL", url);
    installation.set("OTP_POLICY", "new-device");
    installation.set("OTP_RESEND_SECONDS", "0");

    let mut serving = installation.serve().await;
    let token = installation.token(&serving.api).await;
    serving.api.profile(&token).await.expect(200);
    let ticket = serving.api.login().await.expect(200).text("loginTicket");
    let login = serving.api.verify(&ticket, &installation.code()).await.expect(200);
    let refresh = json!({ "refreshToken": login.text("refreshToken") });
    serving.api.post("refresh", refresh).await.expect(200);
    serving.api.get("/api/v1/auth/sessions", &token).await.expect(200);
    sqlx::query("UPDATE users SET roles = '{admin}'").execute(&mut owner).await.unwrap();
    administer(&serving.api, &token).await;
    let logout = serving.api.client.post(format!("{}/api/v1/auth/logout", serving.api.base));
    Answer::of(logout.bearer_auth(&token)).await.expect(204);
    serving.api.profile(&token).await.expect(401);
    account::walk(&installation, &serving.api).await;
    audit::until_sealed(&mut owner).await;
    let log = stop(&mut serving).await;
    assert!(!log.contains("permission denied"), "{log}");

    refuse_changes_of_the_audit_log(&installation).await;
    // The housekeeping begins with the first tick of its clock, and that is at the start.
    let over = "UPDATE erasures SET requested_at = '2001-01-01', erase_after = '2001-01-08'";
    assert_eq!(sqlx::query(over).execute(&mut owner).await.unwrap().rows_affected(), 1);
    let mut serving = installation.serve().await;
    let erased = |_: &str, err: &str| err.contains("an account was erased").then_some(());
    serving.program.until("the account to be erased", erased).await;
    let log = stop(&mut serving).await;
    assert!(!log.contains("permission denied"), "{log}");

    for command in [&["keys", "rotate"][..], &["keys", "rotate", "--now"], &["keys", "list"]] {
        let ended = installation.run(command).await;
        assert!(ended.status.success(), "{command:?}: {}", ended.err);
    }
    let refused = installation.run(&["migrate", "revert"]).await;
    assert!(refused.complaint().contains("permission denied"), "{}", refused.err);
}

/// What has happened is there, sealed, and the role of the server may not change it.
async fn refuse_changes_of_the_audit_log(installation: &Installation) {
    let mut owner = installation.database.options.connect().await.unwrap();
    let sealed = "SELECT count(*) FROM audit_chain";
    let sealed: i64 = sqlx::query_scalar(sealed).fetch_one(&mut owner).await.unwrap();
    assert!(sealed > 10, "{sealed} events are sealed");
    let options = installation.database.options.clone().username("walker");
    let mut walker = options.connect().await.unwrap();
    for table in ["audit_events", "audit_events_default", "audit_chain", "audit_checkpoints"] {
        for change in ["DELETE FROM ", "TRUNCATE ", "DROP TABLE "] {
            let change = AssertSqlSafe(format!("{change}{table}"));
            let refused = sqlx::query(change).execute(&mut walker).await.unwrap_err();
            let refused = refused.to_string();
            let is_refused =
                refused.contains("permission denied") || refused.contains("must be owner");
            assert!(is_refused, "{refused}");
        }
    }
    for update in [
        "UPDATE audit_events SET detail = '{}'",
        "UPDATE audit_chain SET position = 0",
        "UPDATE audit_checkpoints SET position = 0",
        "UPDATE audit_addresses SET address = '::1'",
    ] {
        let refused = sqlx::query(update).execute(&mut walker).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{refused}");
    }
}

/// Tells it to stop, and waits for that. Returns its whole log.
async fn stop(serving: &mut Serving) -> String {
    serving.program.signal(rustix::process::Signal::TERM);
    let end = |_: &str, err: &str| err.contains("\"stopped\"").then(|| err.to_owned());
    serving.program.until("the end", end).await
}

/// What an administrator does to somebody else, from making the account to deleting it.
async fn administer(api: &Api, token: &str) {
    let ask = async |method: Method, path: &str, body: Value| {
        let request = api.client.request(method, format!("{}/api/v1/admin{path}", api.base));
        Answer::of(request.bearer_auth(token).json(&body)).await
    };
    let new = json!({"email": "bob@example.org", "phoneNumber": "+46701234567"});
    let created = ask(Method::POST, "/users", new).await.expect(201);
    let user = format!("/users/{}", created.body["user"]["id"].as_str().unwrap());
    for (method, path, body, status) in [
        (Method::GET, "", Value::Null, 200),
        (Method::PUT, "/roles", json!({"roles": ["auditor"]}), 200),
        (Method::POST, "/lock", json!({"reason": "to see"}), 200),
        (Method::POST, "/unlock", Value::Null, 200),
        (Method::POST, "/reset-password", Value::Null, 200),
        (Method::GET, "/sessions", Value::Null, 200),
        (Method::DELETE, "/sessions", Value::Null, 204),
        (Method::DELETE, "", Value::Null, 204),
    ] {
        ask(method, &format!("{user}{path}"), body).await.expect(status);
    }
    ask(Method::GET, "/users", Value::Null).await.expect(200);
}

#[tokio::test]
async fn the_printed_document_is_the_served_one() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    let url = format!("{}/openapi.json", serving.api.base);
    let served = serving.api.client.get(&url).send().await.unwrap().text().await.unwrap();
    let printed = Ringfence::run(&["openapi"], &installation.directory.path, &[]).await;
    assert!(printed.status.success(), "{}", printed.err);
    assert_eq!(printed.out, served);
}

#[tokio::test]
async fn what_machines_ask_for_is_answered() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    for (path, member, value) in [
        ("/health", "status", Value::from("UP")),
        ("/livez", "status", "UP".into()),
        ("/readyz", "status", "UP".into()),
        (
            "/readyz",
            "checks",
            json!({
                "database": "UP", "migrations": "UP",
                "providers": [{"name": "sinch", "breaker": "closed"}],
            }),
        ),
    ] {
        let request = serving.api.client.get(format!("{}{path}", serving.api.base));
        let mut answer = Answer::of(request).await.expect(200);
        // Whether it hears already of ended sessions is a matter of milliseconds.
        if let Some(checks) = answer.body["checks"].as_object_mut() {
            let word = checks.remove("revocations");
            assert!(word == Some("listening".into()) || word == Some("asking".into()), "{word:?}");
        }
        assert_eq!(answer.body[member], value, "{path}");
    }
    // What is for developers only is not there.
    for path in ["/", "/dev/inbox", "/dev/inbox/messages"] {
        let request = serving.api.client.get(format!("{}{path}", serving.api.base));
        assert_eq!(Answer::of(request).await.expect(404).text("code"), "not_found", "{path}");
    }
}
