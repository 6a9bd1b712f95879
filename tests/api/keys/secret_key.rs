//! `SECRET_KEY` is replaced, and the signing keys live on.

use super::{kid_of, reload, rotate, signed};
use crate::support::{Person, SECRET_KEY, TestApp};

const OTHER: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Under which `SECRET_KEY` each signing key is encrypted, and how.
async fn sealed(app: &TestApp) -> Vec<(String, Vec<u8>)> {
    let query = "SELECT encryption_key_id, encrypted_private_key FROM signing_keys ORDER BY id";
    sqlx::query_as(query).fetch_all(app.database()).await.unwrap()
}

#[tokio::test]
async fn signing_keys_are_encrypted_anew_under_the_first_key_once() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let token = app.verified(&Person::ada()).await;
    rotate(&app).await;
    let before = sealed(&app).await;
    let both = app.replica(&[("SECRET_KEY", &format!("{OTHER},{SECRET_KEY}"))]).await;
    let after = sealed(&app).await;
    for (old, new) in before.iter().zip(&after) {
        assert_ne!(old.0, new.0);
        assert_ne!(old.1, new.1);
    }
    reload(&both).await;
    assert_eq!(sealed(&app).await, after, "there is nothing left to do");

    let only_new = app.replica(&[("SECRET_KEY", OTHER)]).await;
    only_new.session(&token).await.is(200);
    let (fresh, kid) = signed(&only_new).await;
    assert_eq!(kid, kid_of(&token));
    app.session(&fresh).await.is(200);
}

#[tokio::test]
async fn a_replica_that_still_has_the_old_key_alone_goes_on_signing() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let token = app.verified(&Person::ada()).await;
    let both = app.replica(&[("SECRET_KEY", &format!("{OTHER},{SECRET_KEY}"))]).await;
    reload(&app).await;
    let (fresh, kid) = signed(&app).await;
    assert_eq!(kid, kid_of(&token));
    both.session(&fresh).await.is(200);
}
