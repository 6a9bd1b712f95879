//! What standards ask for that no test beside an endpoint proves: `ringfence doctor` names these.

use ringfence::api::openapi::document_bytes;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

fn with_password(password: &str) -> Person {
    Person { password: password.to_owned(), ..Person::ada() }
}

#[tokio::test]
async fn a_password_is_checked_whole_and_in_its_case() {
    for length in [64, 256] {
        let app = TestApp::new().await;
        // No two parts of it are alike, so that whatever is cut off is missing.
        let password: String = (b'A'..=b'u').map(char::from).cycle().take(length).collect();
        app.verified(&with_password(&password)).await;
        app.login(&with_password(&password)).await.is(200);
        let last = password.chars().count() - 1;
        for wrong in [
            password[..last].to_owned(),
            format!("{}!", &password[..last]),
            password.to_lowercase(),
            password.to_uppercase(),
            format!(" {}", &password[..last]),
            password[1..].to_owned(),
        ] {
            assert_ne!(wrong, password);
            app.login(&with_password(&wrong)).await.refused(401, "invalid_credentials");
        }
    }
}

#[tokio::test]
async fn blanks_around_a_password_belong_to_it() {
    let app = TestApp::new().await;
    app.verified(&with_password(" blanks around it ")).await;
    for wrong in ["blanks around it", " blanks around it", "blanks around it ", "blanksaroundit"] {
        app.login(&with_password(wrong)).await.refused(401, "invalid_credentials");
    }
    app.login(&with_password(" blanks around it ")).await.is(200);
}

#[tokio::test]
async fn a_password_is_good_for_years() {
    let app = TestApp::new().await;
    app.verified(&Person::ada()).await;
    for _ in 0..5 {
        app.advance(chrono::TimeDelta::days(366));
        let login = app.login(&Person::ada()).await.is(200);
        assert_eq!(login.json()["requiresOtp"], false);
        app.profile(&login.text("token")).await.is(200);
    }
}

#[tokio::test]
async fn a_new_database_has_no_account_and_no_usual_one_gets_in() {
    let app = TestApp::new().await;
    assert_eq!(app.count("SELECT count(*) FROM users").await, 0);
    for host in ["example.org", "example.com", "ringfence.dev"] {
        for name in ["admin", "root", "sa", "test", "ringfence"] {
            for password in [name, "admin", "password", "ringfence"] {
                let body = json!({ "email": format!("{name}@{host}"), "password": password });
                let answer = app.post("/api/v1/auth/login", &body).await;
                answer.refused(401, "invalid_credentials");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_for_a_hint_or_a_secret_question() {
    let is_one = |name: &str| {
        // Of RFC 7009: what kind of token it is.
        if name == "token_type_hint" {
            return false;
        }
        let name = name.to_lowercase();
        ["hint", "question", "maiden", "pet"].iter().any(|word| {
            name.split(|it: char| !it.is_alphanumeric()).any(|part| part == *word)
                || name.ends_with(word)
        })
    };
    assert!(is_one("passwordHint") && is_one("security_question") && !is_one("password"));

    let document: Value = serde_json::from_slice(&document_bytes()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let fields = schemas.values().filter_map(|schema| schema["properties"].as_object());
    let fields: Vec<&String> = fields.flat_map(|properties| properties.keys()).collect();
    assert!(fields.len() > 50, "the fields are not found");
    assert_eq!(fields.into_iter().find(|name| is_one(name)), None);

    let app = TestApp::new().await;
    let query = "SELECT column_name::text FROM information_schema.columns
        WHERE table_schema = current_schema()";
    let columns: Vec<String> = sqlx::query_scalar(query).fetch_all(app.database()).await.unwrap();
    assert!(columns.len() > 50, "the columns are not found");
    assert_eq!(columns.iter().find(|name| is_one(name)), None);
}

#[tokio::test]
async fn the_name_of_the_service_makes_no_password_anywhere() {
    let settings = [
        ("BASE_URL", "https://auth.borealis.example"),
        ("PASSWORD_CONTEXT_WORDS", "Northwind Traders, aurora"),
        ("OTP_RESEND_SECONDS", "0"),
    ];
    let app = TestApp::with(&settings).await;
    let guessable = [
        "Ringfence2026!",
        "borealis-123456",
        "NORTHWIND TRADERS",
        "aurora.aurora.1",
        "auroraBorealis7",
    ];
    for password in guessable {
        let answer = app.register(&with_password(password)).await;
        answer.finds_fault_with(&[("password", "password_context_words")]);
    }
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let ticket = app.forgotten(&ada).await;
    for password in guessable {
        let fault = [("newPassword", "password_context_words")];
        app.change_password(&token, &ada.password, password).await.finds_fault_with(&fault);
        app.reset(&ticket, "123456", password).await.finds_fault_with(&fault);
    }
    let sentence = "under the aurora we read maps";
    app.change_password(&token, &ada.password, sentence).await.is(204);
}

#[tokio::test]
async fn any_number_of_sessions_live_side_by_side_and_each_is_listed() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let mut tokens = vec![app.verified(&ada).await];
    for _ in 0..30 {
        tokens.push(app.login(&ada).await.is(200).text("token"));
    }
    for token in &tokens {
        app.profile(token).await.is(200);
    }
    let listed = app.sessions(&tokens[0]).await.is(200);
    assert_eq!(listed.json()["sessions"].as_array().unwrap().len(), tokens.len());
}
