//! Settings that cannot work are refused at once, each by its name.

use reqwest::Url;
use ringfence::config::{Environment, ProviderSettings, Settings};
use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::aws_sns::{AwsSns, AwsSnsSettings, AwsSnsSetupError, SmsType};
use ringfence::otp::providers::india_dlt::IndiaDlt;
use secrecy::{ExposeSecret as _, SecretString};

use crate::world::{SECRET, settings};

fn fault(settings: &AwsSnsSettings) -> Option<AwsSnsSetupError> {
    AwsSns::new(settings, http_client().unwrap()).err()
}

fn sound() -> AwsSnsSettings {
    settings("https://sns.example.com")
}

#[tokio::test]
async fn an_endpoint_is_a_host_and_no_more_and_keeps_codes_from_the_network() {
    use AwsSnsSetupError::{EndpointUrl, InTheClear};
    for (url, wanted) in [
        ("https://sns.eu-west-1.amazonaws.com", None),
        ("http://127.0.0.1:5055", None),
        ("http://[::1]:5055/", None),
        ("https://host/path", Some(EndpointUrl)),
        ("https://host/?a", Some(EndpointUrl)),
        ("https://user@host", Some(EndpointUrl)),
        ("ftp://host", Some(EndpointUrl)),
        ("http://192.0.2.1", Some(InTheClear)),
        ("http://localhost.example", Some(InTheClear)),
    ] {
        let endpoint_url = Some(Url::parse(url).unwrap());
        assert_eq!(fault(&AwsSnsSettings { endpoint_url, ..sound() }), wanted, "{url}");
    }
    assert_eq!(fault(&AwsSnsSettings { endpoint_url: None, ..sound() }), None);
}

#[tokio::test]
async fn region_and_credentials_have_their_form() {
    for region in ["", "EU-WEST-1", "eu west", "eu-west-1.example.com", "eu-west-1/", "-eu", "eu-"]
    {
        let settings = AwsSnsSettings { region: region.to_owned(), ..sound() };
        assert_eq!(fault(&settings), Some(AwsSnsSetupError::Region), "{region}");
    }
    for secret in ["", "a b", "a\n", "é"] {
        let secret = || SecretString::from(secret);
        let settings = AwsSnsSettings { access_key_id: secret(), ..sound() };
        assert_eq!(fault(&settings), Some(AwsSnsSetupError::AccessKeyId));
        let settings = AwsSnsSettings { secret_access_key: secret(), ..sound() };
        assert_eq!(fault(&settings), Some(AwsSnsSetupError::SecretAccessKey));
        let settings = AwsSnsSettings { session_token: Some(secret()), ..sound() };
        assert_eq!(fault(&settings), Some(AwsSnsSetupError::SessionToken));
    }
    for region in ["eu-west-1", "ap-southeast-7", "us-gov-west-1"] {
        assert_eq!(fault(&AwsSnsSettings { region: region.to_owned(), ..sound() }), None);
    }
}

#[tokio::test]
async fn sender_origination_and_price_are_what_sns_takes() {
    let sender = |id: &str| fault(&AwsSnsSettings { sender_id: Some(id.to_owned()), ..sound() });
    for id in ["Abc", "1-A", "Ring-fence1", "Example1234"] {
        assert_eq!(sender(id), None, "{id}");
    }
    for id in ["", "Ab", "Example12345", "123", "1-2", "Ring fence", "Öresund", "a_b"] {
        assert_eq!(sender(id), Some(AwsSnsSetupError::SenderId), "{id}");
    }
    let origination = |number: &str| {
        fault(&AwsSnsSettings { origination_number: Some(number.to_owned()), ..sound() })
    };
    for number in ["12345", "+12065550100", "12345678901234"] {
        assert_eq!(origination(number), None, "{number}");
    }
    for number in ["", "+", "1234", "123456789012345", "+1 206 555 0100", "Example"] {
        assert_eq!(origination(number), Some(AwsSnsSetupError::OriginationNumber), "{number}");
    }
    let price =
        |usd: &str| fault(&AwsSnsSettings { max_price_usd: Some(usd.to_owned()), ..sound() });
    for usd in ["0.05", "1", "999.99999", "0.00001"] {
        assert_eq!(price(usd), None, "{usd}");
    }
    for usd in ["", "0", "0.0", "-1", "+1", "1e3", ".5", "5.", "0,05", "1000", "0.000001", "NaN"] {
        assert_eq!(price(usd), Some(AwsSnsSetupError::MaxPrice), "{usd}");
    }
}

#[tokio::test]
async fn dlt_ids_are_short_enough_for_sns() {
    let with = |entity: usize, template: usize| {
        let dlt = IndiaDlt::new("1".repeat(entity), "2".repeat(template), None).unwrap();
        fault(&AwsSnsSettings { india_dlt: Some(dlt), ..sound() })
    };
    assert_eq!(with(50, 50), None);
    assert_eq!(with(51, 50), Some(AwsSnsSetupError::DltEntityId));
    assert_eq!(with(50, 51), Some(AwsSnsSetupError::DltTemplateId));
}

/// What the environment of that much comes to: the settings, or all the faults.
fn read(pairs: &[(&str, &str)]) -> Result<AwsSnsSettings, String> {
    let usual = [
        ("APP_ENV", "test"),
        ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
        ("DATABASE_URL", "postgres://localhost/ringfence"),
        ("VERIFICATION_PROVIDER", "aws-sns"),
    ];
    let pairs = usual.iter().chain(pairs);
    let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match Settings::read(&Environment::of_pairs(pairs)) {
        Ok((settings, in_force)) => {
            assert!(!format!("{:?}", in_force.values).contains(SECRET));
            match settings.carriers.providers.into_iter().next() {
                Some(ProviderSettings::AwsSns(settings)) => Ok(settings),
                _ => Err("another provider".to_owned()),
            }
        }
        Err(error) => Err(error.to_string()),
    }
}

const NEEDED: [(&str, &str); 3] = [
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
];

#[test]
fn the_environment_needs_region_and_keys_and_the_rest_has_defaults() {
    let settings = read(&NEEDED).unwrap();
    assert_eq!(settings.region, "eu-west-1");
    assert_eq!(settings.secret_access_key.expose_secret(), SECRET);
    assert_eq!(settings.sms_type, SmsType::Transactional);
    assert!(settings.session_token.is_none() && settings.endpoint_url.is_none());
    let optional = [settings.sender_id, settings.origination_number, settings.max_price_usd];
    assert_eq!(optional, [None, None, None]);
    assert_eq!(settings.india_dlt, None);

    let faults = read(&[]).unwrap_err();
    for (name, _) in NEEDED {
        assert!(faults.contains(&format!("{name}: is required")), "{faults}");
    }
}

#[test]
fn each_setting_of_the_environment_reaches_its_place() {
    let more = [
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5055"),
        ("SNS_SMS_TYPE", "Promotional"),
        ("SNS_SMS_SENDER_ID", "Ringfence"),
        ("SNS_ORIGINATION_NUMBER", "+12065550100"),
        ("SNS_MAX_PRICE_USD", "0.05"),
        ("DLT_ENTITY_ID", "1101"),
        ("DLT_TEMPLATE_ID", "1107"),
    ];
    let settings = read(&[&NEEDED[..], &more].concat()).unwrap();
    assert_eq!(settings.session_token.unwrap().expose_secret(), "token");
    assert_eq!(settings.endpoint_url.unwrap().as_str(), "http://127.0.0.1:5055/");
    assert_eq!(settings.sms_type, SmsType::Promotional);
    assert_eq!(settings.sender_id.as_deref(), Some("Ringfence"));
    assert_eq!(settings.origination_number.as_deref(), Some("+12065550100"));
    assert_eq!(settings.max_price_usd.as_deref(), Some("0.05"));
    let dlt = settings.india_dlt.unwrap();
    assert_eq!((dlt.entity_id(), dlt.template_id()), ("1101", "1107"));
}

#[test]
fn a_fault_is_told_with_the_name_of_the_setting_and_no_secret() {
    for (name, value) in [
        ("AWS_REGION", "Ireland"),
        ("AWS_ACCESS_KEY_ID", "no key"),
        ("AWS_SECRET_ACCESS_KEY", "no secret"),
        ("AWS_SESSION_TOKEN", "no token"),
        ("AWS_ENDPOINT_URL", "http://192.0.2.1"),
        ("AWS_ENDPOINT_URL", "nothing"),
        ("SNS_SMS_TYPE", "transactional"),
        ("SNS_SMS_SENDER_ID", "no"),
        ("SNS_ORIGINATION_NUMBER", "none"),
        ("SNS_MAX_PRICE_USD", "cheap"),
        ("DLT_ENTITY_ID", "1101"),
        ("DLT_TEMPLATE_ID", "1107"),
    ] {
        let needed = NEEDED.into_iter().filter(|(needed, _)| *needed != name);
        let pairs: Vec<_> = needed.chain([(name, value)]).collect();
        let faults = read(&pairs).unwrap_err();
        // Of the two ids, the one that is lacking.
        let named = match name {
            "DLT_ENTITY_ID" => "DLT_TEMPLATE_ID",
            "DLT_TEMPLATE_ID" => "DLT_ENTITY_ID",
            name => name,
        };
        assert!(faults.contains(&format!("\n  {named}: ")), "{name}: {faults}");
        assert!(!faults.contains(SECRET) && !faults.contains("no secret"), "{faults}");
    }
}
