//! What the guard lets go and what it refuses: by prefix, sequence, country and address.

use chrono::TimeDelta;
use serde_json::json;

use super::{
    LIMITED, app, decisions, enter, log_in, minutes, owner, pump, refusal, sign_up, visitor,
};
use crate::support::{Person, TestApp};

/// One prefix, three runs.
const ONE_PREFIX: [&str; 3] = ["+447912120111", "+447912120222", "+447912120333"];

#[tokio::test]
async fn a_prefix_never_seen_gets_three_codes_and_is_then_slowed_closed_and_tried_again() {
    let app = app(&[]).await;
    assert_eq!(pump(&app, ONE_PREFIX).await, ["", "", ""]);
    let (late, person) = (visitor(&app, 10), owner("+447912120444"));
    let login = sign_up(&late, &person).await;
    assert_eq!((login.refusal.as_str(), login.wait), (LIMITED, Some(900)));
    let refused = late.request_otp(&login.ticket).await.refused(429, LIMITED);
    assert_eq!(refused.seconds_to_wait(), 900);
    assert_eq!(
        (&refused.json()["limit"], &refused.json()["scope"]),
        (&json!("otp_guard"), &json!("destination"))
    );
    for told in ["prefix", "debt", "0444", "+44791"] {
        assert!(!refused.json().to_string().contains(told), "{refused:?}");
    }
    // Each code that goes to see whether one is entered makes the next pause four times as long.
    for pause in [900, 3600, 4 * 3600, 16 * 3600, 24 * 3600] {
        app.advance(TimeDelta::seconds(pause - 1));
        assert_eq!(log_in(&late, &person).await.refusal, LIMITED);
        app.advance(TimeDelta::seconds(1));
        assert_eq!(log_in(&late, &person).await.refusal, "");
    }
    assert_eq!(app.sends_to(&person), 5);
}

#[tokio::test]
async fn a_clock_put_back_gives_no_codes_away_and_shuts_nobody_out_for_long() {
    let app = app(&[]).await;
    pump(&app, ONE_PREFIX).await;
    let (late, person) = (visitor(&app, 10), owner("+447912120444"));
    assert_eq!(sign_up(&late, &person).await.refusal, LIMITED);
    app.advance(minutes(-10));
    let login = log_in(&late, &person).await;
    assert_eq!((login.refusal.as_str(), login.wait), (LIMITED, Some(1500)));
    // What was paused until a day that is far ahead now is tried, and paused anew.
    app.advance(TimeDelta::days(-400));
    // What other limits make of it is told by their own tests.
    sqlx::query("TRUNCATE rate_limits").execute(app.database()).await.unwrap();
    let login = log_in(&late, &person).await;
    assert_eq!(login.refusal, "");
    let refused = late.request_otp(&login.ticket).await.refused(429, LIMITED);
    assert_eq!(refused.seconds_to_wait(), 3600);
}

#[tokio::test]
async fn an_entered_code_opens_a_closed_prefix() {
    let app = app(&[]).await;
    pump(&app, ONE_PREFIX).await;
    app.advance(minutes(15));
    enter(&app, "+447912120444", 10).await;
    enter(&app, "+447912120555", 11).await;
    enter(&app, "+447912120666", 12).await;
    let more = pump(&app, ["+447912120777", "+447912120888"]).await;
    assert_eq!(more, ["", ""]);
}

#[tokio::test]
async fn a_country_stays_open_while_one_of_its_prefixes_is_pumped() {
    let app = app(&[]).await;
    for (at, phone) in ["+447912130111", "+447912140222", "+447400123456"].into_iter().enumerate() {
        enter(&app, phone, 20 + at).await;
    }
    let pumped: Vec<_> = (0..40).map(|at| format!("+44791212{:04}", at * 211 % 10_000)).collect();
    let told = pump(&app, pumped.iter().map(String::as_str)).await;
    assert_eq!(told.iter().filter(|it| it.is_empty()).count(), 3, "{told:?}");
    // Where codes were entered before, in a range of those, and in a range never seen.
    for (at, phone) in ["+447912130999", "+447912159888", "+447712345678"].into_iter().enumerate() {
        enter(&app, phone, 60 + at).await;
    }
}

/// Six numbers of three ranges.
const OF_A_COUNTRY: [&str; 6] = [
    "+447400123456",
    "+447401123456",
    "+447500123456",
    "+447501123456",
    "+447712345678",
    "+447713345678",
];

#[tokio::test]
async fn a_country_never_seen_gets_six_codes_until_one_is_entered() {
    let app = app(&[]).await;
    assert_eq!(pump(&app, OF_A_COUNTRY).await, [""; 6]);
    let login = sign_up(&visitor(&app, 20), &owner("+447966123456")).await;
    assert_eq!((login.refusal.as_str(), login.wait), (LIMITED, Some(300)));
    assert!(decisions(&app).await.contains(&"refuse/country".to_owned()));
    // Others do not suffer for it.
    enter(&app, "+46701234567", 21).await;
    // Somebody of the six enters theirs after all.
    let (first, person) = (visitor(&app, 0), owner(OF_A_COUNTRY[0]));
    let ticket = first.login(&person).await.is(200).text("loginTicket");
    first.verify(&ticket, &app.code_for(&person)).await.is(200);
    let again = log_in(&visitor(&app, 20), &owner("+447966123456")).await;
    assert_eq!(again.refusal, "");
}

#[tokio::test]
async fn numbers_in_sequence_are_refused_even_where_codes_are_entered() {
    let app = app(&[]).await;
    for (at, phone) in ["+447912120001", "+447912121002", "+447912122003"].into_iter().enumerate() {
        enter(&app, phone, at).await;
    }
    let told = pump(&app, ["+447912125500", "+447912125501", "+447912125502"]).await;
    assert_eq!(told, ["", "", LIMITED]);
    assert!(decisions(&app).await.contains(&"refuse/run".to_owned()));
    assert_eq!(pump(&app, ["+447912126600"]).await, [""], "another hundred of the prefix");
}

#[tokio::test]
async fn another_code_to_the_same_number_is_no_sequence() {
    let app = app(&[]).await;
    let (visitor, person) = (visitor(&app, 1), owner("+447912120111"));
    let ticket = sign_up(&visitor, &person).await.ticket;
    visitor.request_otp(&ticket).await.is(200);
    assert_eq!(log_in(&visitor, &person).await.refusal, "");
    assert_eq!(super::debt(&app, "prefix", "+44791212").await, 30);
    visitor.verify(&ticket, &app.code_for(&person)).await.is(200);
    assert_eq!(super::debt(&app, "prefix", "+44791212").await, -5, "all three are paid");
}

#[tokio::test]
async fn a_block_of_addresses_that_enters_nothing_is_refused_and_others_are_not() {
    let app = app(&[]).await;
    // One of each prefix and range, in countries enough that none of them is used up.
    let swedish = ["+46701234567", "+46721234567", "+46731234567", "+46761234567"];
    let german = ["+4915112345678", "+4916012345678", "+4917012345678", "+4917112345678"];
    let british = ["+447400123456", "+447500123456", "+447712345678"];
    for (at, phone) in swedish.into_iter().chain(german).chain(british).enumerate() {
        let login = sign_up(&app.at(&format!("192.0.2.{at}")), &owner(phone)).await;
        assert_eq!(login.refusal, if at < 10 { "" } else { LIMITED }, "{at}");
    }
    let login = app.at("192.0.2.99").login(&owner("+447712345678")).await.is(200);
    let ticket = login.text("loginTicket");
    let refused = app.at("192.0.2.99").request_otp(&ticket).await.refused(429, LIMITED);
    assert_eq!(refused.json()["scope"], "address");
    let elsewhere = app.at("192.0.3.1").request_otp(&ticket).await;
    elsewhere.is(200);
}

#[tokio::test]
async fn whoever_has_proven_their_number_gets_codes_whatever_its_scopes_owe() {
    let app = app(&[("OTP_POLICY", "always")]).await;
    let person = owner("+447912120111");
    enter(&app, &person.phone, 1).await;
    pump(&app, (0..9).map(|at| OF_ITS_PREFIX[at])).await;
    assert!(decisions(&app).await.contains(&"refuse/prefix".to_owned()));
    let login = app.login(&person).await.is(200);
    assert_eq!(refusal(&login), "");
    app.verify(&login.text("loginTicket"), &app.code_for(&person)).await.is(200);
    let ticket = app.forgotten(&person).await;
    app.reset(&ticket, &app.code_for(&person), "another horse, stapled").await.is(204);
}

const OF_ITS_PREFIX: [&str; 9] = [
    "+447912121111",
    "+447912122222",
    "+447912123333",
    "+447912124444",
    "+447912125555",
    "+447912126666",
    "+447912127777",
    "+447912128888",
    "+447912129999",
];

#[tokio::test]
async fn blocked_prefixes_get_nothing_whatever_guard_says() {
    let before = app(&[]).await;
    let person = owner("+447912120111");
    let ticket = before.register(&person).await.is(201).text("loginTicket");
    for guard in ["on", "record", "off"] {
        let settings = [("BLOCKED_PREFIXES", "+4673, +44791"), ("GUARD", guard)];
        let app = before.replica(&settings).await;
        let answer = app.login(&person).await.is(200);
        assert_eq!(refusal(&answer), "destination_not_supported");
        app.request_otp(&ticket).await.refused(400, "destination_not_supported");
        assert_eq!(app.sends_to(&person), 0);
    }
    let elsewhere = before.replica(&[("BLOCKED_PREFIXES", "+4673")]).await;
    elsewhere.request_otp(&ticket).await.is(200);
}

#[tokio::test]
async fn numbers_that_are_nobodys_phone_get_nothing_whatever_guard_says() {
    let app = TestApp::with(&[("GUARD", "off")]).await;
    for phone in ["+881612345678", "+88299123456", "+883510012345", "+447012345678"] {
        let satellite = Person { phone: phone.to_owned(), ..Person::ada() };
        let refused = app.register(&satellite).await.is(400);
        assert_eq!(refused.json()["errors"][0]["field"], "phoneNumber", "{refused:?}");
    }
    // One that came into the table by another way.
    let ada = Person::ada();
    let ticket = app.register(&ada).await.is(201).text("loginTicket");
    let changed = sqlx::query("UPDATE users SET phone_number = '+881612345678'");
    changed.execute(app.database()).await.unwrap();
    app.request_otp(&ticket).await.refused(400, "channel_not_supported");
}
