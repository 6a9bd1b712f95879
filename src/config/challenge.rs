//! `CHALLENGE`, `CHALLENGE_WHEN`, and what the captcha that is named needs.

use reqwest::Url;
use secrecy::SecretString;

use crate::proofs::{CaptchaSettings, CaptchaSetupError, Judge, Settings, When};

use super::reader::Reader;

/// The settings of a captcha, by name.
struct Names {
    site_key: &'static str,
    secret_key: &'static str,
    base_url: &'static str,
    default_url: &'static str,
    mend: &'static str,
}

const TURNSTILE: Names = Names {
    site_key: "TURNSTILE_SITE_KEY",
    secret_key: "TURNSTILE_SECRET_KEY",
    base_url: "TURNSTILE_BASE_URL",
    default_url: "https://challenges.cloudflare.com",
    mend: "the Cloudflare dashboard shows it with your widget",
};

const HCAPTCHA: Names = Names {
    site_key: "HCAPTCHA_SITE_KEY",
    secret_key: "HCAPTCHA_SECRET_KEY",
    base_url: "HCAPTCHA_BASE_URL",
    default_url: "https://api.hcaptcha.com",
    mend: "the hCaptcha dashboard shows it",
};

pub(super) fn challenge(reader: &mut Reader<'_>) -> Option<Settings> {
    for Names { site_key, secret_key, base_url, .. } in [TURNSTILE, HCAPTCHA] {
        reader.known(&[site_key, secret_key, base_url]);
    }
    let judges =
        [("pow", None), ("turnstile", Some(Judge::Turnstile)), ("hcaptcha", Some(Judge::Hcaptcha))];
    let judge = reader.word("CHALLENGE", &judges);
    let when = reader.word("CHALLENGE_WHEN", &[("doubt", When::Doubt), ("always", When::Always)]);
    let captcha = match judge? {
        None => None,
        Some(judge) => Some(captcha(reader, judge)?),
    };
    Some(Settings { captcha, when: when? })
}

fn captcha(reader: &mut Reader<'_>, judge: Judge) -> Option<CaptchaSettings> {
    let names = match judge {
        Judge::Turnstile => TURNSTILE,
        Judge::Hcaptcha => HCAPTCHA,
    };
    let word = |text: &str| Ok::<_, &str>(text.to_owned());
    let site_key = reader.required(names.site_key, names.mend, word);
    let secret_key = reader.required_secret(names.secret_key, names.mend, |text| {
        Ok::<_, &str>(SecretString::from(text))
    });
    let base_url = reader.or(names.base_url, names.default_url, Url::parse);
    let settings = CaptchaSettings {
        judge,
        base_url: base_url?,
        site_key: site_key?,
        secret_key: secret_key?,
    };
    match settings.check() {
        Ok(()) => Some(settings),
        Err(error) => {
            let name = match error {
                CaptchaSetupError::BaseUrl | CaptchaSetupError::InTheClear => names.base_url,
                CaptchaSetupError::SiteKey => names.site_key,
                CaptchaSetupError::SecretKey => names.secret_key,
            };
            reader.fault(name, error.to_string());
            None
        }
    }
}
