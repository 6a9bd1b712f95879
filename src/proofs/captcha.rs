//! Captchas that others judge: Cloudflare Turnstile and hCaptcha, by the API that both call `siteverify`.
//!
//! <https://developers.cloudflare.com/turnstile/get-started/server-side-validation/> and
//! <https://docs.hcaptcha.com/#verify-the-user-response-server-side>. What is not an explicit "success" lets
//! nobody through, and each token is asked about once.

use std::fmt;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::foundation::outbound::{self, Answer};

use super::{Action, Ask, Challenge, NotJudged, ProofError, Refusal};

/// A person waits, and the hash of a login comes after it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What the judges say of a token that is not good; everything else they say is about us.
const ABOUT_THE_TOKEN: &[&str] = &[
    "missing-input-response",
    "invalid-input-response",
    "timeout-or-duplicate",
    "expired-input-response",
    "already-seen-response",
    "invalid-or-already-seen-response",
];

/// The longest keys that are taken, in characters; those in use have some 40.
const KEY_CHARS_MAX: usize = 200;

/// Who judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// Cloudflare Turnstile.
    Turnstile,
    /// hCaptcha.
    Hcaptcha,
}

impl Judge {
    fn path(self) -> &'static str {
        match self {
            Self::Turnstile => "/turnstile/v0/siteverify",
            Self::Hcaptcha => "/siteverify",
        }
    }
}

/// What a captcha needs.
#[derive(Clone, Debug)]
pub struct CaptchaSettings {
    /// Who judges.
    pub judge: Judge,
    /// Scheme and host of the judge; the path is ours.
    pub base_url: Url,
    /// For the widget; public.
    pub site_key: String,
    /// For the judge.
    pub secret_key: SecretString,
}

/// Settings that cannot work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptchaSetupError {
    /// Not `http(s)://host[:port]`.
    #[error("the base URL must be http or https with a host, and no path, query or user")]
    BaseUrl,
    /// The secret key would travel in the clear.
    #[error("the base URL must be https, unless the host is this machine")]
    InTheClear,
    /// Empty, or nothing that a dashboard would show.
    #[error("the site key must be printable ASCII without spaces")]
    SiteKey,
    /// Empty, or nothing that a dashboard would show.
    #[error("the secret key must be printable ASCII without spaces")]
    SecretKey,
}

impl CaptchaSettings {
    /// Whether these settings can work.
    pub fn check(&self) -> Result<(), CaptchaSetupError> {
        let is_key = |key: &str| {
            (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
        };
        if !outbound::names_a_host_only(&self.base_url) {
            return Err(CaptchaSetupError::BaseUrl);
        }
        if !outbound::keeps_secrets(&self.base_url) {
            return Err(CaptchaSetupError::InTheClear);
        }
        if !is_key(&self.site_key) {
            return Err(CaptchaSetupError::SiteKey);
        }
        if !is_key(self.secret_key.expose_secret()) {
            return Err(CaptchaSetupError::SecretKey);
        }
        Ok(())
    }
}

/// A captcha in use.
pub(super) struct Captcha {
    settings: CaptchaSettings,
    /// Of the pages that may show the widget.
    hosts: Vec<String>,
    http: Client,
}

/// What `siteverify` answers, as far as it matters.
#[derive(Deserialize)]
struct Judgement {
    success: bool,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
    /// Where the widget was shown.
    #[serde(default)]
    hostname: Option<String>,
    /// What the widget was told; Turnstile only.
    #[serde(default)]
    action: Option<String>,
}

impl Captcha {
    pub(super) fn new(settings: CaptchaSettings, hosts: Vec<String>, http: Client) -> Self {
        Self { settings, hosts, http }
    }

    pub(super) fn challenge(&self, action: Action) -> Challenge {
        let site_key = self.settings.site_key.clone();
        match self.settings.judge {
            Judge::Turnstile => Challenge::Turnstile { site_key, action: action.as_str() },
            Judge::Hcaptcha => Challenge::Hcaptcha { site_key },
        }
    }

    /// Whether `token` is good for `ask`.
    pub(super) async fn judge(&self, token: &str, ask: &Ask) -> Result<(), ProofError> {
        let judgement = self.ask(token, ask).await.map_err(ProofError::NotJudged)?;
        if !judgement.success {
            let about_us = |code: &&String| !ABOUT_THE_TOKEN.contains(&code.as_str());
            return Err(match judgement.error_codes.iter().find(about_us) {
                Some(code) => ProofError::NotJudged(NotJudged::Ours(shown(code))),
                None => ProofError::Refused(Refusal::Rejected),
            });
        }
        if self.is_ours(&judgement, ask.action) {
            Ok(())
        } else {
            Err(ProofError::Refused(Refusal::Rejected))
        }
    }

    /// Whether the widget was one of ours, told what is about to be done. hCaptcha vouches for its site
    /// key; its hostname is that of the browser's word, and left out where traffic is high.
    fn is_ours(&self, judgement: &Judgement, action: Action) -> bool {
        if self.settings.judge == Judge::Hcaptcha {
            return true;
        }
        let host = judgement.hostname.as_deref().unwrap_or_default();
        let is_our_page = self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host));
        is_our_page && judgement.action.as_deref() == Some(action.as_str())
    }

    async fn ask(&self, token: &str, ask: &Ask) -> Result<Judgement, NotJudged> {
        let mut url = self.settings.base_url.clone();
        url.set_path(self.settings.judge.path());
        let request = self
            .http
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(token, ask).as_bytes().to_vec());
        let answer = outbound::exchange(request, Instant::now() + TIMEOUT).await;
        let Answer { status, body, .. } = answer.map_err(NotJudged::Away)?;
        // Where a request is not to their liking they answer 400, with a body like any other.
        serde_json::from_slice(&body).map_err(|_| NotJudged::Unreadable(status))
    }

    fn form(&self, token: &str, ask: &Ask) -> Zeroizing<String> {
        let address = ask.address.ip().to_string();
        let secret = self.settings.secret_key.expose_secret();
        let fields = [("secret", secret), ("response", token), ("remoteip", &address)];
        let mut form = self.settings.base_url.clone();
        form.query_pairs_mut().extend_pairs(fields);
        if self.settings.judge == Judge::Hcaptcha {
            form.query_pairs_mut().append_pair("sitekey", &self.settings.site_key);
        }
        Zeroizing::new(form.query().unwrap_or_default().to_owned())
    }
}

/// An error code, fit for the log whatever it is.
fn shown(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(60).collect()
}

/// The client shows its default headers, which hold nothing secret, and the settings mask their key.
impl fmt::Debug for Captcha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Captcha").field("settings", &self.settings).finish_non_exhaustive()
    }
}
