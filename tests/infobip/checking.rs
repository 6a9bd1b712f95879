//! Checks: only an explicit "verified" lets anybody in, everything else has its own name.

use chrono::TimeDelta;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Verdict, Wording};
use serde_json::{Value, json};

use crate::fake_infobip::{FakeConfig, Mode, Operation};
use crate::world::{DIGITS, NUMBER, World, config, error, now, ok, wrong};

#[tokio::test]
async fn the_right_code_is_approved_by_either_channel() {
    for channel in [Channel::Sms, Channel::Call] {
        let World { fake, infobip } = World::new().await;
        let id = infobip
            .start(now(), NUMBER, channel, "ref-1", &Wording::default())
            .await
            .unwrap()
            .reference_id;
        let code = fake.code_for(NUMBER).unwrap();
        assert_eq!(infobip.check(now(), &id, channel, &code).await.unwrap(), Verdict::Approved);
        let [judged] = fake.verifications().try_into().unwrap();
        assert_eq!((judged.id, judged.code, judged.verified), (id, code, true));
    }
}

#[tokio::test]
async fn infobip_approves_a_pin_again_so_the_single_use_must_be_ours() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
}

#[tokio::test]
async fn an_application_of_single_verifications_approves_a_pin_once() {
    let single = FakeConfig { allow_multiple_pin_verifications: false, ..config() };
    let world = World::with(single).await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Burnt);
}

#[tokio::test]
async fn a_wrong_code_may_be_mended_until_the_attempts_are_spent() {
    let world = World::with(FakeConfig { pin_attempts: 3, ..config() }).await;
    let (id, code) = world.under_way().await;
    for verdict in [Verdict::WrongCode, Verdict::WrongCode, Verdict::Burnt, Verdict::Burnt] {
        assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), verdict);
    }
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Burnt);

    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), Verdict::WrongCode);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
}

#[tokio::test]
async fn a_code_grows_old() {
    let short = FakeConfig { pin_time_to_live: TimeDelta::zero(), ..config() };
    let world = World::with(short).await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Expired);
}

#[tokio::test]
async fn every_pin_error_has_its_place() {
    use Verdict::{Approved, Burnt, Expired, Unrecognised, WrongCode};
    let world = World::new().await;
    for (verified, attempts_remaining, pin_error, verdict) in [
        (true, json!(0), json!(null), Approved),
        (true, json!(9), json!(null), Approved),
        (true, json!(null), json!(""), Approved),
        (true, json!(null), json!("NO_ERROR"), Approved),
        (false, json!(9), json!("WRONG_PIN"), WrongCode),
        (false, json!(null), json!("WRONG_PIN"), WrongCode),
        (false, json!(0), json!("WRONG_PIN"), Burnt),
        (false, json!(9), json!("TTL_EXPIRED"), Expired),
        (false, json!(0), json!("TTL_EXPIRED"), Expired),
        (false, json!(0), json!("NO_MORE_PIN_ATTEMPTS"), Burnt),
        (false, json!(5), json!("NO_MORE_PIN_ATTEMPTS"), Burnt),
        (false, json!(9), json!(null), WrongCode),
        (false, json!(null), json!(null), WrongCode),
        (false, json!(-1), json!(null), Burnt),
        // Off the list.
        (false, json!(9), json!("PIN_EXPIRED"), Expired),
        (false, json!(9), json!("No_More_Attempts"), Burnt),
        (false, json!(9), json!("BAD_WEATHER"), WrongCode),
        (false, json!(0), json!("BAD_WEATHER"), Burnt),
        // Yes and no at once.
        (true, json!(9), json!("WRONG_PIN"), Unrecognised),
        (true, json!(9), json!("TTL_EXPIRED"), Unrecognised),
        (true, json!(0), json!("NO_MORE_PIN_ATTEMPTS"), Unrecognised),
    ] {
        let body = json!({
            "pinId": "id",
            "msisdn": DIGITS,
            "verified": verified,
            "attemptsRemaining": attempts_remaining,
            "pinError": pin_error,
        });
        world.fake.once(Operation::Verify, ok(body.clone()));
        assert_eq!(world.check("id", "123456").await.unwrap(), verdict, "{body}");
    }
}

#[tokio::test]
async fn what_is_not_verified_in_so_many_words_is_no_judgement() {
    let world = World::new().await;
    for verified in [json!("true"), json!(1), json!(null), json!([true])] {
        let body = json!({ "pinId": "id", "verified": verified });
        world.fake.once(Operation::Verify, ok(body));
        let failure = world.check("id", "123456").await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "{verified}");
    }
    for body in [json!({ "pinId": "id" }), json!({ "pinId": "id", "Verified": true })] {
        world.fake.once(Operation::Verify, ok(body));
        let failure = world.check("id", "123456").await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed);
    }
}

#[tokio::test]
async fn an_approval_of_another_pin_lets_nobody_in() {
    let world = World::new().await;
    for pin_id in [json!("other"), json!("ID"), json!(""), json!(null)] {
        let body = json!({ "pinId": pin_id, "verified": true, "attemptsRemaining": 0 });
        world.fake.once(Operation::Verify, ok(body));
        let failure = world.check("id", "123456").await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "{pin_id}");
    }
}

#[tokio::test]
async fn a_refusal_may_lack_the_pins_id_but_not_bear_another() {
    let world = World::new().await;
    let refusal = |pin_id: Value| ok(json!({ "pinId": pin_id, "verified": false }));
    world.fake.once(Operation::Verify, refusal(json!(null)));
    assert_eq!(world.check("id", "123456").await.unwrap(), Verdict::WrongCode);
    world.fake.once(Operation::Verify, refusal(json!("other")));
    let failure = world.check("id", "123456").await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Malformed);
}

#[tokio::test]
async fn what_has_not_the_form_of_a_code_is_wrong_without_asking() {
    let world = World::new().await;
    let id = world.start().await.unwrap().reference_id;
    for code in ["", "12345678901", "12 34", "12-34", "１２３４", "1234\n"] {
        assert_eq!(world.check(&id, code).await.unwrap(), Verdict::WrongCode, "{code:?}");
    }
    assert_eq!(world.fake.received(Operation::Verify), 0);
}

#[tokio::test]
async fn a_code_that_is_a_bad_request_is_wrong() {
    let world = World::new().await;
    for code in ["BAD_REQUEST", "E400"] {
        world.fake.once(Operation::Verify, error(400, code));
        assert_eq!(world.check("id", "123456").await.unwrap(), Verdict::WrongCode, "{code}");
    }
}

#[tokio::test]
async fn a_handle_that_infobip_does_not_know_is_not_found() {
    let world = World::new().await;
    assert_eq!(world.check("no-such-id", "123456").await.unwrap(), Verdict::NotFound);
    world.fake.once(Operation::Verify, error(404, "E404"));
    assert_eq!(world.check("no-such-id", "123456").await.unwrap(), Verdict::NotFound);
    assert_eq!(world.fake.received(Operation::Verify), 2);
}

#[tokio::test]
async fn a_page_that_is_not_found_is_a_wrong_base_url_and_no_judgement() {
    let world = World::new().await;
    for mode in [Mode::Html(404), Mode::Html(400), Mode::Json { http: 404, body: json!({}) }] {
        world.fake.once(Operation::Verify, mode.clone());
        let failure = world.check("id", "123456").await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration, "{mode:?}");
    }
}

#[tokio::test]
async fn a_handle_that_leads_out_of_the_path_is_not_found_without_asking() {
    let world = World::new().await;
    for id in ["", "..", "../x", "a/b", "a?b", "a#b", "a%2fb", "a b", "é", &"i".repeat(129)] {
        assert_eq!(world.check(id, "123456").await.unwrap(), Verdict::NotFound, "{id}");
    }
    assert_eq!(world.fake.received(Operation::Verify), 0);
}

#[tokio::test]
async fn an_outage_is_never_taken_for_a_wrong_code() {
    use FailureKind::{Billing, Capacity, Configuration, Conflict, Unavailable};
    let world = World::new().await;
    let table = [
        (401, "UNAUTHORIZED", Configuration),
        (402, "PAYMENT_REQUIRED", Billing),
        (403, "FORBIDDEN", Configuration),
        (408, "TIMEOUT", Unavailable),
        (409, "CONFLICT", Conflict),
        (429, "TOO_MANY_REQUESTS", Capacity),
        (429, "E429", Capacity),
        (500, "GENERAL_ERROR", Unavailable),
        (500, "E500", Unavailable),
        (503, "UNAVAILABLE", Unavailable),
    ];
    for (http, code, kind) in table {
        world.fake.once(Operation::Verify, error(http, code));
        let failure = world.check("id", "123456").await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{http} {code}");
        assert_eq!((failure.http_status(), failure.error_code()), (Some(http), Some(code)));
    }
    // An answer was an answer: nothing was asked twice.
    assert_eq!(world.fake.received(Operation::Verify), 10);
}
