//! Why an e-mail is sent, with everything that its text tells.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::foundation::{EmailAddress, PhoneNumber};

/// Why an e-mail is sent. What the text tells are fields, so that none can be missing.
///
/// Addresses and numbers are masked before they get here ([`Occasion::address_changed`] and its
/// like): a mailbox may be read by somebody else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// To the address that somebody signed up with: prove that you read it.
    AddressVerification {
        /// Where that is done. A secret.
        link: String,
    },
    /// To the new address of somebody who wants another one: prove that you read it.
    AddressChange {
        /// Where that is done. A secret.
        link: String,
    },
    /// To the old address: another one has taken its place.
    AddressChanged {
        /// The new one, masked.
        address: String,
    },
    /// Another number has taken the place of the old one.
    PhoneChanged {
        /// The new one, masked.
        number: String,
        /// Where the change is undone. A secret.
        undo_link: String,
        /// Until when it can be.
        undo_until: DateTime<Utc>,
    },
    /// The password was changed by somebody who knew the old one.
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
    },
    /// The password was set anew with a code.
    PasswordReset {
        /// When.
        at: DateTime<Utc>,
    },
    /// A refresh token was used that had been used up before: it was stolen, or its thief was first.
    RefreshTokenReused {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody signed in on a device that was not known.
    NewDevice {
        /// When.
        at: DateTime<Utc>,
        /// What the device says of itself.
        device: String,
    },
    /// The account was locked.
    AccountLocked {
        /// When.
        at: DateTime<Utc>,
    },
    /// The account is to be erased.
    DeletionBegun {
        /// When it will be.
        erased_at: DateTime<Utc>,
    },
    /// Somebody tried to sign up with the address or number of an account that there is.
    SignUpAttempted {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody else has proven the number of this account, which can keep it for some time.
    NumberClaimed {
        /// The number, masked.
        number: String,
        /// Until when proving it once more keeps it.
        keep_until: DateTime<Utc>,
    },
    /// Somebody else has proven the number of this account, which has lost it.
    NumberReleased {
        /// The number, masked.
        number: String,
    },
    /// Too many wrong passwords in a row: only devices that are known log in.
    PasswordGuessed {
        /// When.
        at: DateTime<Utc>,
    },
    /// Codes of an authenticator app count from now on.
    TotpEnabled {
        /// When.
        at: DateTime<Utc>,
    },
    /// … and no longer.
    TotpDisabled {
        /// When.
        at: DateTime<Utc>,
    },
}

/// The texts that there are, one for each [`Occasion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is described at the occasion of its name")]
pub enum TemplateName {
    AddressVerification,
    AddressChange,
    AddressChanged,
    PhoneChanged,
    PasswordChanged,
    PasswordReset,
    RefreshTokenReused,
    NewDevice,
    AccountLocked,
    DeletionBegun,
    SignUpAttempted,
    NumberClaimed,
    NumberReleased,
    PasswordGuessed,
    TotpEnabled,
    TotpDisabled,
}

/// What a text ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Who did not ask for it need do nothing.
    Ignore,
    /// Who did not do it should act.
    Act,
    /// Nothing more is to be said.
    None,
}

/// What stands in the place of a variable.
#[derive(Clone)]
pub(super) enum Value {
    /// Words.
    Words(String),
    /// A link, which HTML makes one that can be followed.
    Link(Zeroizing<String>),
}

impl Occasion {
    /// [`Self::AddressChanged`] to `address`, masked.
    pub fn address_changed(address: &EmailAddress) -> Self {
        Self::AddressChanged { address: address.to_string() }
    }

    /// [`Self::PhoneChanged`] to `number`, masked.
    pub fn phone_changed(
        number: &PhoneNumber,
        undo_link: String,
        undo_until: DateTime<Utc>,
    ) -> Self {
        Self::PhoneChanged { number: number.masked(), undo_link, undo_until }
    }

    /// [`Self::NumberClaimed`] for `number`, masked.
    pub fn number_claimed(number: &PhoneNumber, keep_until: DateTime<Utc>) -> Self {
        Self::NumberClaimed { number: number.masked(), keep_until }
    }

    /// [`Self::NumberReleased`] for `number`, masked.
    pub fn number_released(number: &PhoneNumber) -> Self {
        Self::NumberReleased { number: number.masked() }
    }

    /// Which text it has.
    pub fn template(&self) -> TemplateName {
        match self {
            Self::AddressVerification { .. } => TemplateName::AddressVerification,
            Self::AddressChange { .. } => TemplateName::AddressChange,
            Self::AddressChanged { .. } => TemplateName::AddressChanged,
            Self::PhoneChanged { .. } => TemplateName::PhoneChanged,
            Self::PasswordChanged { .. } => TemplateName::PasswordChanged,
            Self::PasswordReset { .. } => TemplateName::PasswordReset,
            Self::RefreshTokenReused { .. } => TemplateName::RefreshTokenReused,
            Self::NewDevice { .. } => TemplateName::NewDevice,
            Self::AccountLocked { .. } => TemplateName::AccountLocked,
            Self::DeletionBegun { .. } => TemplateName::DeletionBegun,
            Self::SignUpAttempted { .. } => TemplateName::SignUpAttempted,
            Self::NumberClaimed { .. } => TemplateName::NumberClaimed,
            Self::NumberReleased { .. } => TemplateName::NumberReleased,
            Self::PasswordGuessed { .. } => TemplateName::PasswordGuessed,
            Self::TotpEnabled { .. } => TemplateName::TotpEnabled,
            Self::TotpDisabled { .. } => TemplateName::TotpDisabled,
        }
    }

    /// What stands for the variables, in the order of [`TemplateName::variables`].
    pub(super) fn values(&self) -> Vec<Value> {
        let words = |text: &str| Value::Words(one_line(text));
        let time = |at: &DateTime<Utc>| Value::Words(at.format("%Y-%m-%d %H:%M UTC").to_string());
        let link = |link: &str| Value::Link(Zeroizing::new(link.to_owned()));
        match self {
            Self::AddressVerification { link: to } | Self::AddressChange { link: to } => {
                vec![link(to)]
            }
            Self::AddressChanged { address } => vec![words(address)],
            Self::PhoneChanged { number, undo_link, undo_until } => {
                vec![words(number), link(undo_link), time(undo_until)]
            }
            Self::PasswordChanged { at }
            | Self::PasswordReset { at }
            | Self::RefreshTokenReused { at }
            | Self::AccountLocked { at }
            | Self::SignUpAttempted { at }
            | Self::PasswordGuessed { at }
            | Self::TotpEnabled { at }
            | Self::TotpDisabled { at } => vec![time(at)],
            Self::NewDevice { at, device } => vec![time(at), words(device)],
            Self::DeletionBegun { erased_at } => vec![time(erased_at)],
            Self::NumberClaimed { number, keep_until } => vec![words(number), time(keep_until)],
            Self::NumberReleased { number } => vec![words(number)],
        }
    }
}

/// Links are secrets, and the rest is personal.
impl std::fmt::Debug for Occasion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Occasion({})", self.template().as_str())
    }
}

/// More of a device's own words than anybody reads.
const WORDS_MAX: usize = 120;

/// Words of others, without line ends and other control characters, and not endless.
fn one_line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(WORDS_MAX).collect()
}

impl TemplateName {
    /// Every text, in the order of the enum.
    pub const ALL: [Self; 16] = [
        Self::AddressVerification,
        Self::AddressChange,
        Self::AddressChanged,
        Self::PhoneChanged,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::RefreshTokenReused,
        Self::NewDevice,
        Self::AccountLocked,
        Self::DeletionBegun,
        Self::SignUpAttempted,
        Self::NumberClaimed,
        Self::NumberReleased,
        Self::PasswordGuessed,
        Self::TotpEnabled,
        Self::TotpDisabled,
    ];

    /// The name in the data files and in `email_outbox.template`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AddressVerification => "address_verification",
            Self::AddressChange => "address_change",
            Self::AddressChanged => "address_changed",
            Self::PhoneChanged => "phone_changed",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::RefreshTokenReused => "refresh_token_reused",
            Self::NewDevice => "new_device",
            Self::AccountLocked => "account_locked",
            Self::DeletionBegun => "deletion_begun",
            Self::SignUpAttempted => "sign_up_attempted",
            Self::NumberClaimed => "number_claimed",
            Self::NumberReleased => "number_released",
            Self::PasswordGuessed => "password_guessed",
            Self::TotpEnabled => "totp_enabled",
            Self::TotpDisabled => "totp_disabled",
        }
    }

    /// The variables that the text must have, each of them once or more.
    pub const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::AddressVerification | Self::AddressChange => &["link"],
            Self::AddressChanged => &["address"],
            Self::PhoneChanged => &["number", "undo_link", "undo_until"],
            Self::PasswordChanged
            | Self::PasswordReset
            | Self::RefreshTokenReused
            | Self::AccountLocked
            | Self::SignUpAttempted
            | Self::PasswordGuessed
            | Self::TotpEnabled
            | Self::TotpDisabled => &["at"],
            Self::NewDevice => &["at", "device"],
            Self::DeletionBegun => &["erased_at"],
            Self::NumberClaimed => &["number", "keep_until"],
            Self::NumberReleased => &["number"],
        }
    }

    /// What the text ends with.
    pub(super) const fn closing(self) -> Closing {
        match self {
            Self::AddressVerification | Self::AddressChange => Closing::Ignore,
            Self::AccountLocked
            | Self::SignUpAttempted
            | Self::NumberClaimed
            | Self::NumberReleased
            | Self::PasswordGuessed => Closing::None,
            _ => Closing::Act,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One of each, with values that can be told apart.
    pub(in crate::emails) fn all() -> Vec<Occasion> {
        let at = DateTime::from_timestamp(1_772_600_767, 0).unwrap();
        let link = || "https://auth.example.com/email/verify#secret".to_owned();
        let address = EmailAddress::parse("ada@example.com").unwrap();
        let number = PhoneNumber::from_e164("+14155552671").unwrap();
        vec![
            Occasion::AddressVerification { link: link() },
            Occasion::AddressChange { link: link() },
            Occasion::address_changed(&address),
            Occasion::phone_changed(&number, link(), at),
            Occasion::PasswordChanged { at },
            Occasion::PasswordReset { at },
            Occasion::RefreshTokenReused { at },
            Occasion::NewDevice { at, device: "A phone".to_owned() },
            Occasion::AccountLocked { at },
            Occasion::DeletionBegun { erased_at: at },
            Occasion::SignUpAttempted { at },
            Occasion::number_claimed(&number, at),
            Occasion::number_released(&number),
            Occasion::PasswordGuessed { at },
            Occasion::TotpEnabled { at },
            Occasion::TotpDisabled { at },
        ]
    }

    #[test]
    fn each_occasion_has_a_template_with_a_variable_for_each_value() {
        let occasions = all();
        assert_eq!(occasions.len(), TemplateName::ALL.len());
        for (occasion, template) in occasions.iter().zip(TemplateName::ALL) {
            assert_eq!(occasion.template(), template);
            assert_eq!(occasion.values().len(), template.variables().len(), "{template:?}");
            let told = serde_json::to_value(occasion).unwrap();
            let name = told.as_object().unwrap().keys().next().unwrap();
            assert_eq!(name, template.as_str());
            let fields: Vec<_> = told[name].as_object().unwrap().keys().cloned().collect();
            let mut variables = template.variables().to_vec();
            variables.sort_unstable();
            assert_eq!(fields, variables, "{template:?}");
        }
    }

    #[test]
    fn nothing_of_an_occasion_is_shown() {
        for occasion in all() {
            let shown = format!("{occasion:?}");
            assert!(!shown.contains("secret") && !shown.contains('@'), "{shown}");
        }
    }

    #[test]
    fn the_words_of_a_device_stay_on_one_line() {
        let at = DateTime::UNIX_EPOCH;
        let device = format!("A\r\nBcc: eve@example.com\u{7}{}", "x".repeat(500));
        let values = Occasion::NewDevice { at, device }.values();
        let Value::Words(words) = &values[1] else { panic!("no words") };
        assert!(words.starts_with("A  Bcc: eve@example.com xx"), "{words}");
        assert!(words.chars().count() <= WORDS_MAX && !words.contains(char::is_control));
    }
}
