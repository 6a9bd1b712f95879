//! Starts that `ringfence serve` refuses: in plain words, all faults at once, no secret shown.

use ringfence::database::MIGRATOR;

use super::child::Ringfence;
use super::installation::Installation;
use super::postgres::TestDatabase;

#[tokio::test]
async fn a_schema_that_is_behind_is_refused_with_the_mend() {
    let installation = Installation::on(TestDatabase::empty().await).await;
    let all = MIGRATOR.iter().filter(|it| it.migration_type.is_up_migration()).count();
    let refused = installation.run(&["serve"]).await;
    let told = |missing: usize| {
        format!(
            "ringfence: the schema is behind by {missing} migration(s); run: ringfence migrate run"
        )
    };
    assert_eq!(refused.complaint(), told(all));

    assert!(installation.run(&["migrate", "run"]).await.status.success());
    assert!(installation.run(&["migrate", "revert"]).await.status.success());
    assert_eq!(installation.run(&["serve"]).await.complaint(), told(1));
    assert!(installation.run(&["migrate", "run"]).await.status.success());
    installation.serve().await;
}

#[tokio::test]
async fn without_a_secret_key_there_is_no_start() {
    let mut installation = Installation::new().await;
    installation.unset("SECRET_KEY");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    assert!(complaint.contains("SECRET_KEY: is required"), "{complaint}");
    assert!(complaint.contains("openssl rand -base64 32"), "{complaint}");
}

#[tokio::test]
async fn every_fault_is_told_at_once_and_no_secret_is_shown() {
    let mut installation = Installation::new().await;
    let secrets = [
        ("SECRET_KEY", "hunter2-is-no-key"),
        ("JWT_SECRET", "hunter2-is-too-short"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/ringfence"),
    ];
    let plain = [
        ("PORT", "70000"),
        ("HOST", "nowhere at all"),
        ("APP_ENV", "staging"),
        ("BASE_URL", "auth.example.com"),
        ("LOG_LEVEL", "a=b=c"),
        ("DB_POOL_MAX", "0"),
        ("AUTO_MIGRATE", "yes"),
        ("JWT_EXPIRES_IN", "soon"),
        ("RATE_LIMIT_WINDOW_MS", "-1"),
        ("FRONTEND_URL", "https://app.example.com,nonsense"),
        ("TRUSTED_PROXIES", "10.0.0.0/64"),
        ("SINCH_AUTH", "magic"),
        ("SINCH_SMS_TEXT", "mine"),
        ("OTP_TEXTS_FILE", "/nowhere/texts.json"),
        ("OTP_ORIGIN", "http://app.example.com"),
        ("ANDROID_APP_HASHES", "FA+9qCX9VSu,short"),
        ("DLT_TEMPLATE_CATEGORY", "service implicit"),
        ("OTP_LENGTH", "4"),
        ("OTP_TTL_SECONDS", "601"),
        ("OTP_POLICY", "sometimes"),
        ("LOGIN_TICKET", "perhaps"),
        ("USER_ENUMERATION", "yes please"),
        ("DEFAULT_REGION", "Atlantis"),
        ("ALLOWED_COUNTRIES", "SE,Atlantis"),
        ("GUARD", "maybe"),
        ("BLOCKED_PREFIXES", "+881,0044"),
        ("TEST_PHONE_NUMBERS", "123"),
        ("ARGON2_MEMORY_KIB", "lots"),
        ("PASSWORD_MIN_LENGTH", "4"),
        ("PASSWORD_COMPOSITION", "baroque"),
    ];
    for (name, value) in secrets.into_iter().chain(plain) {
        installation.set(name, value);
    }
    installation.unset("SINCH_APP_SECRET");

    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    let told = |name: &str| complaint.contains(&format!("\n  {name}: "));
    for (name, _) in secrets.into_iter().chain(plain) {
        assert!(told(name), "{name} is not complained about\n{complaint}");
    }
    assert!(told("SINCH_APP_SECRET"), "{complaint}");
    assert_eq!(complaint.lines().count(), 1 + secrets.len() + plain.len() + 1, "{complaint}");
    assert!(!format!("{}{}", refused.out, refused.err).contains("hunter2"), "{complaint}");
}

#[tokio::test]
async fn production_refuses_what_would_let_anybody_in() {
    let mut installation = Installation::new().await;
    installation.set("APP_ENV", "production");
    installation.set("VERIFICATION_PROVIDER", "console");
    installation.set("TEST_PHONE_NUMBERS", "+15550100=123456");
    installation.unset("BASE_URL");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    for fault in [
        "VERIFICATION_PROVIDER: console shows codes in the terminal and is refused in production",
        "TEST_PHONE_NUMBERS: lets anybody in who knows it and is refused in production",
        "BASE_URL: is required in production",
    ] {
        assert!(complaint.contains(fault), "{fault}\n{complaint}");
    }
    assert_eq!(complaint.lines().count(), 4, "{complaint}");

    // Where nobody says what it is, it is production.
    installation.unset("APP_ENV");
    assert_eq!(installation.run(&["serve"]).await.complaint(), complaint);
    installation.set("APP_ENV", "test");
    installation.serve().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_told_without_its_password() {
    let mut installation = Installation::new().await;
    installation.set("DATABASE_URL", "postgres://ringfence:hunter2@127.0.0.1:1/ringfence");
    for arguments in [&["serve"][..], &["migrate", "status"]] {
        let refused = installation.run(arguments).await;
        assert!(refused.complaint().contains("the database"), "{}", refused.err);
        assert_eq!(refused.complaint().lines().count(), 1, "{}", refused.err);
        assert!(!refused.err.contains("hunter2"), "{}", refused.err);
    }
}

#[tokio::test]
async fn another_secret_key_does_not_start_on_what_the_old_one_wrote() {
    let mut installation = Installation::new().await;
    installation.serve().await;
    let other = "b3RoZXItc2VjcmV0LWtleS1vZi0zMi1ieXRlcyEhISE=";
    installation.set("SECRET_KEY", other);
    let refused = installation.run(&["serve"]).await;
    assert!(refused.complaint().contains("SECRET_KEY"), "{}", refused.err);

    let both = format!("{other},{}", super::installation::SECRET_KEY);
    installation.set("SECRET_KEY", both);
    installation.serve().await;
}

#[tokio::test]
async fn an_unknown_command_is_refused_with_the_way_to_help() {
    let installation = Installation::new().await;
    let refused = Ringfence::run(&["serv"], &installation.directory.path, &[]).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(refused.err.contains("serve"), "{}", refused.err);
}

#[tokio::test]
async fn an_order_of_carriers_that_makes_no_sense_is_told_with_all_else() {
    let mut installation = Installation::new().await;
    for (order, routes, faults) in [
        ("sinch,sinch", "", &["VERIFICATION_PROVIDER: names a provider twice"][..]),
        (",", "", &["VERIFICATION_PROVIDER: names no provider"]),
        ("sinch,twilio", "", &["\"twilio\" is none of sinch, infobip"]),
        ("sinch", "IN=plivo", &["plivo is not in VERIFICATION_PROVIDER"]),
        ("sinch", "IN:sinch", &["\"IN:sinch\" is no route like IN=plivo"]),
        ("sinch", "XX=sinch", &["\"XX=sinch\" is no route"]),
        ("sinch", "+0=sinch", &["\"+0=sinch\" is no route"]),
        (
            "sinch,plivo,infobip",
            "",
            &["PLIVO_AUTH_ID: is required", "INFOBIP_API_KEY: is required"],
        ),
    ] {
        installation.set("VERIFICATION_PROVIDER", order);
        installation.set("PROVIDER_ROUTES", routes);
        let refused = installation.run(&["serve"]).await;
        let complaint = refused.complaint();
        for fault in faults {
            assert!(complaint.contains(fault), "{order} {routes}: {fault}\n{complaint}");
        }
    }
}
