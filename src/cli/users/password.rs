//! Passwords on the command line: read from standard input, or made. Never an argument: those can be seen in the list
//! of processes.

use std::io::BufRead as _;

use anyhow::Context as _;
use zeroize::Zeroizing;

use crate::foundation::EmailAddress;
use crate::passwords::{Hasher, Password, PoolSize};
use crate::users::PhcString;

use super::Desk;

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
        number: Option<&str>,
    ) -> anyhow::Result<Self> {
        let policy = &desk.settings.passwords;
        if !from_stdin {
            let made = policy.generate(&desk.entropy, email.as_str(), number)?;
            return Ok(Self { password: Password::for_login(&made)?, made: Some(made) });
        }
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line).context("standard input cannot be read")?;
        let typed = line.trim_end_matches(['\n', '\r']);
        let checked = policy.check(typed, Some(email.as_str()), number);
        let password = checked.map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("the password is refused: {}", told.join(" "))
        })?;
        Ok(Self { password, made: None })
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
