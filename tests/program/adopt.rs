//! `ringfence adopt --from-express`: a database that Sequelize itself has made, and a login with the old password.
//!
//! Sequelize comes from npm. Where Node or the network is missing, only a newcomer's machine is forgiven.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use tokio::sync::OnceCell;

use super::installation::Installation;
use super::postgres::TestDatabase;

/// What the old application has in its table: see tests/adopt/old.mjs.
const PASSWORD: &str = "old but gold 1984";

static SEQUELIZE: OnceCell<Option<PathBuf>> = OnceCell::const_new();

/// The script and its packages, installed below target/. `None`: they cannot be had here.
async fn sequelize() -> Option<&'static Path> {
    let installed =
        SEQUELIZE.get_or_init(|| async { tokio::task::spawn_blocking(install).await.unwrap() });
    installed.await.as_deref()
}

fn install() -> Option<PathBuf> {
    // Where it is named, a missing one is never passed over.
    if let Some(named) = env::var_os("RINGFENCE_SEQUELIZE") {
        return Some(named.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("target/adopt");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["package.json", "package-lock.json", "old.mjs"] {
        std::fs::copy(root.join("tests/adopt").join(name), folder.join(name)).unwrap();
    }
    let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--silent"];
    let done = Command::new("npm").args(npm).current_dir(&folder).output();
    if done.as_ref().is_ok_and(|done| done.status.success()) {
        return Some(folder);
    }
    assert!(env::var_os("CI").is_none(), "npm ci does not work in {}: {done:?}", folder.display());
    // Past the harness, which would keep it to itself.
    let _ = writeln!(std::io::stderr(), "not tested against Sequelize: npm ci does not work here");
    None
}

/// An old database as the script makes it. `style` is how its model names the columns.
async fn old_database(style: &str) -> Option<TestDatabase> {
    let folder = sequelize().await?;
    let database = TestDatabase::empty().await;
    let options = &database.options;
    let script = tokio::process::Command::new("node")
        .arg("old.mjs")
        .current_dir(folder)
        .env("OLD_STYLE", style)
        .env("OLD_PASSWORD", PASSWORD)
        .env(
            "PGHOST",
            options.get_socket().map_or_else(|| options.get_host().into(), PathBuf::from),
        )
        .env("PGPORT", options.get_port().to_string())
        .env("PGUSER", options.get_username())
        .env("PGDATABASE", options.get_database().unwrap())
        .output();
    let done = script.await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Some(database)
}

async fn adopt(installation: &Installation, old: &TestDatabase, more: &[&str]) -> (Value, String) {
    let arguments = [&["adopt", "--from-express", &old.url, "--json"], more].concat();
    let ended = installation.run(&arguments).await;
    let sums = serde_json::from_str(&ended.out);
    (sums.unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err)), ended.err)
}

#[tokio::test]
async fn the_people_of_a_tutorials_application_move_over_and_log_in() {
    for style in ["camel", "underscored"] {
        let Some(old) = old_database(style).await else { return };
        let installation = Installation::new().await;
        let sums = |imported: u64, already: u64, dry_run: bool| json!({"dryRun": dry_run, "read": 4, "imported": imported, "alreadyThere": already, "refused": 1});
        let (rehearsed, _) = adopt(&installation, &old, &["--dry-run"]).await;
        assert_eq!(rehearsed, sums(3, 0, true));
        let (adopted, err) = adopt(&installation, &old, &[]).await;
        assert_eq!(adopted, sums(3, 0, false), "{err}");
        assert!(err.contains(": phoneNumber: "), "{err}");
        assert_eq!(adopt(&installation, &old, &[]).await.0, sums(0, 3, false));

        let mut database = installation.database.options.connect().await.unwrap();
        let query = "SELECT to_jsonb(u) FROM users u WHERE email = 'ada@example.com'";
        let ada: Value = sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap();
        assert_eq!(
            (&ada["phone_number"], &ada["is_verified"]),
            (&json!("+14155552671"), &json!(true))
        );
        assert_eq!(ada["created_at"], "2021-03-04T05:06:07.89+00:00");

        let serving = installation.serve().await;
        let login = |email: &str, password: &str| {
            let (api, body) = (serving.api.clone(), json!({"email": email, "password": password}));
            async move { api.post("login", body).await }
        };
        login("ada@example.com", "old but cold 1984").await.expect(401);
        assert_eq!(login("ada@example.com", PASSWORD).await.expect(200).body["requiresOtp"], false);
        // Who was not verified there proves the phone here.
        assert_eq!(login("bob@example.com", PASSWORD).await.expect(200).body["requiresOtp"], true);
        let query = "SELECT password_hash FROM users WHERE email = 'ada@example.com'";
        let hash: String = sqlx::query_scalar(query).fetch_one(&mut database).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
    }
}

#[tokio::test]
async fn a_database_without_such_a_table_is_refused_in_words() {
    let installation = Installation::new().await;
    let empty = TestDatabase::empty().await;
    let refused = installation.run(&["adopt", "--from-express", &empty.url]).await;
    assert_eq!(refused.complaint(), "ringfence: the old database has no table \"Users\"");
    let wrong =
        installation.run(&["adopt", "--from-express", "mysql://root:secret@localhost/old"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    let nowhere = ["adopt", "--from-express", "postgres://ada:secret@127.0.0.1:1/old"];
    let nowhere = installation.run(&nowhere).await;
    assert!(nowhere.complaint().contains("the old database: "), "{}", nowhere.err);
    assert!(!nowhere.err.contains("secret"), "{}", nowhere.err);
}
