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
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
}

#[tokio::test]
async fn who_has_the_keys_already_is_told_so_until_they_change() {
    let app = TestApp::new().await;
    let etag = app.get(JWKS).await.is(200).header("etag").to_owned();
    for tags in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let answer = app.with_header("if-none-match", &tags).get(JWKS).await.is(304);
        assert_eq!(answer.bytes(), b"");
        assert_eq!(answer.header("etag"), etag);
        assert_eq!(answer.header("cache-control"), "public, max-age=300");
    }
    for tags in ["\"other\"", "", &etag.replace('"', "")] {
        app.with_header("if-none-match", tags).get(JWKS).await.is(200);
    }
    sqlx::query("DELETE FROM signing_keys").execute(app.database()).await.unwrap();
    let state = &app.application.state;
    state.tokens.reload_keys(&state.database, app.now()).await.unwrap();
    let answer = app.with_header("if-none-match", &etag).get(JWKS).await.is(200);
    assert_ne!(answer.header("etag"), etag);
}

#[tokio::test]
async fn the_metadata_name_where_things_are_and_promise_nothing_else() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let answer = app.get("/.well-known/oauth-authorization-server").await.is(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let wanted = json!({
        "issuer": "https://auth.example.com",
        "jwks_uri": "https://auth.example.com/.well-known/jwks.json",
        "introspection_endpoint": "https://auth.example.com/api/v1/auth/introspect",
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "revocation_endpoint": "https://auth.example.com/api/v1/auth/revoke",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": [],
        "grant_types_supported": [],
        "service_documentation": "https://auth.example.com/docs",
    });
    assert_eq!(answer.json(), &wanted);
    for path in [JWKS, "/docs"] {
        app.get(path).await.is(200);
    }
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
