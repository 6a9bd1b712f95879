//! The proof of work.

use chrono::TimeDelta;
use ringfence::proofs;
use serde_json::{Value, json};

use super::{
    FORGOT, LOGIN, REGISTER, asking, bring, challenge, forgotten, payload, proof, solve, with_proof,
};
use crate::support::{Person, SECRET_KEY, TestApp};

const OTHER_KEY: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn nobody_is_asked_by_default() {
    let app = TestApp::new().await;
    app.register(&Person::ada()).await.is(201);
    app.with_header("challenge-response", "whatever").login(&Person::ada()).await.is(200);
}

#[tokio::test]
async fn a_person_who_meets_each_challenge_signs_up_logs_in_and_has_a_code_sent() {
    let app = asking().await;
    let ada = Person::ada();
    with_proof(&app, REGISTER, &ada.registration()).await.is(201);
    let login = with_proof(&app, LOGIN, &ada.credentials()).await.is(200);
    let ticket = login.text("loginTicket");
    app.verify(&ticket, &app.code_for(&ada)).await.is(200);
    with_proof(&app, FORGOT, &forgotten()).await.is(202);
    let another = json!({"loginTicket": ticket});
    let path = "/api/v1/auth/request-otp";
    with_proof(&app, path, &another).await.refused(401, "login_ticket_invalid");
}

#[tokio::test]
async fn who_is_asked_costs_no_hash_and_is_told_of_faults_in_the_fields_first() {
    let app = asking().await;
    let before = app.hashes();
    app.post(REGISTER, &json!({})).await.refused(400, "validation_failed");
    let answer = app.login(&Person::ada()).await.refused(428, "challenge_required");
    assert_eq!(app.hashes(), before);
    let challenge = &answer.json()["challenge"];
    assert_eq!(challenge["scheme"], "pow");
    assert_eq!(challenge["algorithm"], "SHA-256");
    assert_eq!(challenge["maxnumber"], 100_000);
    let expires = (app.now() + proofs::LIFETIME).timestamp();
    assert!(challenge["salt"].as_str().unwrap().ends_with(&format!("?expires={expires}&")));
    let again = app.login(&Person::ada()).await.refused(428, "challenge_required");
    assert_ne!(&again.json()["challenge"], challenge);
}

#[tokio::test]
async fn a_proof_is_good_once() {
    let app = asking().await;
    let proof = proof(&app, FORGOT, &forgotten()).await;
    bring(&app, FORGOT, &forgotten(), &proof).await.is(202);
    let again = bring(&app, FORGOT, &forgotten(), &proof).await.refused(428, "challenge_required");
    assert!(again.text("detail").contains("it was used before"), "{again:?}");
    assert_eq!(again.json()["challenge"]["scheme"], "pow");
}

#[tokio::test]
async fn a_proof_is_for_its_operation_and_for_whoever_was_asked() {
    let app = asking().await;
    let (here, there) = (app.at("203.0.113.7"), app.at("203.0.113.8"));
    let proof = proof(&here, FORGOT, &forgotten()).await;
    bring(&there, FORGOT, &forgotten(), &proof).await.refused(428, "challenge_required");
    let login = Person::ada().credentials();
    bring(&here, LOGIN, &login, &proof).await.refused(428, "challenge_required");
    // Neither has spent it.
    bring(&here, FORGOT, &forgotten(), &proof).await.is(202);
}

#[tokio::test]
async fn a_proof_runs_out() {
    let app = asking().await;
    let late = proof(&app, FORGOT, &forgotten()).await;
    app.advance(proofs::LIFETIME);
    let refusal = bring(&app, FORGOT, &forgotten(), &late).await.refused(428, "challenge_required");
    assert!(refusal.text("detail").contains("it has expired"), "{refusal:?}");
    let early = proof(&app, FORGOT, &forgotten()).await;
    app.advance(proofs::LIFETIME - TimeDelta::seconds(2));
    bring(&app, FORGOT, &forgotten(), &early).await.is(202);
}

#[tokio::test]
async fn whatever_else_is_brought_is_no_proof() {
    let app = asking().await;
    let challenge = challenge(&app, FORGOT, &forgotten()).await;
    let number = solve(&challenge);
    let changed = |member: &str, value: Value| {
        let mut other = challenge.clone();
        other[member] = value;
        payload(&other, number)
    };
    let zeros = "0".repeat(64);
    let moved = challenge["salt"].as_str().unwrap().replace("expires=1", "expires=2");
    for no_proof in [
        payload(&challenge, number + 1),
        changed("signature", zeros.as_str().into()),
        changed("challenge", zeros.as_str().into()),
        changed("salt", moved.into()),
        "not base64".replace(' ', "."),
        "e30=".to_owned(),
        "a".repeat(8192),
        "a".repeat(8193),
        "two words".to_owned(),
    ] {
        bring(&app, FORGOT, &forgotten(), &no_proof).await.refused(428, "challenge_required");
    }
    let good = payload(&challenge, number);
    let twice = app.with_header("challenge-response", &good);
    bring(&twice, FORGOT, &forgotten(), &good).await.refused(428, "challenge_required");
    bring(&app, FORGOT, &forgotten(), &good).await.is(202);
}

#[tokio::test]
async fn a_proof_of_one_replica_is_good_for_another_and_outlives_a_change_of_the_key() {
    let app = asking().await;
    let both = format!("{OTHER_KEY},{SECRET_KEY}");
    let newer = app.replica(&[("SECRET_KEY", &both)]).await;
    let proof = proof(&app, FORGOT, &forgotten()).await;
    bring(&newer, FORGOT, &forgotten(), &proof).await.is(202);
    bring(&app, FORGOT, &forgotten(), &proof).await.refused(428, "challenge_required");
}

#[tokio::test]
async fn what_was_spent_is_kept_until_no_clock_would_take_it_any_more() {
    let app = asking().await;
    let proof = proof(&app, FORGOT, &forgotten()).await;
    bring(&app, FORGOT, &forgotten(), &proof).await.is(202);
    let kept = "SELECT count(*) FROM spent_proofs";
    app.advance(proofs::LIFETIME + TimeDelta::minutes(4));
    assert_eq!(proofs::delete_expired(app.database(), app.now()).await.unwrap(), 0);
    app.advance(TimeDelta::minutes(1));
    assert_eq!(proofs::delete_expired(app.database(), app.now()).await.unwrap(), 1);
    let rows: i64 = sqlx::query_scalar(kept).fetch_one(app.database()).await.unwrap();
    assert_eq!(rows, 0);
}
