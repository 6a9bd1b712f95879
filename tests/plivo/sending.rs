//! Texts: what is sent, and what each answer comes to.

use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::Reason;
use ringfence::otp::providers::plivo::PlivoSettings;
use secrecy::SecretString;
use serde_json::json;

use crate::fake_plivo::{FakeConfig, SentMessage};
use crate::world::{MESSAGE_SEND_RESPONSE, NUMBER, TEXT, World, adapter, settings};

#[tokio::test]
async fn a_text_reaches_the_number_and_no_other() {
    let world = World::new().await;
    let accepted = world.send().await.unwrap();
    let sent = SentMessage {
        uuid: accepted.reference,
        src: "14155551234".to_owned(),
        dst: "46700000001".to_owned(),
        text: TEXT.to_owned(),
        message_expiry: 600,
        dlt: [None, None, None],
    };
    assert_eq!(world.fake.messages(), [sent]);
    assert_eq!(world.fake.received(), 1);
}

#[tokio::test]
async fn a_sender_may_be_written_with_a_plus_sign_or_without_and_may_be_a_name() {
    for (written, src) in
        [("+14155551234", "14155551234"), ("14155551234", "14155551234"), ("Example1", "Example1")]
    {
        let config = FakeConfig { phone_number: src.to_owned(), ..FakeConfig::default() };
        let fake = crate::fake_plivo::FakePlivo::start(config).await.unwrap();
        let settings =
            PlivoSettings { phone_number: written.to_owned(), ..settings(fake.base_url()) };
        adapter(settings).send_text(NUMBER, TEXT).await.unwrap();
        assert_eq!(fake.messages()[0].src, src);
    }
}

#[tokio::test]
async fn the_published_answer_is_an_acceptance() {
    let world = World::new().await;
    for http in [200, 201, 202, 207] {
        let accepted = world.answered(http, MESSAGE_SEND_RESPONSE).await.unwrap();
        assert_eq!(accepted.reference, "5b40a428-bfc7-4daf-9d06-726c558bf3b8");
    }
}

#[tokio::test]
async fn an_error_beside_an_id_does_not_unsend_the_text() {
    let body = json!({ "message_uuid": ["5b40a428"], "error": "something is odd" }).to_string();
    let accepted = World::new().await.answered(207, &body).await.unwrap();
    assert_eq!(accepted.reference, "5b40a428");
}

#[tokio::test]
async fn without_an_id_no_answer_is_a_success() {
    let world = World::new().await;
    for body in [
        "",
        "{}",
        "[]",
        "null",
        r#"{"message":"message(s) queued"}"#,
        r#"{"message":"message(s) queued","message_uuid":[]}"#,
        r#"{"message_uuid":[""]}"#,
        r#"{"message_uuid":[null]}"#,
        r#"{"message_uuid":["../../elsewhere"]}"#,
        r#"{"message_uuid":{"0":"5b40a428"}}"#,
        r#"{"error":"who knows"}"#,
        r#"{"message_uuid":["5b40a428"]"#,
    ] {
        let failure = world.answered(202, body).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Malformed, "{body}");
        assert!(failure.may_have_sent(), "{body}");
        assert!(!failure.may_fail_over(), "{body}");
    }
    let long = json!({ "message_uuid": ["i".repeat(129)] }).to_string();
    let failure = world.answered(202, &long).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Malformed);
}

#[tokio::test]
async fn an_id_beside_an_error_status_is_no_success() {
    let failure = World::new().await.answered(400, MESSAGE_SEND_RESPONSE).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
}

#[tokio::test]
async fn every_status_has_its_place() {
    use FailureKind::{
        Billing, Capacity, Configuration, Conflict, Malformed, Refused, Unavailable,
    };
    let world = World::new().await;
    // HTTP status, kind, may have sent, may fail over.
    for (http, kind, may_have_sent, may_fail_over) in [
        (304, Configuration, false, true),
        (400, Configuration, false, true),
        (401, Configuration, false, true),
        (402, Billing, false, true),
        (403, Refused(Reason::DestinationDenied), false, false),
        (404, Configuration, false, true),
        (405, Configuration, false, true),
        (408, Unavailable, true, true),
        (409, Conflict, true, false),
        (422, Configuration, false, true),
        (429, Capacity, false, true),
        (500, Unavailable, true, true),
        (502, Unavailable, true, true),
        (503, Unavailable, true, true),
        (204, Malformed, true, false),
    ] {
        // A 304 and a 204 have no body; the others have the published one.
        let has_body = !matches!(http, 204 | 304);
        let error = json!({ "api_id": "948b53a2-3f08-11e7-b6f4-061564b78b75", "error": "no" });
        for body in [error.to_string(), "{}".to_owned(), String::new()] {
            let body = if has_body { body.as_str() } else { "" };
            let failure = world.answered(http, body).await.unwrap_err();
            assert_eq!(failure.kind(), kind, "{http} {body}");
            assert_eq!(failure.may_have_sent(), may_have_sent, "{http}");
            assert_eq!(failure.may_fail_over(), may_fail_over, "{http}");
            assert_eq!(failure.http_status(), Some(http));
        }
    }
}

#[tokio::test]
async fn the_sentences_that_are_known_say_more_than_the_status() {
    use FailureKind::{Billing, Configuration, InvalidNumber, Malformed, Refused, Unavailable};
    let world = World::new().await;
    for (http, error, kind) in [
        // plivo-node, issue 222.
        (400, "'46700000001' is not a valid phone number.", InvalidNumber),
        (207, "'46700000001' is not a valid phone number.", InvalidNumber),
        // Our own number is nothing that a user can mend.
        (400, "'14155551234' is not a valid phone number.", Configuration),
        // support.plivo.com, "… if I don't have sufficient balance".
        (400, "Insufficient Credit", Billing),
        (403, "Insufficient credit", Billing),
        (429, "insufficient credit", Billing),
        // support.plivo.com, "This caller ID is not allowed for outbound message".
        (400, "This caller ID is not allowed for outbound message", Configuration),
        (403, "The destination has opted out", Refused(Reason::Blocked)),
        (400, "46700000001 is opted-out", Refused(Reason::Blocked)),
        (400, "The recipient has unsubscribed", Refused(Reason::Blocked)),
        (202, "Insufficient Credit", Billing),
        // Words do not change what these statuses mean.
        (401, "'46700000001' is not a valid phone number.", Configuration),
        (500, "Insufficient Credit", Unavailable),
        (202, "Sufficient credit", Malformed),
    ] {
        let body = json!({ "api_id": "x", "error": error }).to_string();
        let failure = world.answered(http, &body).await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{http} {error}");
    }
}

#[tokio::test]
async fn a_failure_tells_plivos_words_and_its_id_of_the_request() {
    let world = World::new().await;
    let id = "948b53a2-3f08-11e7-b6f4-061564b78b75";
    let body = json!({ "api_id": id, "error": "src 14155551234 is not yours" }).to_string();
    let failure = world.answered(400, &body).await.unwrap_err();
    assert_eq!(failure.detail(), Some(format!("src […] is not yours (api_id {id})").as_str()));
    let failure = world.answered(404, "{}").await.unwrap_err();
    assert_eq!(failure.detail(), None);
}

#[tokio::test]
async fn credentials_that_are_wrong_are_a_fault_of_our_set_up() {
    let world = World::new().await;
    let right = settings(world.fake.base_url());
    let other_token = SecretString::from("another");
    for settings in [
        PlivoSettings { auth_token: other_token, ..right.clone() },
        PlivoSettings { auth_id: "MASOMEBODYELSE".to_owned(), ..right },
    ] {
        let failure = adapter(settings).send_text(NUMBER, TEXT).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration);
        assert_eq!(failure.http_status(), Some(401));
        assert!(failure.kind().needs_operator());
    }
    assert!(world.fake.messages().is_empty());
}

#[tokio::test]
async fn a_sender_that_is_not_the_accounts_is_a_fault_of_our_set_up() {
    let world = World::new().await;
    let other = PlivoSettings {
        phone_number: "+14155559999".to_owned(),
        ..settings(world.fake.base_url())
    };
    let failure = adapter(other).send_text(NUMBER, TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
}

#[tokio::test]
async fn a_number_that_plivo_refuses_is_the_users_to_mend_and_is_not_repeated() {
    let world = World::new().await;
    let failure = world.plivo.send_text("+4670", TEXT).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidNumber);
    assert!(failure.detail().unwrap().starts_with("'[…]' is not a valid phone number."));
    assert_eq!(world.fake.received(), 1);
}

#[tokio::test]
async fn a_number_that_cannot_be_one_is_not_even_asked_about() {
    let world = World::new().await;
    for number in [
        "",
        "+",
        "46700000001",
        "+0700000001",
        "+4670000000A",
        "+1234567890123456",
        // Plivo would send to each of these.
        "+46700000001<46700000002",
        "+46700000001<+46700000002",
        "<+46700000001",
        "+46 70 000 00 01",
        "+٤٦٧٠٠٠٠٠٠٠١",
    ] {
        let failure = world.plivo.send_text(number, TEXT).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::InvalidNumber, "{number}");
    }
    assert_eq!(world.fake.received(), 0);
}

#[tokio::test]
async fn a_text_that_does_not_fit_is_not_sent() {
    let world = World::new().await;
    for text in [String::new(), "a".repeat(738), "🔑".repeat(369)] {
        let failure = world.plivo.send_text(NUMBER, &text).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration);
    }
    assert_eq!(world.fake.received(), 0);
    world.plivo.send_text(NUMBER, &"a".repeat(737)).await.unwrap();
}
