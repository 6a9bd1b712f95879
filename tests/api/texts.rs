//! What the text of a code says over HTTP: whose language, which occasion, and the lines that let
//! phones and browsers fill the code in.

use serde_json::{Value, json};

use crate::support::{Person, TestApp, Visitor};

const HASH: &str = "FA+9qCX9VSu";
const GERMAN: &str = "de-AT, en;q=0.5";

fn speaking(app: &TestApp, accept_language: &str) -> Visitor {
    app.with_header("accept-language", accept_language)
}

/// The newest text to `person`, with its code cut out.
#[track_caller]
fn newest(app: &TestApp, person: &Person) -> String {
    let message = app.messages_to(person).into_iter().next();
    let message = message.unwrap_or_else(|| panic!("{person:?} has no text"));
    message["text"].as_str().unwrap().replace(message["code"].as_str().unwrap(), "…")
}

/// Everybody has a code at once.
const AT_ONCE: (&str, &str) = ("OTP_RESEND_SECONDS", "0");

#[tokio::test]
async fn the_text_is_in_the_language_of_the_request() {
    let app = TestApp::with(&[AT_ONCE]).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    for (accept_language, text) in [
        (GERMAN, "… ist Ihr Code zur Registrierung. Geben Sie ihn nie weiter."),
        ("en;q=0.3, nn-NO", "… er koden din for å registrere deg. Del den aldri."),
        // Not one that there are texts in.
        ("ja", "… is your code to sign up. Never share it."),
    ] {
        speaking(&app, accept_language).login(&ada).await.is(200);
        assert_eq!(newest(&app, &ada), text, "{accept_language}");
    }
    speaking(&app, "ja").with_header("accept-language", "it").login(&ada).await.is(200);
    assert!(newest(&app, &ada).starts_with("… è il tuo codice"), "two lines are one list");
    let row = app.user_row(&ada).await;
    assert_eq!(row["locale"], Value::Null, "nobody was signed up in a language");
}

#[tokio::test]
async fn without_a_language_the_one_of_signing_up_counts() {
    let app = TestApp::with(&[AT_ONCE]).await;
    let (ada, bob) = (Person::ada(), Person::bob());
    speaking(&app, GERMAN).register(&ada).await.is(201);
    speaking(&app, "ja").register(&bob).await.is(201);
    assert_eq!(app.user_row(&ada).await["locale"], "de");
    assert_eq!(app.user_row(&bob).await["locale"], Value::Null);

    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    let german = "… ist Ihr Code zur Registrierung. Geben Sie ihn nie weiter.";
    assert_eq!(newest(&app, &ada), german);
    speaking(&app, "*").request_otp(&ticket).await.is(200);
    assert_eq!(newest(&app, &ada), german);
    for not_a_list in ["", &"it, ".repeat(60)] {
        speaking(&app, not_a_list).request_otp(&ticket).await.is(200);
        assert_eq!(newest(&app, &ada), german);
    }
    speaking(&app, "fi").request_otp(&ticket).await.is(200);
    assert!(newest(&app, &ada).starts_with("… on koodisi"), "the request goes first");
    app.login(&bob).await.is(200);
    assert_eq!(newest(&app, &bob), "… is your code to sign up. Never share it.");
}

#[tokio::test]
async fn who_has_proven_the_phone_logs_in_and_no_longer_signs_up() {
    let app = TestApp::with(&[AT_ONCE, ("OTP_POLICY", "always")]).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    assert_eq!(newest(&app, &ada), "… is your code to sign up. Never share it.");
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    assert_eq!(newest(&app, &ada), "… is your code to log in. Never share it.");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn the_line_of_the_site_is_the_last_and_the_apps_hash_stands_above_it() {
    let settings = [
        AT_ONCE,
        ("OTP_ORIGIN", "https://app.example.com"),
        ("ANDROID_APP_HASHES", "AAAAAAAAAA/,FA+9qCX9VSu"),
    ];
    let app = TestApp::with(&settings).await;
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    let words = "… is your code to sign up. Never share it.";

    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    assert_eq!(newest(&app, &ada), format!("{words}\n@app.example.com #…"));
    let mut login = ada.credentials();
    login["appHash"] = json!(HASH);
    app.post("/api/v1/auth/login", &login).await.is(200);
    assert_eq!(newest(&app, &ada), format!("{words}\n{HASH}\n@app.example.com #…"));
    let resend = json!({ "loginTicket": ticket, "appHash": "AAAAAAAAAA/" });
    app.request_otp_with(&resend).await.is(200);
    assert_eq!(newest(&app, &ada), format!("{words}\nAAAAAAAAAA/\n@app.example.com #…"));
    let by_call = json!({ "loginTicket": ticket, "appHash": HASH, "channel": "call" });
    app.request_otp_with(&by_call).await.is(200);
    assert_eq!(newest(&app, &ada), words, "nobody listens to lines");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}

#[tokio::test]
async fn the_hash_of_an_app_that_is_not_set_is_a_fault_of_the_field() {
    let app = TestApp::with(&[AT_ONCE, ("ANDROID_APP_HASHES", HASH)]).await;
    let ada = Person::ada();
    let with = |mut body: Value, hash: &str| {
        body["appHash"] = json!(hash);
        body
    };
    app.post("/api/v1/auth/register", &with(ada.registration(), HASH)).await.is(201);
    let ticket = app.login(&ada).await.is(200).text("loginTicket");
    let sent = app.sends_to(&ada);
    for (path, body) in [
        ("/api/v1/auth/register", Person::bob().registration()),
        ("/api/v1/auth/login", ada.credentials()),
        ("/api/v1/auth/request-otp", json!({ "loginTicket": ticket })),
    ] {
        for hash in ["FA+9qCX9VSv", "short", ""] {
            let answer = app.post(path, &with(body.clone(), hash)).await;
            let answer = answer.refused(400, "validation_failed");
            let errors = answer.json()["errors"].as_array().unwrap().clone();
            let told: Vec<_> = errors.iter().map(|it| (&it["field"], &it["code"])).collect();
            assert_eq!(told, [(&json!("appHash"), &json!("app_hash_unknown"))], "{path} {hash}");
        }
    }
    assert_eq!(app.sends_to(&ada), sent, "nothing went out");
    let null = json!({ "loginTicket": ticket, "appHash": null });
    app.request_otp_with(&null).await.is(200);
}

#[tokio::test]
async fn own_texts_are_what_arrives() {
    let path = std::env::temp_dir().join(format!("ringfence-api-texts-{}", std::process::id()));
    std::fs::write(&path, r#"{"de": {"sign_up": "Acme: {code}, {minutes} Min."}}"#).unwrap();
    let app = TestApp::with(&[AT_ONCE, ("OTP_TEXTS_FILE", path.to_str().unwrap())]).await;
    std::fs::remove_file(&path).unwrap();
    let ada = Person::ada();
    app.register(&ada).await.is(201);
    speaking(&app, GERMAN).login(&ada).await.is(200);
    assert_eq!(newest(&app, &ada), "Acme: …, 5 Min.");
    app.login(&ada).await.is(200);
    assert_eq!(newest(&app, &ada), "… is your code to sign up. Never share it.");
}

#[tokio::test]
async fn sinch_is_told_the_language_of_signing_up_where_a_request_tells_none() {
    let app = TestApp::sinch(&[AT_ONCE]).await;
    let ada = Person::ada();
    let ticket = speaking(&app, GERMAN).register(&ada).await.is(201).text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    speaking(&app, "sv, en;q=0.5").request_otp(&ticket).await.is(200);
    let starts = app.fake().starts();
    let languages: Vec<_> = starts.iter().map(|start| start.languages.as_deref()).collect();
    assert_eq!(languages, [Some("de"), Some("sv, en;q=0.5")]);
    assert!(starts.iter().all(|start| start.sms_options == Value::Null), "Sinch words it");
}

#[tokio::test]
async fn sinch_is_given_our_text_where_that_is_set() {
    let settings = [("SINCH_SMS_TEXT", "own"), ("OTP_ORIGIN", "https://example.com"), AT_ONCE];
    let app = TestApp::sinch(&settings).await;
    let ada = Person::ada();
    let ticket = speaking(&app, "sv").register(&ada).await.is(201).text("loginTicket");
    app.request_otp(&ticket).await.is(200);
    let text = "{{CODE}} är din kod för att registrera dig. Dela den aldrig.\n\
                @example.com #{{CODE}}";
    assert_eq!(app.fake().starts()[0].sms_options, json!({ "template": text }));
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
}
