//! Codes that a carrier speaks for us: sealed into the address that it asks, spoken once.
//!
//! Owns the form of the sealed token. No plain code is stored, and the carrier sees none before it
//! asks what to say.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use zeroize::Zeroizing;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::foundation::{ChallengeId, KeyPurpose, Keyring};

use super::{Otp, OtpCode, OtpFailure};

/// How long a carrier may take to place a call and ask what to say in it.
const SPEAKABLE_FOR: TimeDelta = TimeDelta::minutes(5);

/// Authenticated with each token.
const CONTEXT: &[u8] = b"answer";

/// The hexadecimal digits of a key's id, with which a token begins.
const KEY_ID_CHARS: usize = 8;

/// What to say in a call.
#[derive(Debug)]
pub struct Speech {
    /// The code.
    pub code: OtpCode,
    /// The language to say it in, as in BCP 47.
    pub language: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    challenge: ChallengeId,
    code: String,
    language: String,
    expires_at: DateTime<Utc>,
}

/// A token that says what to speak, unreadable and unguessable; it can stand in a path.
pub(super) fn seal(
    keyring: &Keyring,
    challenge: ChallengeId,
    code: &OtpCode,
    language: &str,
    now: DateTime<Utc>,
) -> String {
    let sealed = Sealed {
        challenge,
        code: code.expose().to_owned(),
        language: language.to_owned(),
        expires_at: now + SPEAKABLE_FOR,
    };
    let plain = Zeroizing::new(serde_json::to_vec(&sealed).unwrap_or_default());
    let _wiped = Zeroizing::new(sealed.code);
    let sealed = keyring.encrypt(KeyPurpose::SpokenCode, CONTEXT, &plain);
    format!("{}{}", keyring.current_id(), URL_SAFE_NO_PAD.encode(sealed))
}

/// What `token` says to speak; `None` where it is not ours or was changed, or its time has passed.
fn open(keyring: &Keyring, token: &str, now: DateTime<Utc>) -> Option<(ChallengeId, Speech)> {
    let (key_id, sealed) = token.split_at_checked(KEY_ID_CHARS)?;
    let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let plain = keyring.decrypt(KeyPurpose::SpokenCode, key_id, CONTEXT, &sealed).ok()?;
    let Sealed { challenge, code, language, expires_at } = serde_json::from_slice(&plain).ok()?;
    let code = Zeroizing::new(code);
    let code = OtpCode::parse(&code).ok()?;
    (now < expires_at).then_some((challenge, Speech { code, language }))
}

impl Otp {
    /// What `token` says to speak, for one caller only, and only while the code is live.
    pub async fn speak(
        &self,
        database: &PgPool,
        token: &str,
    ) -> Result<Option<Speech>, OtpFailure> {
        let now = self.clock.now();
        let Some((challenge, speech)) = open(&self.keyring, token, now) else { return Ok(None) };
        let is_first = self.store.mark_spoken(database, challenge, now).await?;
        Ok(is_first.then_some(speech))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foundation::Entropy;

    #[test]
    fn a_token_is_read_until_its_time_has_passed_and_unless_it_is_changed() {
        let keyring = Keyring::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let challenge = ChallengeId::new(now, &Entropy::default()).unwrap();
        let code = OtpCode::parse("493817").unwrap();
        let token = seal(&keyring, challenge, &code, "de-DE", now);
        assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{token}");

        let (read, speech) = open(&keyring, &token, now).unwrap();
        assert_eq!((read, &speech.code, &*speech.language), (challenge, &code, "de-DE"));
        assert!(open(&keyring, &token, now + SPEAKABLE_FOR).is_none());
        for at in 0..token.len() {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            // The last character has bits that stand for nothing, and must be zero.
            assert!(open(&keyring, &changed, now).is_none(), "{at}");
        }
        for odd in ["", "a", "12345678", "ééééé"] {
            assert!(open(&keyring, odd, now).is_none(), "{odd}");
        }
    }
}
