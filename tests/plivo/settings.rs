//! Settings that cannot work are refused at once, each by its name.

use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::plivo::{Plivo, PlivoSettings, PlivoSetupError};
use secrecy::SecretString;

use crate::world::settings;

fn fault(settings: PlivoSettings) -> Option<PlivoSetupError> {
    Plivo::new(settings, http_client().unwrap()).err()
}

#[tokio::test]
async fn a_base_url_is_a_host_and_no_more() {
    for base_url in ["https://api.plivo.com", "https://api.plivo.com:8443/"] {
        assert_eq!(fault(settings(base_url)), None, "{base_url}");
    }
    for base_url in [
        "https://api.plivo.com/v1",
        "https://host/?a",
        "https://host/#a",
        "https://user@host",
        "ftp://host",
        "data:text/plain,x",
    ] {
        assert_eq!(fault(settings(base_url)), Some(PlivoSetupError::BaseUrl), "{base_url}");
    }
}

#[tokio::test]
async fn the_token_does_not_cross_the_network_in_the_clear() {
    for base_url in ["http://192.0.2.1", "http://localhost.example", "http://127.0.0.1.example"] {
        assert_eq!(fault(settings(base_url)), Some(PlivoSetupError::InTheClear), "{base_url}");
    }
    for base_url in ["http://localhost:4040", "http://127.0.0.1:4040", "http://[::1]:4040"] {
        assert_eq!(fault(settings(base_url)), None, "{base_url}");
    }
}

#[tokio::test]
async fn credentials_have_the_form_of_credentials() {
    let sound = || settings("https://host");
    for auth_id in ["", "a/b", "..", "a:b", "a b", "é", &"M".repeat(65)] {
        let settings = PlivoSettings { auth_id: auth_id.to_owned(), ..sound() };
        assert_eq!(fault(settings), Some(PlivoSetupError::AuthId), "{auth_id}");
    }
    for token in ["", "a b", "a\n", "é"] {
        let settings = PlivoSettings { auth_token: SecretString::from(token), ..sound() };
        assert_eq!(fault(settings), Some(PlivoSetupError::AuthToken), "{token:?}");
    }
}

#[tokio::test]
async fn a_sender_is_a_number_or_a_name() {
    let with = |phone_number: &str| {
        fault(PlivoSettings { phone_number: phone_number.to_owned(), ..settings("https://host") })
    };
    for sender in ["+14155551234", "14155551234", "26246", "Example", "A", "Example1234"] {
        assert_eq!(with(sender), None, "{sender}");
    }
    for sender in [
        "",
        "+",
        "12",
        "+1 415 555 1234",
        "0155512345",
        "+1234567890123456",
        "14155551234<14155551235",
        "Ring fence",
        "Ringfence-Co",
        "Ringfence1234",
        "+Example",
        "Öresund",
    ] {
        assert_eq!(with(sender), Some(PlivoSetupError::PhoneNumber), "{sender}");
    }
}
