//! Passwords on the command line: read from standard input, or made. Never an argument: those can be seen in the list
//! of processes.

use std::io::BufRead as _;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::foundation::{EmailAddress, PhoneNumber};
use crate::passwords::{Hasher, Password, PasswordPolicy, PoolSize};
use crate::users::PhcString;

use super::Desk;

/// In characters of 6 bits each: 120 bits.
const USUAL_LENGTH: usize = 20;
/// Far more than it ever takes to meet `PASSWORD_COMPOSITION=mixed`.
const DRAWS: usize = 100;

/// A password that keeps to the policy.
pub(super) struct Chosen {
    password: Password,
    /// What is to be told, where nobody knows it yet.
    pub(super) made: Option<Zeroizing<String>>,
}

impl Chosen {
    /// The first line of standard input, or one that is made.
    pub(super) fn new(
        desk: &Desk,
        from_stdin: bool,
        email: &EmailAddress,
        number: &PhoneNumber,
    ) -> anyhow::Result<Self> {
        let policy = &desk.settings.passwords;
        if !from_stdin {
            return Self::make(desk, policy, email, number);
        }
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        let typed = line.trim_end_matches(['\n', '\r']);
        let checked = policy.check(typed, Some(email.as_str()), Some(number.e164()));
        let password = checked.map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("the password is refused: {}", told.join(" "))
        })?;
        Ok(Self { password, made: None })
    }

    fn make(
        desk: &Desk,
        policy: &PasswordPolicy,
        email: &EmailAddress,
        number: &PhoneNumber,
    ) -> anyhow::Result<Self> {
        for _ in 0..DRAWS {
            // 64 characters: the most that a policy can ask for.
            let drawn = Zeroizing::new(desk.entropy.bytes::<48>()?);
            let mut text = Zeroizing::new(URL_SAFE_NO_PAD.encode(drawn.as_slice()));
            text.truncate(policy.min_length().max(USUAL_LENGTH));
            let checked = policy.check(&text, Some(email.as_str()), Some(number.e164()));
            if let Ok(password) = checked {
                return Ok(Self { password, made: Some(text) });
            }
        }
        anyhow::bail!("no password could be made that keeps to PASSWORD_COMPOSITION")
    }

    /// Hashes it as a server would.
    pub(super) async fn hash(&self, desk: &Desk) -> anyhow::Result<PhcString> {
        let cost = desk.settings.argon2;
        let hasher = Hasher::start(cost, PoolSize::for_this_machine(cost))
            .context("the hashing threads cannot be started")?;
        let hash = hasher.hash(self.password.clone(), desk.entropy.bytes()?).await?;
        Ok(PhcString::from(hash.to_phc()))
    }
}
