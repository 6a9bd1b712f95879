//! Where settings come from, and how they are shown.

use super::child::Ringfence;
use super::fake_sinch::FakeConfig;
use super::installation::{Installation, SECRET_KEY};

#[tokio::test]
async fn secrets_can_come_from_files() {
    let mut installation = Installation::new().await;
    for (name, file) in [
        ("SECRET_KEY", "SECRET_KEY_FILE"),
        ("DATABASE_URL", "DATABASE_URL_FILE"),
        ("SINCH_APP_KEY", "SINCH_APP_KEY_FILE"),
        ("SINCH_APP_SECRET", "SINCH_APP_SECRET_FILE"),
    ] {
        let value = installation.settings().into_iter().find(|(at, _)| *at == name).unwrap().1;
        let path = installation.directory.write(name, &format!("{value}\n"));
        installation.unset(name);
        installation.set(file, path.to_str().unwrap());
    }
    let serving = installation.serve().await;
    let token = installation.token(&serving.api).await;
    serving.api.profile(&token).await.expect(200);
}

#[tokio::test]
async fn a_secret_given_twice_or_in_a_file_that_is_missing_is_a_fault() {
    let mut installation = Installation::new().await;
    installation.set("SECRET_KEY_FILE", "/dev/null");
    installation.unset("SINCH_APP_SECRET");
    installation.set("SINCH_APP_SECRET_FILE", "/nowhere/secret");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    assert!(complaint.contains("SECRET_KEY: is set twice"), "{complaint}");
    assert!(
        complaint.contains("SINCH_APP_SECRET_FILE: \"/nowhere/secret\" cannot be read"),
        "{complaint}"
    );
}

#[tokio::test]
async fn a_name_in_dotenv_that_nobody_knows_is_warned_about() {
    let installation = Installation::new().await;
    installation.directory.write(".env", "DB_POOL_MAXX=7\nDB_POOL_MAX=7\n");
    let serving = installation.serve().await;
    let log = serving.program.err();
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("nobody reads")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("WARN") && warnings[0].contains("DB_POOL_MAXX"), "{log}");

    let config = installation.run(&["config"]).await;
    assert!(config.out.contains("# nobody reads DB_POOL_MAXX"), "{}", config.out);
}

#[tokio::test]
async fn the_environment_wins_over_dotenv_and_dotenv_over_the_default() {
    let mut installation = Installation::new().await;
    installation.directory.write(".env", "OTP_LENGTH=8\nDB_POOL_MAX=7\n");
    installation.set("OTP_LENGTH", "9");
    let config = installation.run(&["config"]).await.out;
    for line in ["OTP_LENGTH=9", "DB_POOL_MAX=7", "OTP_MAX_ATTEMPTS=5 (default)"] {
        assert!(config.lines().any(|at| at == line), "{line}\n{config}");
    }
}

#[tokio::test]
async fn config_shows_what_is_in_force_and_masks_secrets() {
    let mut installation = Installation::new().await;
    let jwt_secret = "hunter2-hunter2-hunter2-hunter2-";
    installation.set("JWT_SECRET", jwt_secret);
    let config = installation.run(&["config"]).await;
    assert!(config.status.success(), "{}", config.err);
    for name in ["SECRET_KEY", "JWT_SECRET", "DATABASE_URL", "SINCH_APP_KEY", "SINCH_APP_SECRET"] {
        let line = format!("{name}=********");
        assert!(config.out.lines().any(|at| at == line), "{line}\n{}", config.out);
    }
    let database = &installation.database.url;
    let FakeConfig { app_key, app_secret, .. } = FakeConfig::default();
    for secret in [SECRET_KEY, jwt_secret, database, &app_key, &app_secret] {
        assert!(!config.out.contains(secret) && !config.err.contains(secret), "{}", config.out);
    }
    assert!(config.out.contains("BASE_URL=https://auth.example.com\n"), "{}", config.out);
}

#[tokio::test]
async fn the_example_can_be_taken_as_it_is() {
    let installation = Installation::new().await;
    installation.directory.write(".env", include_str!("../../.env.example"));
    let with = installation.run(&["config"]).await;
    assert!(with.status.success(), "{}", with.err);
    let bare = Installation::new().await;
    let mut settings = installation.settings();
    settings.sort_unstable();
    let without = Ringfence::run(&["config"], &bare.directory.path, &settings).await;
    let told = |out: &str| out.replace(" (default)", "");
    assert_eq!(told(&with.out), told(&without.out), "it changes nothing until a line is changed");
}
