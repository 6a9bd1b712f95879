//! The scopes of a number and of an address, and the form in which their names are kept.

use std::fmt::Write as _;

use crate::foundation::{Block, KeyPurpose, Keyring, PhoneNumber};

use super::rules::ScopeKind;

/// Left out of a number for its range: some hundred ranges have all mobile numbers of a large country, so
/// that honest sign-ups soon vouch for most of them.
const RANGE_DIGITS: usize = 7;
/// … and for a run: numbers in sequence differ in these.
const RUN_DIGITS: usize = 2;

/// A range is never less than this many characters: `+` and a country code.
const RANGE_MIN: usize = 4;

/// The names of a code's scopes.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    pub(super) block: Option<String>,
    pub(super) country: String,
    pub(super) prefix: String,
    range: String,
    run: String,
}

impl Scopes {
    /// Of `number`, asked for from `block`.
    pub(super) fn of(keyring: &Keyring, number: &PhoneNumber, block: Option<String>) -> Self {
        let run = without_last(number.e164(), RUN_DIGITS);
        Self {
            block,
            country: number.country().map(ToString::to_string).unwrap_or_default(),
            prefix: number.prefix().to_owned(),
            range: range(number.e164()).to_owned(),
            // A hundred numbers have it in common: one of them is soon found.
            run: hexadecimal(&keyring.mac(KeyPurpose::GuardNumber, run.as_bytes())[..16]),
        }
    }

    /// The name of the scope of that kind, where there is one.
    pub(super) fn key(&self, kind: ScopeKind) -> Option<&str> {
        match kind {
            ScopeKind::Block => self.block.as_deref(),
            ScopeKind::Country => Some(&self.country),
            ScopeKind::Prefix => Some(&self.prefix),
            ScopeKind::Range => Some(&self.range),
            ScopeKind::Run => Some(&self.run),
        }
    }
}

/// As the tables have it.
pub(super) fn block_key(block: Block) -> String {
    block.to_string()
}

/// By what decisions on `number` are found.
pub(super) fn number_mac(keyring: &Keyring, number: &PhoneNumber) -> Vec<u8> {
    keyring.mac(KeyPurpose::GuardNumber, number.e164().as_bytes())
}

fn range(e164: &str) -> &str {
    &e164[..e164.len().saturating_sub(RANGE_DIGITS).max(RANGE_MIN).min(e164.len())]
}

fn without_last(e164: &str, digits: usize) -> &str {
    &e164[..e164.len().saturating_sub(digits)]
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn scopes(number: &str) -> Scopes {
        let number = PhoneNumber::from_e164(number).unwrap();
        Scopes::of(&Keyring::parse(KEY).unwrap(), &number, None)
    }

    #[test]
    fn a_number_is_of_a_country_a_range_a_prefix_and_a_run() {
        let scopes = scopes("+447912123456");
        assert_eq!(
            (&*scopes.country, &*scopes.range, &*scopes.prefix),
            ("GB", "+44791", "+44791212")
        );
        assert_eq!(scopes.run.len(), 32);
        assert!(!scopes.run.contains("4479"), "it cannot be read");
    }

    #[test]
    fn neighbours_share_a_run_and_others_do_not() {
        assert_eq!(scopes("+447912123456").run, scopes("+447912123499").run);
        assert_ne!(scopes("+447912123456").run, scopes("+447912123556").run);
    }

    #[test]
    fn a_short_number_has_scopes_too() {
        assert_eq!(scopes("+2905123").range, "+290");
        assert_eq!(scopes("+1555").range, "+155");
    }
}
