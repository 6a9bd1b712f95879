//! What is limited, for whom, and how much of it there may be: the only such table.
//!
//! What the sends to a number, to a user and for an address are capped at stands in `otp::limits`, and
//! the wrong codes of a user and a number in `otp::lockout`: neither is counted here a second time.

use std::fmt;

use chrono::TimeDelta;

use crate::foundation::{Block, Country, Limited, PhoneNumber, SessionId, UserId};

use super::bucket::Rate;

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Signing up: a hash, and an account.
    Register,
    /// Giving a password: a hash, and a guess.
    Login,
    /// Having a code sent: money.
    SendCode,
    /// Entering a code for a login: a guess.
    VerifyCode,
    /// Asking for a code for a new password. Its sending is limited by itself.
    ForgotPassword,
    /// Setting a new password by a code: a hash, and a guess.
    ResetPassword,
    /// Exchanging a refresh token.
    Refresh,
    /// Proving anew, with a token, that one knows the password: a hash, and a guess.
    ProvePassword,
    /// Asking the admin API.
    Administer,
}

/// What a limit counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An IPv4 address, or an IPv6 /64.
    Address,
    /// An IPv4 /24, or an IPv6 /48.
    Block,
    /// A phone number without its last four digits.
    NumberPrefix,
    /// The country of a phone number.
    Country,
    /// A person.
    User,
    /// A sign-in.
    Session,
}

/// Whose event it is.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// Of somebody at this address.
    Address(Limited),
    /// Of somebody in this block.
    Block(Block),
    /// For a number that begins so.
    NumberPrefix(&'a str),
    /// For a number of this country.
    Country(&'a Country),
    /// Of this person.
    User(UserId),
    /// Of this sign-in.
    Session(SessionId),
}

const MINUTE: TimeDelta = TimeDelta::minutes(1);
const QUARTER: TimeDelta = TimeDelta::minutes(15);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// Every limit: so many in a period, after which room comes back evenly over it. A block has twenty times
/// the room of one address, for the offices and mobile networks behind it; docs/limits.md says more.
pub const LIMITS: [(Action, Scope, u32, TimeDelta); 18] = [
    (Action::Register, Scope::Address, 20, HOUR),
    (Action::Register, Scope::Block, 400, HOUR),
    (Action::Register, Scope::NumberPrefix, 60, HOUR),
    (Action::Login, Scope::Address, 30, QUARTER),
    (Action::Login, Scope::Block, 600, QUARTER),
    (Action::SendCode, Scope::Block, 400, HOUR),
    (Action::SendCode, Scope::NumberPrefix, 60, HOUR),
    (Action::SendCode, Scope::Country, 10_000, HOUR),
    (Action::SendCode, Scope::User, 20, HOUR),
    (Action::VerifyCode, Scope::Address, 60, QUARTER),
    (Action::VerifyCode, Scope::Block, 1200, QUARTER),
    (Action::ForgotPassword, Scope::Address, 20, HOUR),
    (Action::ForgotPassword, Scope::Block, 400, HOUR),
    (Action::ResetPassword, Scope::Address, 30, QUARTER),
    (Action::ResetPassword, Scope::Block, 600, QUARTER),
    (Action::Refresh, Scope::Session, 60, QUARTER),
    (Action::ProvePassword, Scope::User, 10, QUARTER),
    (Action::Administer, Scope::User, 300, MINUTE),
];

impl Action {
    /// As the API, the log and the keys have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::SendCode => "send_code",
            Self::VerifyCode => "verify_code",
            Self::ForgotPassword => "forgot_password",
            Self::ResetPassword => "reset_password",
            Self::Refresh => "refresh",
            Self::ProvePassword => "prove_password",
            Self::Administer => "administer",
        }
    }

    /// Whether it goes on while nothing can be counted. What costs money does not, nor what takes guesses
    /// at a code. Logins by password and sessions do, and what the sending of a code only follows upon.
    pub fn goes_on_uncounted(self) -> bool {
        match self {
            Self::SendCode | Self::VerifyCode | Self::ResetPassword => false,
            Self::Register
            | Self::Login
            | Self::ForgotPassword
            | Self::Refresh
            | Self::ProvePassword
            | Self::Administer => true,
        }
    }

    /// How much of it there may be by `scope`, `factor` times what the table says; `None`: it is not
    /// counted by that.
    pub fn rate(self, scope: Scope, factor: u32) -> Option<Rate> {
        let limit = LIMITS.iter().find(|(action, by, ..)| (*action, *by) == (self, scope))?;
        let (_, _, events, period) = *limit;
        Some(Rate::new(u64::from(events) * u64::from(factor.max(1)), period))
    }
}

impl Scope {
    /// As the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Block => "block",
            Self::NumberPrefix => "number_prefix",
            Self::Country => "country",
            Self::User => "user",
            Self::Session => "session",
        }
    }
}

impl<'a> Subject<'a> {
    /// The address, and the block that it is of.
    pub fn at(address: Limited) -> [Self; 2] {
        [Self::Address(address), Self::Block(address.block())]
    }

    /// What `number` is one of many of. Test numbers have no country.
    pub fn around(number: &'a PhoneNumber) -> impl Iterator<Item = Self> {
        let prefix = Self::NumberPrefix(number.prefix());
        [Some(prefix), number.country().map(Self::Country)].into_iter().flatten()
    }

    /// What it is counted by.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Address(_) => Scope::Address,
            Self::Block(_) => Scope::Block,
            Self::NumberPrefix(_) => Scope::NumberPrefix,
            Self::Country(_) => Scope::Country,
            Self::User(_) => Scope::User,
            Self::Session(_) => Scope::Session,
        }
    }

    /// What names it among those of its scope. Personal: only the key that is made of it is kept.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Block(block) => block.to_string(),
            Self::NumberPrefix(prefix) => (*prefix).to_owned(),
            Self::Country(country) => country.to_string(),
            Self::User(user) => user.to_string(),
            Self::Session(session) => session.to_string(),
        }
    }
}

/// Whose it is stays unsaid.
impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({}:…)", self.scope().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_in_the_table_twice_and_a_block_has_twenty_times_the_room_of_an_address() {
        for (at, (action, scope, events, period)) in LIMITS.iter().enumerate() {
            let again = LIMITS.iter().skip(at + 1).any(|it| (it.0, it.1) == (*action, *scope));
            assert!(!again, "{action:?} by {scope:?}");
            let block = LIMITS.iter().find(|it| (it.0, it.1) == (*action, Scope::Block));
            if let (Scope::Address, Some((.., block, of_block))) = (scope, block) {
                assert_eq!((events * 20, period), (*block, of_block), "{action:?}");
            }
        }
    }

    #[test]
    fn what_is_not_in_the_table_is_not_limited_and_a_factor_widens_what_is() {
        let hour = TimeDelta::hours(1);
        assert_eq!(Action::VerifyCode.rate(Scope::Session, 1), None);
        assert_eq!(Action::Register.rate(Scope::Address, 1), Some(Rate::new(20, hour)));
        assert_eq!(Action::Register.rate(Scope::Address, 3), Some(Rate::new(60, hour)));
        assert_eq!(Action::Register.rate(Scope::Address, 0), Some(Rate::new(20, hour)));
    }

    #[test]
    fn a_subject_shows_nothing_of_whose_it_is() {
        let number = PhoneNumber::from_e164("+14155552671").unwrap();
        let shown: Vec<_> = Subject::around(&number).map(|it| format!("{it:?}")).collect();
        assert_eq!(shown, ["Subject(number_prefix:…)", "Subject(country:…)"]);
    }
}
