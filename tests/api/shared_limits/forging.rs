//! What somebody may write into `X-Forwarded-For`, and that none of it buys room.

use ringfence::rate_limits::Action;

use crate::support::{Person, TestApp};

use super::{STRICT, at};

/// What a client can put before its own address.
const FORGED: [&str; 18] = [
    "1.1.1.1",
    "1.1.1.1:80",
    "[2001:db8::1]",
    "[2001:db8::1]:443",
    "2001:db8::1",
    "::ffff:1.1.1.1",
    "1.1.1.1, 2.2.2.2, 2001:db8::2, 3.3.3.3",
    "unknown",
    "_hidden",
    ",,,",
    "127.0.0.1",
    "[::1",
    "1.1.1.1]",
    "for=1.1.1.1;by=2.2.2.2",
    "999.1.1.1",
    "0x01010101",
    "Zürich",
    "\u{a0}1.1.1.1",
];

#[tokio::test]
async fn nothing_before_the_address_that_the_proxy_has_seen_buys_room() {
    let app = TestApp::with(&STRICT).await;
    let ada = Person::ada();
    let many = ["9.9.9.9"; 300].join(", ");
    for own in ["203.0.113.7", "2001:db8:7:7::7"] {
        app.exhaust(Action::Login, at(own)[0]).await;
        for forged in FORGED.into_iter().chain([many.as_str()]) {
            for header in [format!("{forged}, {own}"), format!("{forged},{own},127.0.0.1")] {
                app.at(&header).login(&ada).await.refused(429, "rate_limited");
            }
            // The client's own header, and the one that the proxy has added.
            app.at(forged).at(own).login(&ada).await.refused(429, "rate_limited");
        }
    }
    for own in ["203.0.113.7:4711", "::ffff:203.0.113.7", " 203.0.113.7 ", "[2001:db8:7:7::8]:1"] {
        app.at(own).login(&ada).await.refused(429, "rate_limited");
    }
}

#[tokio::test]
async fn where_no_proxy_is_trusted_the_header_counts_for_nothing() {
    let app = TestApp::with(&[STRICT.as_slice(), &[("TRUSTED_PROXIES", "")]].concat()).await;
    app.exhaust(Action::Login, at("127.0.0.1")[0]).await;
    for forged in FORGED {
        app.at(forged).login(&Person::ada()).await.refused(429, "rate_limited");
    }
}

#[tokio::test]
async fn what_the_proxy_itself_writes_wrongly_counts_for_the_proxy() {
    let app = TestApp::with(&STRICT).await;
    app.exhaust(Action::Login, at("127.0.0.1")[0]).await;
    for unreadable in ["unknown", "_hidden", "[::1", "999.1.1.1", "203.0.113.7, unknown", ""] {
        app.at(unreadable).login(&Person::ada()).await.refused(429, "rate_limited");
    }
}

#[tokio::test]
async fn a_64_is_one_address_and_a_48_one_block() {
    let app = TestApp::with(&STRICT).await;
    let ada = Person::ada();
    app.exhaust(Action::Login, at("2001:db8:1:2::1")[0]).await;
    for inside in ["2001:db8:1:2::2", "2001:db8:1:2:ffff:ffff:ffff:ffff", "[2001:db8:1:2::3]:80"] {
        let refused = app.at(inside).login(&ada).await.refused(429, "rate_limited");
        assert_eq!(refused.json()["scope"], "address");
    }
    app.at("2001:db8:1:3::1").login(&ada).await.refused(401, "invalid_credentials");
    app.exhaust(Action::Login, at("2001:db8:1:3::1")[1]).await;
    for inside in ["2001:db8:1:4::1", "2001:db8:1:ffff::1"] {
        let refused = app.at(inside).login(&ada).await.refused(429, "rate_limited");
        assert_eq!(refused.json()["scope"], "block");
    }
    app.at("2001:db8:2::1").login(&ada).await.refused(401, "invalid_credentials");
}
