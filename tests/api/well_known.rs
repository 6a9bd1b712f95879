//! `/.well-known/`.

use serde_json::json;

use crate::support::{Person, TestApp};

const JWKS: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn the_public_keys_are_there_to_be_kept_for_a_while() {
    let app = TestApp::new().await;
    let answer = app.get(JWKS).await.is(200);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.json()["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    let key = keys[0].as_object().unwrap();
    assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
    assert_eq!((&key["alg"], &key["use"]), (&json!("EdDSA"), &json!("sig")));
    assert!(!key.contains_key("d"), "the private half");
}

#[tokio::test]
async fn a_retired_key_still_verifies_and_is_still_published() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    sqlx::query("UPDATE signing_keys SET retired_at = created_at")
        .execute(app.database())
        .await
        .unwrap();
    let next = app.replica(&[("BASE_URL", &app.issuer)]).await;
    assert_eq!(next.get(JWKS).await.json()["keys"].as_array().unwrap().len(), 2);
    assert_eq!(app.count("SELECT count(*) FROM signing_keys WHERE retired_at IS NULL").await, 1);
    next.session(&token).await.is(200);
}

#[tokio::test]
async fn a_shared_secret_is_not_published() {
    let app = TestApp::with(&[("JWT_SECRET", "a secret of at least thirty-two bytes")]).await;
    assert_eq!(app.get(JWKS).await.is(200).json(), &json!({ "keys": [] }));
}
