//! `ringfence users …`: what operators do to accounts, and what comes of it over HTTP.

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;

use super::answers::{EMAIL, PASSWORD, PHONE};
use super::child::{Ended, Ringfence};
use super::installation::Installation;

/// Runs a command that must succeed, and reads its JSON.
async fn users(installation: &Installation, arguments: &[&str]) -> Value {
    let arguments = [&["users"], arguments, &["--json"]].concat();
    let ended = installation.run(&arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// With `input` as standard input.
async fn reading(installation: &Installation, arguments: &[&str], input: &str) -> Ended {
    let input = installation.directory.write("input", input);
    let settings = installation.settings();
    Ringfence::run_reading(arguments, &installation.directory.path, &settings, &input).await
}

/// The ids of a list.
fn ids(list: &Value) -> Vec<&str> {
    list["users"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_account_is_made_found_listed_and_deleted() {
    let installation = Installation::new().await;
    let made = users(
        &installation,
        &[
            "create",
            "--email",
            EMAIL,
            "--phone",
            PHONE,
            "--verified",
            "--locale",
            "de-CH",
            "--role",
            "admin",
        ],
    )
    .await;
    let (id, password) = (made["id"].as_str().unwrap(), made["password"].as_str().unwrap());
    assert!(password.len() >= 20, "{made}");
    let ada = users(&installation, &["show", id]).await;
    assert_eq!(
        ada,
        json!({
            "id": id, "email": EMAIL, "phoneNumber": PHONE, "isVerified": true, "locale": "de",
            "roles": ["admin"], "lockedAt": null, "lockedReason": null, "lastOtpSentAt": null,
            "passwordExpiresAt": made["passwordExpiresAt"],
            "createdAt": ada["createdAt"], "updatedAt": ada["updatedAt"],
        })
    );
    for who in [EMAIL.to_uppercase().as_str(), "+1 415 555 2671", PHONE] {
        assert_eq!(users(&installation, &["show", who]).await, ada, "{who}");
    }
    let serving = installation.serve().await;
    let first = json!({"email": EMAIL, "password": password, "newPassword": "a staple of ada's"});
    let login = serving.api.post("login", first).await;
    // An administrator gives a code each time, and may then use the admin API.
    let ticket = login.expect(200).text("loginTicket");
    let token = serving.api.verify(&ticket, &installation.code()).await.expect(200).text("token");
    let shown = serving.api.get(&format!("/api/v1/admin/users/{id}"), &token).await.expect(200);
    assert_eq!(shown.body["roles"], ada["roles"]);
}

#[tokio::test]
async fn people_are_listed_page_by_page_and_deleted_when_that_is_meant() {
    let installation = Installation::new().await;
    let role = ["--role", "admin"];
    let ada = ["create", "--email", EMAIL, "--phone", PHONE, "--verified"];
    let ada = users(&installation, &[&ada[..], &role].concat()).await;
    let id = ada["id"].as_str().unwrap();
    let arguments = [
        "users",
        "create",
        "--email",
        "bob@example.com",
        "--phone",
        "+14155552672",
        "--password-stdin",
    ];
    let refused = reading(&installation, &arguments, "password\n").await;
    assert!(refused.complaint().contains("most used"), "{}", refused.err);
    let bob = reading(&installation, &arguments, "four quiet herons\n").await;
    assert!(bob.status.success() && !bob.out.contains("password"), "{}{}", bob.out, bob.err);
    let again = reading(&installation, &arguments, "four quiet herons\n").await;
    assert!(again.complaint().ends_with(" is taken"), "{}", again.err);
    let bob = users(&installation, &["show", "bob@example.com"]).await;
    let bob = bob["id"].as_str().unwrap();

    assert_eq!(ids(&users(&installation, &["list"]).await), [id, bob]);
    assert_eq!(ids(&users(&installation, &["list", "--limit", "1"]).await), [id]);
    assert_eq!(ids(&users(&installation, &["list", "--after", id]).await), [bob]);
    assert_eq!(ids(&users(&installation, &["list", "--role", "admin"]).await), [id]);
    assert!(ids(&users(&installation, &["list", "--locked"]).await).is_empty());
    let table = installation.run(&["users", "list"]).await.out;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("id   ") && lines[0].ends_with("  roles  since"), "{table}");
    assert!(
        lines[1].starts_with(&format!("{id}  {EMAIL}  {PHONE}  yes       no      admin  20")),
        "{table}"
    );

    let unsure = installation.run(&["users", "delete", bob]).await;
    assert!(unsure.complaint().contains("say --yes"), "{}", unsure.err);
    assert_eq!(
        users(&installation, &["delete", bob, "--yes"]).await,
        json!({"id": bob, "deleted": true})
    );
    let gone = installation.run(&["users", "show", bob]).await;
    assert!(gone.complaint().contains("nobody has that id"), "{}", gone.err);
}

#[tokio::test]
async fn roles_are_given_and_taken() {
    let installation = Installation::new().await;
    users(&installation, &["create", "--email", EMAIL, "--phone", PHONE]).await;
    let roles = async |arguments: &[&str]| {
        let arguments = [&["roles", EMAIL], arguments].concat();
        users(&installation, &arguments).await["roles"].clone()
    };
    assert_eq!(
        roles(&["--add", "ops", "--add", "admin", "--add", "ops"]).await,
        json!(["admin", "ops"])
    );
    assert_eq!(
        roles(&["--remove", "ops", "--add", "audit:read"]).await,
        json!(["admin", "audit:read"])
    );
    assert_eq!(roles(&["--remove", "nothing"]).await, json!(["admin", "audit:read"]));
    let many: Vec<String> = (0..31).flat_map(|it| ["--add".to_owned(), format!("r{it}")]).collect();
    let many: Vec<&str> =
        ["users", "roles", EMAIL].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert!(installation.run(&many).await.complaint().contains("more than 32 roles"));
    let wrong = installation.run(&["users", "roles", EMAIL, "--add", "Admin"]).await;
    assert_eq!(wrong.status.code(), Some(2), "{}", wrong.err);
}

#[tokio::test]
async fn whoever_becomes_an_administrator_logs_in_anew() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let ended = async || {
        let sessions = users(&installation, &["sessions", PHONE]).await;
        sessions["sessions"][0]["endedAs"].clone()
    };
    users(&installation, &["roles", EMAIL, "--add", "ops"]).await;
    assert_eq!(ended().await, json!(null));
    users(&installation, &["roles", EMAIL, "--add", "admin"]).await;
    assert_eq!(ended().await, "revoked");
}

#[tokio::test]
async fn a_lock_ends_the_sessions_and_keeps_out_until_it_is_taken_off() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let sessions = async || users(&installation, &["sessions", PHONE]).await["sessions"].clone();
    let before = sessions().await;
    assert_eq!(before.as_array().unwrap().len(), 1);
    assert_eq!(
        (&before[0]["amr"], &before[0]["endedAt"]),
        (&json!(["pwd", "otp", "sms"]), &json!(null))
    );

    let locked = users(&installation, &["lock", EMAIL, "--reason", "asked for it"]).await;
    assert!(locked["lockedAt"].is_string());
    assert_eq!(locked["lockedReason"], "asked for it");
    assert_eq!(sessions().await[0]["endedAs"], "lock");
    let again = users(&installation, &["lock", EMAIL]).await;
    assert_eq!(again["lockedAt"], locked["lockedAt"], "since when it is locked stays");
    assert_eq!(again["lockedReason"], json!(null));
    let told = serving.api.login().await.expect(423);
    assert_eq!(told.text("code"), "account_locked");
    assert!(!told.body.to_string().contains("asked"), "{}", told.body);
    let unlocked = users(&installation, &["unlock", EMAIL]).await;
    assert_eq!((&unlocked["lockedAt"], &unlocked["lockedReason"]), (&json!(null), &json!(null)));
    serving.api.login().await.expect(200);
    assert_eq!(sessions().await.as_array().unwrap().len(), 2);
    let table = installation.run(&["users", "sessions", EMAIL]).await.out;
    assert!(table.contains("  pwd+otp+sms  20") && table.contains("(lock)"), "{table}");
}

#[tokio::test]
async fn a_reset_gives_another_password_and_ends_the_sessions() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let reset = users(&installation, &["reset-password", EMAIL]).await;
    assert_eq!(reset["sessionsEnded"], 1);
    serving.api.login().await.expect(401);
    let made = reset["password"].as_str().unwrap();
    let given_out = json!({"email": EMAIL, "password": made});
    let refused = serving.api.post("login", given_out).await.expect(403);
    assert_eq!(refused.text("code"), "password_change_required");
    assert!(reset["passwordExpiresAt"].is_string(), "{reset}");
    let first = json!({"email": EMAIL, "password": made, "newPassword": "another staple yet"});
    serving.api.post("login", first).await.expect(200);
    let shown = users(&installation, &["sessions", EMAIL]).await;
    assert_eq!(shown["sessions"][1]["endedAs"], "password_reset");

    let line = format!("{PASSWORD}\n");
    let arguments = ["users", "reset-password", EMAIL, "--password-stdin"];
    let ended = reading(&installation, &arguments, &line).await;
    assert!(ended.status.success() && !ended.out.contains(PASSWORD), "{}{}", ended.out, ended.err);
    serving.api.login().await.expect(200);
    let mut database = installation.database.options.connect().await.unwrap();
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM users")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[tokio::test]
async fn with_a_deleted_account_goes_what_is_counted_for_its_number() {
    let installation = Installation::new().await;
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let mut database = installation.database.options.connect().await.unwrap();
    let traces = "SELECT (SELECT count(*) FROM otp_windows WHERE subject LIKE '%:number:' || $1),
            (SELECT count(*) FROM messages WHERE user_id IS NOT NULL OR number_key_id <> 'erased')";
    let before: (i64, i64) =
        sqlx::query_as(traces).bind(PHONE).fetch_one(&mut database).await.unwrap();
    assert!(before.0 >= 2 && before.1 == 1, "{before:?}");
    users(&installation, &["delete", EMAIL, "--yes"]).await;
    let after: (i64, i64) =
        sqlx::query_as(traces).bind(PHONE).fetch_one(&mut database).await.unwrap();
    assert_eq!(after, (0, 0));
}
