//! `PATCH /api/v1/profile`.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Person, TestApp};

#[tokio::test]
async fn what_is_sent_changes_and_everything_else_stays() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let before = app.profile(&token).await.is(200).json().clone();
    app.advance(TimeDelta::seconds(1));
    let mut wanted = before;
    for (edit, name, locale) in [
        (json!({ "displayName": "  Zoe\u{308}  " }), json!("Zoë"), Value::Null),
        (json!({ "locale": "sv" }), json!("Zoë"), json!("sv")),
        (json!({ "displayName": null }), Value::Null, json!("sv")),
        (json!({}), Value::Null, json!("sv")),
        (json!({ "displayName": "Ada", "locale": null }), json!("Ada"), Value::Null),
    ] {
        wanted["displayName"] = name;
        wanted["locale"] = locale;
        wanted["updatedAt"] = json!(app.now());
        assert_eq!(app.edit_profile(&token, &edit).await.is(200).json(), &wanted, "{edit}");
        assert_eq!(app.profile(&token).await.is(200).json(), &wanted, "{edit}");
    }
}

#[tokio::test]
async fn nobody_elses_profile_changes() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let token = app.verified(&ada).await;
    app.verified(&bob).await;
    let row = app.user_row(&bob).await;
    app.edit_profile(&token, &json!({ "displayName": "Ada", "locale": "de" })).await.is(200);
    assert_eq!(app.user_row(&bob).await, row);
}

#[tokio::test]
async fn texts_are_in_the_language_that_was_chosen() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    app.edit_profile(&token, &json!({ "locale": "de" })).await.is(200);
    app.forgotten(&ada).await;
    let text = app.messages_to(&ada)[0]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("Passwort"), "{text}");
}

#[tokio::test]
async fn what_is_no_name_or_no_language_of_ours_changes_nothing() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let row = app.user_row(&ada).await;
    let long = "x".repeat(101);
    for (edit, faults) in [
        (json!({ "displayName": "" }), &[("displayName", "display_name_invalid")][..]),
        (json!({ "displayName": long }), &[("displayName", "display_name_invalid")]),
        (json!({ "displayName": "A\u{0}da" }), &[("displayName", "display_name_invalid")]),
        (json!({ "displayName": 7 }), &[("displayName", "wrong_type")]),
        (json!({ "locale": "xx" }), &[("locale", "locale_unknown")]),
        (json!({ "locale": "de-AT" }), &[("locale", "locale_unknown")]),
        (json!({ "displayName": "Ada", "email": "a@b.c" }), &[("email", "unknown_field")]),
        (json!({ "displayname": "Ada" }), &[("displayname", "unknown_field")]),
    ] {
        app.edit_profile(&token, &edit).await.finds_fault_with(faults);
    }
    assert_eq!(app.user_row(&ada).await, row);
}
