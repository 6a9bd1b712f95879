//! Checks: only an explicit success lets anybody in, everything else has its own name.

use std::collections::HashSet;

use chrono::TimeDelta;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::HostedVerifier as _;
use ringfence::otp::providers::hosted::{Reason, Verdict, Wording};
use ringfence::otp::providers::sinch::SinchAuth;

use crate::fake_sinch::{FakeConfig, Mode, Operation};
use crate::world::{NUMBER, World, config, now, wrong};

fn status(status: &str, reason: &str) -> Mode {
    let reason = (!reason.is_empty()).then(|| reason.to_owned());
    Mode::Status { status: status.to_owned(), reason }
}

#[tokio::test]
async fn the_right_code_is_approved_by_either_channel_and_either_proof() {
    for auth in [SinchAuth::Signed, SinchAuth::Basic] {
        for (channel, method) in [(Channel::Sms, "sms"), (Channel::Call, "callout")] {
            let World { fake, sinch } = World::with(config(), auth).await;
            let started =
                sinch.start(now(), NUMBER, channel, "r", &Wording::default()).await.unwrap();
            let code = fake.code_for(NUMBER).unwrap();
            let id = &started.reference_id;
            assert_eq!(sinch.check(now(), id, channel, &code).await.unwrap(), Verdict::Approved);
            let [report] = fake.reports().try_into().unwrap();
            assert_eq!((&report.id, report.method, &report.code), (id, method, &code));
            assert_eq!((report.status, report.reason), ("SUCCESSFUL", None));
        }
    }
}

#[tokio::test]
async fn a_right_code_counts_once() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::NotFound);
}

#[tokio::test]
async fn a_wrong_code_that_ends_the_verification_is_told_apart() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), Verdict::Burnt);
    assert_eq!(world.fake.received(Operation::Status), 1);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::NotFound);
}

#[tokio::test]
async fn a_wrong_code_that_leaves_the_verification_alive_may_be_mended() {
    let world = World::new().await;
    world.fake.burn_on_wrong_code(false);
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), Verdict::WrongCode);
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Approved);
    assert_eq!(world.fake.received(Operation::Status), 1);
}

#[tokio::test]
async fn a_wrong_code_is_wrong_whatever_becomes_of_the_question_after_it() {
    let world = World::new().await;
    for mode in [
        Mode::Error { http: 404, code: 40400 },
        Mode::Error { http: 401, code: 40102 },
        Mode::Error { http: 503, code: 50300 },
        Mode::Html(200),
        Mode::Truncated,
        Mode::Close,
        Mode::OtherId("another".to_owned()),
        status("NEW", ""),
    ] {
        let (id, code) = world.under_way().await;
        world.fake.once(Operation::Status, mode.clone());
        let verdict = world.check(&id, &wrong(&code)).await.unwrap();
        assert_eq!(verdict, Verdict::WrongCode, "{mode:?}");
    }
    assert_eq!(world.fake.received(Operation::Status), 8);
}

#[tokio::test]
async fn a_verification_that_ended_by_itself_after_a_wrong_code_is_burnt_never_approved() {
    let world = World::new().await;
    for ended in ["SUCCESSFUL", "FAIL", "DENIED", "ABORTED", "ERROR", "Fail"] {
        let (id, code) = world.under_way().await;
        world.fake.once(Operation::Status, status(ended, ""));
        assert_eq!(world.check(&id, &wrong(&code)).await.unwrap(), Verdict::Burnt, "{ended}");
    }
}

#[tokio::test]
async fn a_code_grows_old() {
    let short = FakeConfig { lifetime: TimeDelta::zero(), ..config() };
    let world = World::with(short, SinchAuth::Signed).await;
    let (id, code) = world.under_way().await;
    assert_eq!(world.check(&id, &code).await.unwrap(), Verdict::Expired);
}

#[tokio::test]
async fn every_published_status_and_reason_has_its_place() {
    use Verdict::{
        Aborted, Approved, Burnt, Denied, Expired, Failed, NotFound, Pending, Unrecognised,
        WrongCode,
    };
    let table = [
        ("SUCCESSFUL", "", Approved),
        ("DENIED", "Fraud", Denied(Reason::Fraud)),
        ("DENIED", "Not enough credit", Denied(Reason::NoCredit)),
        ("DENIED", "Blocked", Denied(Reason::Blocked)),
        ("DENIED", "Denied by callback", Denied(Reason::DeniedByCallback)),
        ("DENIED", "Invalid callback", Denied(Reason::InvalidCallback)),
        ("DENIED", "Destination denied", Denied(Reason::DestinationDenied)),
        ("ERROR", "Internal error", Failed(Reason::InternalError)),
        ("ERROR", "Network error or number unreachable", Failed(Reason::Unreachable)),
        ("ERROR", "SMS delivery failure", Failed(Reason::DeliveryFailure)),
        ("FAIL", "Invalid CLI", Failed(Reason::InvalidCaller)),
        ("FAIL", "Invalid code", WrongCode),
        ("FAIL", "Expired", Expired),
        ("FAIL", "Hung up without entering valid code", Failed(Reason::HungUp)),
        ("FAIL", "Fraud", Denied(Reason::Fraud)),
        ("PENDING", "Failed pending", Failed(Reason::FailedPending)),
        ("PENDING", "Expired", Expired),
        ("PENDING", "", Pending),
        ("ABORTED", "", Aborted),
        // Spelling varies.
        ("Successful", "", Approved),
        ("fail", "INVALID CODE", WrongCode),
        // Off the list.
        ("DENIED", "", Denied(Reason::Other)),
        ("FAIL", "", Failed(Reason::Other)),
        ("ERROR", "Out of paper", Failed(Reason::Other)),
        ("VERIFIED", "", Unrecognised),
        ("SUCCESS", "", Unrecognised),
        ("", "", Unrecognised),
    ];
    let world = World::new().await;
    let id = world.start().await.unwrap().reference_id;
    for (text, reason, verdict) in table {
        world.fake.once(Operation::Report, status(text, reason));
        assert_eq!(world.check(&id, "123456").await.unwrap(), verdict, "{text} {reason}");
    }
    let verdicts = table.iter().map(|(_, _, verdict)| *verdict).chain([Burnt, NotFound]);
    let names: HashSet<_> = verdicts.map(Verdict::as_str).collect();
    assert_eq!(names.len(), 10, "every verdict has a name of its own: {names:?}");
}

#[tokio::test]
async fn what_has_not_the_form_of_a_code_is_wrong_without_asking() {
    let world = World::new().await;
    let id = world.start().await.unwrap().reference_id;
    for code in ["", "12345678901", "12 34", "１２３４", "1234\n"] {
        assert_eq!(world.check(&id, code).await.unwrap(), Verdict::WrongCode, "{code:?}");
    }
    assert_eq!(world.fake.received(Operation::Report), 0);
}

#[tokio::test]
async fn a_code_whose_form_sinch_refuses_is_wrong() {
    let world = World::new().await;
    let id = world.start().await.unwrap().reference_id;
    world.fake.once(Operation::Report, Mode::Error { http: 400, code: 40001 });
    assert_eq!(world.check(&id, "123456").await.unwrap(), Verdict::WrongCode);
}

#[tokio::test]
async fn a_handle_that_sinch_does_not_know_is_not_found() {
    let world = World::new().await;
    assert_eq!(world.check("no-such-id", "123456").await.unwrap(), Verdict::NotFound);
    assert_eq!(world.fake.received(Operation::Report), 1);
}

#[tokio::test]
async fn a_handle_that_leads_out_of_the_path_is_not_found_without_asking() {
    let world = World::new().await;
    for id in ["", "..", "../x", "a/b", "a?b", "a#b", "a%2fb", "a b", "é", &"i".repeat(129)] {
        assert_eq!(world.check(id, "123456").await.unwrap(), Verdict::NotFound, "{id}");
    }
    assert_eq!(world.fake.received(Operation::Report), 0);
}

#[tokio::test]
async fn an_approval_of_another_verification_lets_nobody_in() {
    let world = World::new().await;
    let (id, code) = world.under_way().await;
    world.fake.once(Operation::Report, Mode::OtherId("another".to_owned()));
    assert_eq!(world.check(&id, &code).await.unwrap_err().kind(), FailureKind::Malformed);
}

#[tokio::test]
async fn an_outage_is_never_taken_for_a_wrong_code() {
    use FailureKind::{Billing, Capacity, Configuration, Conflict, Unavailable, Velocity};
    let world = World::new().await;
    let id = world.start().await.unwrap().reference_id;
    for (http, code, kind) in [
        (400, 40003, Configuration),
        (401, 40102, Configuration),
        (402, 40200, Billing),
        (403, 40300, Configuration),
        (409, 40900, Conflict),
        (422, 42200, Configuration),
        (429, 42900, Capacity),
        (429, 42901, Velocity),
        (500, 50000, Unavailable),
        (501, 50100, Unavailable),
        (503, 50300, Unavailable),
    ] {
        world.fake.once(Operation::Report, Mode::Error { http, code });
        assert_eq!(world.check(&id, "123456").await.unwrap_err().kind(), kind, "{code}");
    }
    // An answer was an answer: nothing was asked twice, and nothing asked after.
    assert_eq!(world.fake.received(Operation::Report), 11);
    assert_eq!(world.fake.received(Operation::Status), 0);
}
