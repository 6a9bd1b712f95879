//! Settings: what cannot work is refused before anybody is asked.

use reqwest::Url;
use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::infobip::{Infobip, InfobipSettings, InfobipSetupError};
use secrecy::SecretString;

use crate::world;

fn fault(settings: InfobipSettings) -> Option<InfobipSetupError> {
    let fault = settings.check().err();
    assert_eq!(Infobip::new(settings, http_client().unwrap()).err(), fault);
    fault
}

fn sound() -> InfobipSettings {
    world::settings("https://abc123.api.infobip.com")
}

#[test]
fn a_base_url_is_a_host_and_no_more() {
    for (base_url, expected) in [
        ("https://abc123.api.infobip.com", None),
        ("https://abc123.api.infobip.com/", None),
        ("https://abc123.api.infobip.com/2fa/2", Some(InfobipSetupError::BaseUrl)),
        ("https://host/?a", Some(InfobipSetupError::BaseUrl)),
        ("https://host/#a", Some(InfobipSetupError::BaseUrl)),
        ("https://user@host", Some(InfobipSetupError::BaseUrl)),
        ("ftp://host", Some(InfobipSetupError::BaseUrl)),
        ("data:text/plain,x", Some(InfobipSetupError::BaseUrl)),
    ] {
        let base_url = Url::parse(base_url).unwrap();
        assert_eq!(fault(InfobipSettings { base_url: base_url.clone(), ..sound() }), expected);
    }
}

#[test]
fn the_key_does_not_cross_the_network_in_the_clear() {
    for (base_url, expected) in [
        ("http://192.0.2.1", Some(InfobipSetupError::InTheClear)),
        ("http://localhost.example", Some(InfobipSetupError::InTheClear)),
        ("https://192.0.2.1", None),
        ("http://localhost:4011", None),
        ("http://127.0.0.1:4011", None),
        ("http://[::1]:4011", None),
    ] {
        assert_eq!(fault(world::settings(base_url)), expected, "{base_url}");
    }
}

#[test]
fn a_key_is_one_word() {
    for key in ["", "a b", "é", "a\nb"] {
        let settings = InfobipSettings { api_key: SecretString::from(key), ..sound() };
        assert_eq!(fault(settings), Some(InfobipSetupError::ApiKey), "{key:?}");
    }
}

#[test]
fn ids_are_plain() {
    for id in ["", "a b", "a\"b", "é", &"i".repeat(129)] {
        let settings = InfobipSettings { application_id: id.to_owned(), ..sound() };
        assert_eq!(fault(settings), Some(InfobipSetupError::ApplicationId), "{id}");
        let settings = InfobipSettings { message_id: id.to_owned(), ..sound() };
        assert_eq!(fault(settings), Some(InfobipSetupError::MessageId), "{id}");
    }
}
