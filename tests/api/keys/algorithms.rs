//! Each algorithm that keys can have: its key set, its tokens, and what must not pass for one
//! (RFC 8725).

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{JwkSet, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ringfence::foundation::KeyPurpose;
use serde_json::{Value, json};

use super::{AHEAD, JWKS, keyring, kid_of, reload, signed};
use crate::support::{Person, TestApp};

const ALGORITHMS: [&str; 3] = ["EdDSA", "ES256", "RS256"];
const ISSUER: &str = "https://auth.example.com";

async fn app(algorithm: &str) -> TestApp {
    TestApp::with(&[("BASE_URL", ISSUER), ("JWT_ALGORITHM", algorithm)]).await
}

async fn key_set(app: &TestApp) -> JwkSet {
    serde_json::from_slice(app.get(JWKS).await.bytes()).unwrap()
}

/// The private half of the only key, as only the server can have it.
async fn private_key(app: &TestApp) -> EncodingKey {
    let query = "SELECT id, algorithm, encryption_key_id, encrypted_private_key FROM signing_keys";
    let row: (String, String, String, Vec<u8>) =
        sqlx::query_as(query).fetch_one(app.database()).await.unwrap();
    let (id, algorithm, key, sealed) = row;
    let der = keyring().decrypt(KeyPurpose::SigningKey, &key, id.as_bytes(), &sealed).unwrap();
    match &*algorithm {
        "EdDSA" => EncodingKey::from_ed_der(&der),
        "ES256" => EncodingKey::from_ec_der(&der),
        _ => {
            let text = base64::engine::general_purpose::STANDARD.encode(&*der);
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
            EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
        }
    }
}

fn claims_of(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn is_refused(app: &TestApp, token: &str, why: &str) {
    let answer = app.session(token).await;
    assert_eq!((answer.status(), answer.code()), (401, "token_invalid"), "{why}: {answer:?}");
}

#[tokio::test]
async fn another_party_checks_tokens_of_each_algorithm_with_the_key_set_alone() {
    for name in ALGORITHMS {
        let app = app(name).await;
        let token = app.verified(&Person::ada()).await;
        app.session(&token).await.is(200);
        let keys = key_set(&app).await;
        let key = keys.find(&kid_of(&token)).unwrap();
        let thumbprint = key.thumbprint(ThumbprintHash::SHA256).unwrap();
        assert_eq!(kid_of(&token), thumbprint, "RFC 7638, as another implementation has it");

        let algorithm = Algorithm::from_str(name).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[ISSUER]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(key).unwrap();
        let decoded = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
        assert_eq!(decoded.header.alg, algorithm);
        assert_eq!(decoded.claims["email"], "ada@example.com");
    }
}

#[tokio::test]
async fn a_published_key_has_the_members_of_its_kind_and_no_private_one() {
    for (name, members) in [
        ("EdDSA", &["alg", "crv", "kid", "kty", "use", "x"][..]),
        ("ES256", &["alg", "crv", "kid", "kty", "use", "x", "y"]),
        ("RS256", &["alg", "e", "kid", "kty", "n", "use"]),
    ] {
        let answer = app(name).await.get(JWKS).await.is(200);
        let key = answer.json()["keys"][0].as_object().unwrap();
        let mut found: Vec<_> = key.keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, members);
        assert_eq!((&key["alg"], &key["use"]), (&json!(name), &json!("sig")));
        if name == "RS256" {
            let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
            assert_eq!(modulus.len() * 8, 3072);
        }
    }
}

#[tokio::test]
async fn the_header_chooses_no_algorithm() {
    for name in ALGORITHMS {
        let app = app(name).await;
        let token = app.verified(&Person::ada()).await;
        let claims = claims_of(&token);
        let ours = jsonwebtoken::decode_header(&token).unwrap();
        // The public key is known to everybody: as a secret of HMAC it must be worth nothing.
        let keys = app.get(JWKS).await;
        let public: Vec<u8> = sqlx::query_scalar("SELECT public_key FROM signing_keys")
            .fetch_one(app.database())
            .await
            .unwrap();
        for secret in [&public[..], keys.bytes(), keys.json()["keys"][0].to_string().as_bytes()] {
            for alg in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let header = Header { alg, ..ours.clone() };
                let secret = EncodingKey::from_secret(secret);
                let forged = jsonwebtoken::encode(&header, &claims, &secret).unwrap();
                is_refused(&app, &forged, "HMAC under the public key").await;
            }
        }
        let mut header = serde_json::to_value(&ours).unwrap();
        let payload = token.split('.').nth(1).unwrap();
        let signature = token.split('.').nth(2).unwrap();
        let others = ALGORITHMS.iter().filter(|other| **other != name).copied();
        for other in others.chain(["none", "None", "PS256", "RS512", "ES384"]) {
            header["alg"] = json!(other);
            let head = URL_SAFE_NO_PAD.encode(header.to_string());
            is_refused(&app, &format!("{head}.{payload}."), other).await;
            is_refused(&app, &format!("{head}.{payload}.{signature}"), other).await;
        }
        // Right in all but what must be understood (RFC 7515, 4.1.11).
        let key = private_key(&app).await;
        let again = jsonwebtoken::encode(&ours, &claims, &key).unwrap();
        app.session(&again).await.is(200);
        let critical = Header { crit: Some(vec!["exp".to_owned()]), ..ours.clone() };
        let critical = jsonwebtoken::encode(&critical, &claims, &key).unwrap();
        is_refused(&app, &critical, "an extension").await;
    }
}

#[tokio::test]
async fn another_algorithm_begins_with_a_key_of_its_own_and_old_tokens_stay_good() {
    let eddsa = app("EdDSA").await;
    let old = eddsa.verified(&Person::ada()).await;
    let old_key = private_key(&eddsa).await;
    let es256 = eddsa.replica(&[("JWT_ALGORITHM", "ES256")]).await;
    let (between, _) = signed(&es256).await;
    assert_eq!(kid_of(&between), kid_of(&old), "the new key is published ahead, like any other");
    reload(&eddsa).await;
    eddsa.advance(AHEAD);
    let old_again = signed_by_old(&eddsa, &old_key, &old);
    let (new, kid) = signed(&es256).await;
    assert_eq!(jsonwebtoken::decode_header(&new).unwrap().alg, Algorithm::ES256);
    for app in [&eddsa, &es256] {
        app.session(&new).await.is(200);
        app.session(&old_again).await.is(200);
    }
    // A key of one algorithm under the name of a key of the other.
    let header = Header { kid: Some(kid), ..jsonwebtoken::decode_header(&old).unwrap() };
    let forged = jsonwebtoken::encode(&header, &claims_of(&new), &old_key).unwrap();
    is_refused(&es256, &forged, "the kid of another algorithm").await;
}

/// A token as the old key signed it a moment before it was retired.
fn signed_by_old(app: &TestApp, key: &EncodingKey, old: &str) -> String {
    let header = jsonwebtoken::decode_header(old).unwrap();
    let mut claims = claims_of(old);
    let now = app.now().timestamp() - 1;
    for (claim, at) in [("iat", now), ("nbf", now), ("exp", now + 900)] {
        claims[claim] = json!(at);
    }
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

#[tokio::test]
async fn replicas_with_different_algorithms_make_one_key_an_hour_at_most() {
    let eddsa = app("EdDSA").await;
    let rs256 = eddsa.replica(&[("JWT_ALGORITHM", "RS256")]).await;
    for _ in 0..5 {
        reload(&eddsa).await;
        reload(&rs256).await;
    }
    assert_eq!(eddsa.count("SELECT count(*) FROM signing_keys").await, 2);
}
