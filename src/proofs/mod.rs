//! Challenges to clients that are in doubt, and the proofs that they were met.
//!
//! A challenge is a proof of work that we make and check ourselves, or names a captcha of Turnstile or
//! hCaptcha. Owns the table `spent_proofs`: a proof lets one request through, on whichever replica. Never
//! decides who is asked: that is for the endpoints.

mod captcha;
mod pow;
mod store;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Client;
use serde::Serialize;
use sqlx::{PgExecutor, PgPool};
use utoipa::ToSchema;

use crate::foundation::outbound::ExchangeError;
use crate::foundation::{ChallengeResponse, ClientAddress, Entropy, EntropyError, Keyring};

use captcha::Captcha;
pub use captcha::{CaptchaSettings, CaptchaSetupError, Judge};

/// How long a client may take: a slow phone, and a person who reads first. Tokens of Turnstile are good for
/// as long.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// How long a spent proof is kept after it has run out: more than the clocks of replicas are apart.
const KEPT_AFTER: TimeDelta = TimeDelta::minutes(5);

/// `CHALLENGE`, `CHALLENGE_WHEN`, and what a captcha needs.
#[derive(Debug)]
pub struct Settings {
    /// The captcha; `None` is the proof of work.
    pub captcha: Option<CaptchaSettings>,
    /// Who is asked.
    pub when: When,
}

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Those in doubt.
    Doubt,
    /// Everybody.
    Always,
}

/// What the client is about to do. A proof for one is good for no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `POST /auth/register`.
    Register,
    /// `POST /auth/login`.
    Login,
    /// `POST /auth/request-otp`.
    RequestOtp,
    /// `POST /auth/password/forgot`.
    ForgotPassword,
    /// `POST /profile/phone`.
    ChangePhone,
}

impl Action {
    /// Its name, as the widget of Turnstile must be given it: at most 32 of `A-Z a-z 0-9 _ -`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::RequestOtp => "request-otp",
            Self::ForgotPassword => "password-forgot",
            Self::ChangePhone => "profile-phone",
        }
    }
}

/// How much work is asked for. More in doubt costs a stranger more, and everybody's phone, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difficulty {
    /// Some tenths of a second on a phone that is not new: docs/challenges.md has the measurement.
    Usual,
    /// About a second there.
    High,
}

impl Difficulty {
    const ALL: [Self; 2] = [Self::Usual, Self::High];

    /// The greatest number that may be the secret one; half of it is tried on average.
    pub fn max_number(self) -> u32 {
        match self {
            Self::Usual => 100_000,
            Self::High => 250_000,
        }
    }
}

/// Who is asked, for what, and how hard.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// What the client is about to do.
    pub action: Action,
    /// Where from; a proof is good from the same IPv4 address or IPv6 /64 only.
    pub address: ClientAddress,
    /// At least so hard; without meaning to a captcha.
    pub difficulty: Difficulty,
}

/// What the client is to do, as a refusal carries it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "scheme", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum Challenge {
    /// Find the number that, written in decimal after `salt`, has the SHA-256 `challenge`: the challenge of
    /// ALTCHA, version 1 of its proof of work.
    Pow {
        /// Always `SHA-256`.
        #[schema(example = "SHA-256")]
        algorithm: &'static str,
        /// 64 hexadecimal digits.
        challenge: String,
        /// The number is from 0 to this.
        #[schema(example = 250_000)]
        maxnumber: u32,
        /// Holds `expires`, in seconds since 1970.
        #[schema(example = "5c1f0e9b7a3d2c4e6f8a9b0c?expires=1767225600&")]
        salt: String,
        /// To be sent back as it is.
        signature: String,
    },
    /// Show the widget of Cloudflare Turnstile and send its token.
    Turnstile {
        /// For the widget.
        site_key: String,
        /// For the widget, so that the token is good for this operation.
        action: &'static str,
    },
    /// Show the widget of hCaptcha and send its token.
    Hcaptcha {
        /// For the widget.
        site_key: String,
    },
}

/// Why a request is not let through.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The client brought no proof, or one that is not good.
    #[error("the challenge was not met")]
    Refused(#[source] Refusal),
    /// Whoever judges the captcha gave no judgement.
    #[error("the captcha was not judged")]
    NotJudged(#[source] NotJudged),
    /// The database failed.
    #[error("the proof could not be spent")]
    Database(#[source] sqlx::Error),
}

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not of the form that the challenge asks for.
    #[error("it is not the base64 of a JSON object with the members of a solved challenge")]
    Malformed,
    /// Not signed by us for this operation, this client and this much work.
    #[error("it is for another operation, from another address, or too easy by now")]
    Foreign,
    /// Too late.
    #[error("it has expired")]
    Expired,
    /// Another number.
    #[error("the number is not the right one")]
    Wrong,
    /// It has let a request through before.
    #[error("it was used before")]
    Spent,
    /// The captcha's judge says no, or says that the token is of another page or operation.
    #[error("the captcha's token is not good")]
    Rejected,
}

/// Why the judge of captchas gave no judgement.
#[derive(Debug, thiserror::Error)]
pub enum NotJudged {
    /// No whole answer came.
    #[error("the judge did not answer")]
    Away(#[source] ExchangeError),
    /// The answer is not the API's.
    #[error("the judge answered with status {0} and no judgement")]
    Unreadable(u16),
    /// The judge finds fault with our request: the keys, most likely.
    #[error("the judge does not take our request; are the keys right? error codes: {0}")]
    Ours(String),
}

/// A proof that is good, unless it is spent.
struct Proof {
    hash: [u8; 32],
    expires_at: DateTime<Utc>,
}

/// Makes challenges and takes proofs.
#[derive(Debug)]
pub struct Proofs {
    captcha: Option<Captcha>,
    when: When,
    keyring: Arc<Keyring>,
    entropy: Entropy,
}

impl Proofs {
    /// `hosts` are those of the pages on which captchas are shown; `http` should be
    /// [`crate::foundation::outbound::http_client`].
    pub fn new(
        settings: Settings,
        hosts: Vec<String>,
        keyring: Arc<Keyring>,
        http: Client,
        entropy: Entropy,
    ) -> Self {
        let captcha = settings.captcha.map(|settings| Captcha::new(settings, hosts, http));
        Self { captcha, when: settings.when, keyring, entropy }
    }

    /// Who is asked.
    pub fn when(&self) -> When {
        self.when
    }

    /// A fresh challenge, good for [`LIFETIME`].
    pub fn challenge(&self, ask: &Ask, now: DateTime<Utc>) -> Result<Challenge, EntropyError> {
        match &self.captcha {
            Some(captcha) => Ok(captcha.challenge(ask.action)),
            None => pow::challenge(&self.keyring, &self.entropy, ask, now),
        }
    }

    /// Spends the proof that `response` is. One that this very request has spent is good still. No database
    /// connection is held while a captcha's judge is asked.
    pub async fn accept(
        &self,
        database: &PgPool,
        response: &ChallengeResponse,
        ask: &Ask,
        now: DateTime<Utc>,
    ) -> Result<(), ProofError> {
        if response.is_accepted() {
            return Ok(());
        }
        let proof = match &self.captcha {
            Some(captcha) => {
                captcha.judge(response.expose(), ask).await?;
                // The judges take a token once; this holds even if two of their answers cross.
                Proof { hash: sha256(response.expose()), expires_at: now + LIFETIME }
            }
            None => pow::check(&self.keyring, response.expose(), ask, now)
                .map_err(ProofError::Refused)?,
        };
        let keep_until = proof.expires_at + KEPT_AFTER;
        let spent = store::spend(database, &proof.hash, keep_until).await;
        if !spent.map_err(ProofError::Database)? {
            return Err(ProofError::Refused(Refusal::Spent));
        }
        response.accept();
        Ok(())
    }
}

/// Forgets the spent proofs that nothing would take any more. Returns their number.
pub async fn delete_expired(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    store::delete_expired(executor, now).await
}

fn sha256(text: &str) -> [u8; 32] {
    match digest(&SHA256, text.as_bytes()).as_ref().try_into() {
        Ok(hash) => hash,
        Err(_) => unreachable!("SHA-256 has 32 bytes"),
    }
}
