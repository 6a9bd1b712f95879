//! One-time codes: sending them, judging guesses, and the limits on both.
//!
//! Owns the tables `otp_challenges`, `otp_windows`, `messages` and `message_budgets`, and the keys in
//! Redis where that is in use. No database connection is held while a provider is asked. Whoever judges a
//! code, the count of guesses, its expiry and its single use are kept here.
//!
//! | to | look at |
//! |---|---|
//! | decide on a code | `send`, `limits` (what it counts against), `windows` (how that is counted) |
//! | hand it over | `deliver`, `carriers` (whom to ask), `breaker` (whom to leave alone), `carriage` |
//! | keep codes and limits on addresses elsewhere | `code_store` (the port), `store`, `redis_store`, `work` |
//! | find words for it | `text`, `spoken` |
//! | judge a guess | `guess`, `app_codes` (those of apps), `code`, `lockout` (the wait after wrong ones) |
//! | know what was sent, and what it cost | `ledger`, `money`, `spending` (where the two meet) |
//! | hear from a carrier | `webhooks` (where it calls), `receive` |
//! | tell a number something without a code | `notice` |
//! | try a carrier | `trial` |
//! | tell or forget what is kept of a person | `personal` |
//! | tell what is kept under which key | `kept_under` |

mod app_codes;
mod breaker;
mod carriage;
mod carriers;
mod channel;
mod code;
mod code_store;
mod deliver;
mod guess;
mod kept_under;
mod ledger;
mod limits;
mod lockout;
mod money;
mod notice;
mod personal;
pub mod providers;
mod receive;
#[cfg(feature = "redis")]
mod redis_store;
mod send;
mod single;
mod spending;
mod spoken;
mod store;
pub mod text;
mod trial;
mod webhooks;
mod windows;
mod work;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};
use tracing::warn;

use crate::foundation::{Clock, Country, Entropy, EntropyError, Keyring};

pub use crate::foundation::Language;
pub use app_codes::CountedGuess;
pub use breaker::BreakerState;
pub use carriers::{Carrier, Carriers, Destination, Route};
pub use channel::Channel;
pub use code::{OtpCode, OtpCodeError};
pub use code_store::{CodeStore, StoreFailure};
pub use deliver::Sent;
pub use guess::{Ending, Guess, GuessError, Judgement};
pub use kept_under::{codes_kept_under, numbers_kept_under};
pub use ledger::{Figures, ReportBy, ReportLine, report};
pub use limits::CountedReset;
pub use lockout::LONG_CODE_DIGITS;
pub use money::{
    Amount, AmountError, BudgetScope, Budgets, Currency, CurrencyError, Money, Prices, PricesError,
    Spent,
};
pub use personal::{Exported, forget, numbers_of};
pub use providers::Provider;
pub use receive::Noted;
#[cfg(feature = "redis")]
pub use redis_store::RedisStore;
pub use send::{Draft, Live, Recipient, SendError};
pub use spending::BudgetNews;
pub use spoken::Speech;
pub use text::{Addressee, AppHash, Occasion, Texts};
pub use trial::Trial;
pub use webhooks::{NoBaseUrl, WebhookLinks};

/// How long codes and the windows over sends are kept for: the longest window is a day.
const KEPT_FOR: TimeDelta = TimeDelta::days(1);
/// How long budgets are kept for: a year can be looked at, and no carrier tells a price as late.
const BUDGETS_KEPT_FOR: TimeDelta = TimeDelta::days(400);

/// What a right code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To finish a login, which also verifies the phone.
    Login,
    /// To set a new password without the old one.
    PasswordReset,
    /// To make another number one's own.
    PhoneChange,
}

impl Purpose {
    /// Every purpose.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "Redis would be asked"))]
    pub(crate) const ALL: [Self; 3] = [Self::Login, Self::PasswordReset, Self::PhoneChange];

    /// As the database has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::PasswordReset => "password_reset",
            Self::PhoneChange => "phone_change",
        }
    }
}

/// What a limit counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The person.
    User,
    /// The phone number.
    Number,
    /// The client's address.
    Address,
    /// The block of addresses that it is of.
    Block,
    /// The number without its last four digits.
    NumberPrefix,
    /// The country of the number.
    Country,
}

impl Scope {
    /// As the API has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Number => "number",
            Self::Address => "address",
            Self::Block => "block",
            Self::NumberPrefix => "number_prefix",
            Self::Country => "country",
        }
    }
}

/// The rules on codes, from the settings.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `OTP_LENGTH`: digits of the codes that we make; 6 to 10. At least [`LONG_CODE_DIGITS`] for whom too
    /// many wrong codes were given.
    pub length: usize,
    /// `OTP_TTL_SECONDS`: how long a code is good for; at most 10 minutes (NIST SP 800-63B-4, 3.1.3).
    pub lifetime: TimeDelta,
    /// `OTP_MAX_ATTEMPTS`: guesses for one code.
    pub attempts: i16,
    /// `OTP_RESEND_SECONDS`: the wait between sends to one user; zero for none.
    pub resend_wait: TimeDelta,
    /// `OTP_MAX_PER_NUMBER_HOURLY`.
    pub per_number_hourly: u32,
    /// `OTP_MAX_PER_NUMBER_DAILY`.
    pub per_number_daily: u32,
    /// `OTP_MAX_PER_ADDRESS_HOURLY`.
    pub per_address_hourly: u32,
    /// `OTP_WRONG_PER_HOUR`: wrong codes for one user and for one number, whatever the code. Who goes
    /// on after that waits ever longer: `lockout.rs` has the rule.
    pub wrong_per_hour: u32,
    /// `SINCH_VERIFICATION_METHOD`: the channel where a client asks for none.
    pub default_channel: Channel,
    /// `ALLOWED_COUNTRIES`: `None` for all.
    pub allowed_countries: Option<HashSet<Country>>,
    /// `TEST_PHONE_NUMBERS`: E.164 to the code that is always right for it.
    pub test_numbers: HashMap<String, OtpCode>,
    /// `OTP_TEXTS_FILE`, `OTP_ORIGIN`, `ANDROID_APP_HASHES`: what the messages say.
    pub texts: Texts,
}

/// Sends codes and judges guesses.
#[derive(Debug)]
pub struct Otp {
    rules: Rules,
    money: Money,
    carriers: Carriers,
    store: CodeStore,
    keyring: std::sync::Arc<Keyring>,
    clock: Clock,
    entropy: Entropy,
    /// What is still to be asked for by [`Otp::take_budget_news`].
    budget_news: std::sync::Mutex<Vec<BudgetNews>>,
}

/// Something broke that nobody outside can mend.
#[derive(Debug, thiserror::Error)]
pub enum OtpFailure {
    /// The database did.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The store of codes did, where it is not the database.
    #[error(transparent)]
    Store(#[from] StoreFailure),
    /// The operating system's generator did.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl Otp {
    /// Codes by `rules`, paid for within `money`, carried by `carriers`, kept in `store`.
    pub fn new(
        rules: Rules,
        money: Money,
        carriers: Carriers,
        store: CodeStore,
        keyring: std::sync::Arc<Keyring>,
        clock: Clock,
        entropy: Entropy,
    ) -> Self {
        let budget_news = std::sync::Mutex::default();
        Self { rules, money, carriers, store, keyring, clock, entropy, budget_news }
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Who carries the codes.
    pub fn carriers(&self) -> &Carriers {
        &self.carriers
    }

    /// What the budgets have come to, and the currency that they are in.
    pub async fn budgets_spent(
        &self,
        connection: &mut PgConnection,
    ) -> sqlx::Result<(&Currency, Vec<Spent>)> {
        let spent = self.money.spent(connection, self.clock.now()).await?;
        Ok((self.money.currency(), spent))
    }

    /// Where codes are kept.
    pub fn store(&self) -> &CodeStore {
        &self.store
    }

    /// Deletes what no limit and no guess asks for any more, and calls unknown what was left behind
    /// in the ledger. Returns the number of rows deleted.
    pub async fn keep_house(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
        let connection = &mut *database.acquire().await?;
        let left_behind =
            ledger::give_up_on_queued(connection, ledger::left_behind_before(now), now).await?;
        if left_behind > 0 {
            warn!(
                messages = left_behind,
                "messages were left behind: whether they were sent is unknown"
            );
        }
        let before = now - KEPT_FOR;
        let challenges = store::delete_old(connection, before).await?;
        let budgets = money::delete_old(connection, (now - BUDGETS_KEPT_FOR).date_naive()).await?;
        let guesses_before = now - lockout::MEMORY;
        let wrong_codes_before = now - lockout::LONG_MEMORY.period;
        let windows =
            windows::delete_idle(connection, before, guesses_before, wrong_codes_before).await?;
        Ok(challenges + budgets + windows)
    }
}
