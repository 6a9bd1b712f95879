//! What makes an access token good or bad (RFC 8725, RFC 9068), and how others check it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use ringfence::foundation::{Clock, KeyPurpose, Keyring};
use serde_json::{Value, json};

use crate::support::{Person, SECRET_KEY, TestApp};

const SHARED: &str = "a secret of at least thirty-two bytes";

/// The part of a JWT before the first dot, or between the two.
fn decoded(token: &str, part: usize) -> Value {
    let part = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// The key that signs, as only the server can have it: decrypted under `SECRET_KEY`.
async fn private_key(app: &TestApp) -> EncodingKey {
    let row: (String, String, Vec<u8>) =
        sqlx::query_as("SELECT id, encryption_key_id, encrypted_private_key FROM signing_keys")
            .fetch_one(app.database())
            .await
            .unwrap();
    let (id, key, sealed) = row;
    let keyring = Keyring::parse(SECRET_KEY).unwrap();
    let der = keyring.decrypt(KeyPurpose::SigningKey, &key, id.as_bytes(), &sealed).unwrap();
    EncodingKey::from_ed_der(&der)
}

/// A header like that of `token`.
fn header_of(token: &str) -> Header {
    jsonwebtoken::decode_header(token).unwrap()
}

async fn is_refused(app: &TestApp, token: &str, why: &str) {
    for path in ["/api/v1/auth/session", "/api/v1/profile"] {
        let answer = app.get_as(token, path).await;
        assert_eq!((answer.status(), answer.code()), (401, "token_invalid"), "{why}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_says_what_the_contract_promises() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let token = app.verified(&ada).await;
    let header = decoded(&token, 0);
    let keys = app.get("/.well-known/jwks.json").await;
    assert_eq!(
        header,
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": keys.json()["keys"][0]["kid"] })
    );
    let mut claims = decoded(&token, 1);
    let drawn = |claims: &mut Value, name| claims.as_object_mut().unwrap().remove(name).unwrap();
    for id in ["jti", "sid"] {
        assert_eq!(drawn(&mut claims, id).as_str().unwrap().len(), 36);
    }
    let now = app.now().timestamp();
    let wanted = json!({
        "iss": app.issuer, "aud": app.issuer, "sub": app.user_row(&ada).await["id"],
        "iat": now, "nbf": now, "exp": now + 900, "auth_time": now,
        "email": "ada@example.com", "isVerified": true, "amr": ["pwd", "otp", "sms"],
    });
    assert_eq!(claims, wanted);
}

#[tokio::test]
async fn no_two_tokens_have_one_id() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let first = app.verified(&ada).await;
    let second = app.login(&ada).await.is(200).text("token");
    for id in ["jti", "sid"] {
        assert_ne!(decoded(&first, 1)[id], decoded(&second, 1)[id]);
    }
}

#[tokio::test]
async fn another_party_checks_a_token_with_the_public_keys_alone() {
    let app = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    // The other party has the real time.
    app.advance(Clock::default().now() - app.now());
    let token = app.verified(&Person::ada()).await;
    let keys: JwkSet =
        serde_json::from_slice(app.get("/.well-known/jwks.json").await.bytes()).unwrap();

    let header = header_of(&token);
    let key = keys.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["https://auth.example.com"]);
    validation.set_audience(&["https://auth.example.com"]);
    validation.validate_nbf = true;
    let key = DecodingKey::from_jwk(key).unwrap();
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(claims["email"], "ada@example.com");

    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mut other = decoded(&token, 1);
    other["email"] = json!("eve@example.com");
    let forged = format!("{}.{}.{signature}", signed.split('.').next().unwrap(), encoded(&other));
    assert!(jsonwebtoken::decode::<Value>(&forged, &key, &validation).is_err());
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    app.session(&token).await.is(200);
    let parts: Vec<_> = token.split('.').collect();
    let (header, claims, signature) = (parts[0], parts[1], parts[2]);
    let mut other_claims = decoded(&token, 1);
    other_claims["exp"] = json!(other_claims["exp"].as_i64().unwrap() + 1);
    let mut other_bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    other_bytes[0] ^= 1;
    for (changed, what) in [
        (format!("{header}.{}.{signature}", encoded(&other_claims)), "the claims"),
        (format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(other_bytes)), "the signature"),
        (format!("{header}.{claims}."), "no signature"),
        (format!("{header}.{claims}"), "two parts"),
        (format!("{token}.{signature}"), "four parts"),
        (format!("{token}="), "padding"),
        (format!("{header}.{claims}.{}", "A".repeat(86)), "a signature of zeros"),
        ("A".repeat(5000), "far too long"),
    ] {
        is_refused(&app, &changed, what).await;
    }
}

#[tokio::test]
async fn only_our_algorithm_counts_whatever_the_header_says() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let (header, claims) = (decoded(&token, 0), decoded(&token, 1));
    for none in ["none", "None", "NONE"] {
        let mut header = header.clone();
        header["alg"] = json!(none);
        let unsigned = format!("{}.{}.", encoded(&header), encoded(&claims));
        is_refused(&app, &unsigned, none).await;
    }
    // The public key is known to everybody: as a secret of HMAC it must be worth nothing.
    let keys = app.get("/.well-known/jwks.json").await;
    let x = keys.json()["keys"][0]["x"].as_str().unwrap().to_owned();
    let raw = URL_SAFE_NO_PAD.decode(&x).unwrap();
    for secret in [&raw[..], x.as_bytes(), keys.bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = header_of(&token);
            header.alg = algorithm;
            let key = EncodingKey::from_secret(secret);
            let forged = jsonwebtoken::encode(&header, &claims, &key).unwrap();
            is_refused(&app, &forged, "HMAC under the public key").await;
        }
    }
}

#[tokio::test]
async fn the_kid_chooses_among_our_keys_and_nothing_else() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let (key, claims) = (private_key(&app).await, decoded(&token, 1));
    let signed = |kid: Option<&str>| {
        let mut header = header_of(&token);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let ours = header_of(&token).kid.unwrap();
    app.session(&signed(Some(&ours))).await.is(200);
    for kid in [None, Some(""), Some("another"), Some("../../dev/null"), Some("' OR 1=1 --")] {
        is_refused(&app, &signed(kid), "another kid").await;
    }
    // A key that the token brings along is nobody's.
    let mut header = header_of(&token);
    let keys = app.get("/.well-known/jwks.json").await;
    header.jwk = serde_json::from_value(keys.json()["keys"][0].clone()).unwrap();
    header.kid = None;
    let own_key = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    is_refused(&app, &own_key, "a key in the header").await;
}

#[tokio::test]
async fn what_we_signed_for_another_use_is_no_access_token() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let (key, claims) = (private_key(&app).await, decoded(&token, 1));
    let with_type = |typ: Option<&str>| {
        let mut header = header_of(&token);
        header.typ = typ.map(str::to_owned);
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    app.session(&with_type(Some("at+jwt"))).await.is(200);
    for typ in [None, Some("JWT"), Some("jwt"), Some("id+jwt"), Some("")] {
        is_refused(&app, &with_type(typ), "another type").await;
    }
    let now = app.now().timestamp();
    for (claim, value, why) in [
        ("iss", json!("https://evil.example"), "another issuer"),
        ("aud", json!("https://evil.example"), "another audience"),
        ("aud", json!([]), "no audience"),
        ("exp", json!(now), "expired"),
        ("nbf", json!(now + 1), "not good yet"),
        ("sub", json!("ada"), "no user id"),
        ("amr", json!("pwd"), "no list"),
    ] {
        let mut changed = claims.clone();
        changed[claim] = value;
        let signed = jsonwebtoken::encode(&header_of(&token), &changed, &key).unwrap();
        is_refused(&app, &signed, why).await;
    }
    for claim in claims.as_object().unwrap().keys() {
        let mut lacking = claims.clone();
        lacking.as_object_mut().unwrap().remove(claim);
        let signed = jsonwebtoken::encode(&header_of(&token), &lacking, &key).unwrap();
        is_refused(&app, &signed, claim).await;
    }
}

#[tokio::test]
async fn the_token_of_another_server_is_refused() {
    let (ours, theirs) = (TestApp::new().await, TestApp::new().await);
    let token = theirs.verified(&Person::ada()).await;
    is_refused(&ours, &token, "another server's").await;
}

#[tokio::test]
async fn a_shared_secret_signs_with_hs256() {
    let app = TestApp::with(&[("JWT_SECRET", SHARED)]).await;
    let token = app.verified(&Person::ada()).await;
    assert_eq!(decoded(&token, 0)["alg"], "HS256");
    assert_eq!(decoded(&token, 0)["typ"], "at+jwt");
    app.session(&token).await.is(200);

    let key = DecodingKey::from_secret(SHARED.as_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_audience(&[&app.issuer]);
    validation.validate_exp = false;
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(claims["email"], "ada@example.com");

    let mut header = header_of(&token);
    let other = EncodingKey::from_secret(b"another secret of thirty-two bytes");
    let forged = jsonwebtoken::encode(&header, &claims, &other).unwrap();
    is_refused(&app, &forged, "another secret").await;
    header.alg = Algorithm::HS512;
    let key = EncodingKey::from_secret(SHARED.as_bytes());
    let forged = jsonwebtoken::encode(&header, &claims, &key).unwrap();
    is_refused(&app, &forged, "another algorithm").await;
    app.advance(TimeDelta::minutes(15));
    is_refused(&app, &token, "expired").await;
}

#[tokio::test]
async fn neither_kind_of_key_passes_for_the_other() {
    let signing = TestApp::new().await;
    let shared = signing.replica(&[("JWT_SECRET", SHARED), ("BASE_URL", &signing.issuer)]).await;
    let signed = signing.verified(&Person::ada()).await;
    let of_shared = shared.login(&Person::ada()).await.is(200).text("token");
    is_refused(&shared, &signed, "EdDSA where a secret is shared").await;
    is_refused(&signing, &of_shared, "HS256 where keys sign").await;
}
