//! Starts: what is sent, and what each answer comes to.

use chrono::TimeDelta;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Reason, Verdict, Wording};
use ringfence::otp::providers::sinch::{SinchAuth, SinchSettings};
use secrecy::SecretString;

use crate::fake_sinch::{AuthLevel, FakeConfig, Mode, Operation};
use crate::world::{NUMBER, World, adapter, config, now, settings};

#[tokio::test]
async fn a_start_sends_a_code_by_either_channel_and_either_proof() {
    for auth in [SinchAuth::Signed, SinchAuth::Basic] {
        for (channel, method) in [(Channel::Sms, "sms"), (Channel::Call, "callout")] {
            let World { fake, sinch } = World::with(config(), auth).await;
            let languages = "sv-SE, en;q=0.5";
            let wording = Wording::in_languages(languages);
            let started = sinch.start(now(), NUMBER, channel, "ref_1", &wording).await.unwrap();
            let [recorded] = fake.starts().try_into().unwrap();
            assert_eq!(recorded.id, started.reference_id);
            assert_eq!(recorded.number, NUMBER);
            assert_eq!(recorded.method, method);
            assert_eq!(recorded.reference.as_deref(), Some("ref_1"));
            assert_eq!(recorded.languages.as_deref(), Some(languages));
            assert_eq!(fake.code_for(NUMBER).unwrap().len(), 6);
        }
    }
}

#[tokio::test]
async fn the_signature_satisfies_an_application_that_insists_on_it() {
    let strict = || FakeConfig { min_auth: AuthLevel::Signed, ..config() };
    let signed = World::with(strict(), SinchAuth::Signed).await;
    signed.start().await.unwrap();

    let basic = World::with(strict(), SinchAuth::Basic).await;
    let failure = basic.start().await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Configuration);
    assert_eq!(failure.error_code(), Some("40303"));
}

#[tokio::test]
async fn languages_that_are_no_header_are_left_out() {
    let World { fake, sinch } = World::new().await;
    for languages in ["sv\r\nx-evil: 1", "", "språk", &"sv,".repeat(100)] {
        let wording = Wording::in_languages(languages);
        sinch.start(now(), NUMBER, Channel::Sms, "r", &wording).await.unwrap();
    }
    assert!(fake.starts().iter().all(|start| start.languages.is_none()));
    assert_eq!(fake.starts().len(), 4);
}

#[tokio::test]
async fn a_new_start_ends_the_earlier_verification_of_the_number() {
    let world = World::new().await;
    let (first_id, first_code) = world.under_way().await;
    let (second_id, second_code) = world.under_way().await;
    assert_eq!(world.check(&first_id, &first_code).await.unwrap(), Verdict::NotFound);
    assert_eq!(world.check(&second_id, &second_code).await.unwrap(), Verdict::Approved);
}

#[tokio::test]
async fn credentials_that_are_wrong_are_a_fault_of_our_set_up() {
    let world = World::new().await;
    let right = settings(world.fake.base_url(), SinchAuth::Signed);
    let other_secret = SinchSettings { app_secret: SecretString::from("AAAA"), ..right.clone() };
    let other_key = SinchSettings { app_key: "somebody-else".to_owned(), ..right.clone() };
    let basic = SinchSettings { auth: SinchAuth::Basic, ..other_secret.clone() };
    let day = TimeDelta::days(1);
    for (settings, now, code) in [
        (other_secret, now(), "40102"),
        (other_key, now(), "40108"),
        (basic, now(), "40108"),
        (right.clone(), now() - day, "40105"),
        (right, now() + day, "40105"),
    ] {
        let started =
            adapter(settings).start(now, NUMBER, Channel::Sms, "r", &Wording::default()).await;
        let failure = started.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Configuration);
        assert_eq!(failure.http_status(), Some(401));
        assert_eq!(failure.error_code(), Some(code));
    }
    assert!(world.fake.starts().is_empty());
}

#[tokio::test]
async fn a_number_that_cannot_be_one_is_not_even_asked_about() {
    let World { fake, sinch } = World::new().await;
    for number in ["", "+", "46700000001", "+0700000001", "+4670000000A", "+1234567890123456"] {
        let started = sinch.start(now(), number, Channel::Sms, "r", &Wording::default()).await;
        assert_eq!(started.unwrap_err().kind(), FailureKind::InvalidNumber, "{number}");
    }
    assert_eq!(fake.received(Operation::Start), 0);
}

#[tokio::test]
async fn a_number_that_sinch_refuses_is_the_users_to_mend_and_is_not_repeated() {
    let World { fake, sinch } = World::new().await;
    let failure =
        sinch.start(now(), "+4813", Channel::Sms, "r", &Wording::default()).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::InvalidNumber);
    assert_eq!(failure.error_code(), Some("40001"));
    assert_eq!(failure.detail(), Some("Number […] is invalid. Too short."));
    assert!(!failure.to_string().contains("4813"), "{failure}");
    assert_eq!(fake.received(Operation::Start), 1);
}

#[tokio::test]
async fn a_reference_that_does_not_fit_a_path_is_not_sent() {
    let World { fake, sinch } = World::new().await;
    for reference in ["", "a/b", "a b", "ä", &"r".repeat(129)] {
        let started =
            sinch.start(now(), NUMBER, Channel::Sms, reference, &Wording::default()).await;
        assert_eq!(started.unwrap_err().kind(), FailureKind::Configuration, "{reference}");
    }
    assert_eq!(fake.received(Operation::Start), 0);
}

#[tokio::test]
async fn every_published_error_has_its_place() {
    use FailureKind::{
        Billing, Capacity, Configuration, Conflict, InvalidNumber, Unavailable, Velocity,
    };
    let world = World::new().await;
    // Kind, may have sent, may fail over, HTTP status, codes.
    let table: [(FailureKind, bool, bool, u16, &[u32]); 16] = [
        (InvalidNumber, false, false, 400, &[40001, 40005]),
        (Configuration, false, true, 400, &[40002, 40003, 40004]),
        (
            Configuration,
            false,
            true,
            401,
            &[40100, 40101, 40102, 40103, 40104, 40105, 40106, 40107, 40108],
        ),
        (Billing, false, true, 402, &[40200]),
        (Configuration, false, true, 403, &[40300, 40301, 40302, 40303]),
        (Configuration, false, true, 404, &[40400]),
        (Conflict, true, false, 409, &[40900]),
        (Configuration, false, true, 422, &[42200, 42201, 42202]),
        (Capacity, false, true, 429, &[42900]),
        (Velocity, false, false, 429, &[42901]),
        (Velocity, false, false, 429, &[42999]),
        (Unavailable, true, true, 500, &[50000]),
        (Unavailable, true, true, 501, &[50100, 50101]),
        (Unavailable, true, true, 503, &[50300, 50301]),
        (Unavailable, true, true, 408, &[40800]),
        (Configuration, false, true, 410, &[41000]),
    ];
    for (kind, may_have_sent, may_fail_over, http, codes) in table {
        for &code in codes {
            world.fake.once(Operation::Start, Mode::Error { http, code });
            let failure = world.start().await.unwrap_err();
            assert_eq!(failure.kind(), kind, "{code}");
            assert_eq!(failure.may_have_sent(), may_have_sent, "{code}");
            assert_eq!(failure.may_fail_over(), may_fail_over, "{code}");
            assert_eq!(failure.http_status(), Some(http));
            assert_eq!(failure.error_code(), Some(code.to_string().as_str()));
        }
    }
}

#[tokio::test]
async fn a_start_may_be_denied_in_a_successful_answer() {
    use FailureKind::{Billing, Configuration, Refused, Unavailable};
    let world = World::new().await;
    for (status, reason, kind, may_fail_over) in [
        ("DENIED", "Fraud", Refused(Reason::Fraud), false),
        ("denied", "fraud", Refused(Reason::Fraud), false),
        ("DENIED", "Blocked", Refused(Reason::Blocked), false),
        ("DENIED", "Destination denied", Refused(Reason::DestinationDenied), false),
        ("DENIED", "Denied by callback", Refused(Reason::DeniedByCallback), false),
        ("DENIED", "Bad weather", Refused(Reason::Other), false),
        ("DENIED", "Not enough credit", Billing, true),
        ("DENIED", "Invalid callback", Configuration, true),
        ("ERROR", "Internal error", Unavailable, true),
        ("ERROR", "SMS delivery failure", Unavailable, true),
        ("ERROR", "Network error or number unreachable", Unavailable, true),
    ] {
        let mode = Mode::Status { status: status.to_owned(), reason: Some(reason.to_owned()) };
        world.fake.once(Operation::Start, mode);
        let failure = world.start().await.unwrap_err();
        assert_eq!(failure.kind(), kind, "{status} {reason}");
        assert_eq!(failure.may_fail_over(), may_fail_over, "{status} {reason}");
        assert!(failure.detail().unwrap().contains(reason));
    }
}

#[tokio::test]
async fn a_status_in_a_starts_answer_is_not_needed_but_may_be_there() {
    let world = World::new().await;
    world.fake.once(Operation::Start, Mode::Status { status: "PENDING".to_owned(), reason: None });
    assert!(!world.start().await.unwrap().reference_id.is_empty());
}
