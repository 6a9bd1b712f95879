//! Deciding on a code: within all limits, by which carrier, written down before anybody is asked.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::foundation::{ChallengeId, Limited, MessageId, NumberType, PhoneNumber, UserId};

use super::carriage::Carriage;
use super::carriers::Carrier;
use super::code::{Binding, CodeHash};
use super::code_store::Key;
use super::deliver::{Parcel, STORE_AWAY};
use super::ledger::{self, Entry};
use super::limits::Counted;
use super::money::{BudgetScope, Postings, Warning};
use super::providers::failure::ProviderFailure;
use super::store::NewChallenge;
use super::windows::Subject;
use super::work::Work;
use super::{Addressee, Channel, Otp, OtpCode, OtpFailure, Purpose, Scope, StoreFailure};

/// Who is to get a code, by which way, and from where that was asked.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Whose code it is.
    pub user: UserId,
    /// What the right code is good for.
    pub purpose: Purpose,
    /// Where it goes.
    pub number: PhoneNumber,
    /// By which way.
    pub channel: Channel,
    /// Who asks.
    pub address: Limited,
    /// What the text is for, and in which language.
    pub addressee: Addressee,
}

/// A code that has been decided on and written down, but that no carrier has taken yet.
#[derive(Debug)]
pub struct Draft {
    pub(super) challenge: ChallengeId,
    pub(super) message: MessageId,
    pub(super) recipient: Recipient,
    pub(super) carriage: Carriage,
    /// Who is asked next, should this carrier be out of order.
    pub(super) others: VecDeque<Arc<Carrier>>,
    /// How many a code of our own has.
    pub(super) digits: usize,
    /// A carrier asked before may have sent it all the same.
    pub(super) may_have_sent: bool,
    pub(super) counted: Vec<Subject>,
    pub(super) reserved_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) resend_at: DateTime<Utc>,
}

/// A code that is on its way or has arrived.
#[derive(Clone, Debug)]
pub struct Live {
    /// How it travels.
    pub channel: Channel,
    /// Where to, masked: `+1•••••••2671`.
    pub destination: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// From when on another can be had.
    pub resend_at: DateTime<Utc>,
}

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// `OTP_RESEND_SECONDS` have not passed since the last one.
    #[error("another code may be sent at {retry_at}")]
    Cooldown {
        /// When they will have.
        retry_at: DateTime<Utc>,
    },
    /// A cap on sends is reached.
    #[error("the cap on sends for one {} is reached until {retry_at}", scope.as_str())]
    Capped {
        /// Whose.
        scope: Scope,
        /// When there is room again.
        retry_at: DateTime<Utc>,
    },
    /// A budget has no room for the message.
    #[error("the budget of the {} is spent until {retry_at}", scope.as_str())]
    BudgetExhausted {
        /// Which budget.
        scope: BudgetScope,
        /// When the next day or month begins.
        retry_at: DateTime<Utc>,
    },
    /// The number cannot receive by this channel, or no carrier carries it.
    #[error("the number cannot receive by this channel, or no carrier carries it")]
    ChannelImpossible,
    /// `ALLOWED_COUNTRIES` does not have the number's country.
    #[error("no codes are sent to the number's country")]
    CountryNotAllowed,
    /// Every carrier has been out of order lately and is left alone for a while.
    #[error("every carrier is left alone until {retry_at}")]
    NoCarrier {
        /// When the first of them is asked again.
        retry_at: DateTime<Utc>,
    },
    /// A newer code was asked for while a carrier was asked: this one is worth nothing any more.
    #[error("a newer code has taken its place")]
    Overtaken,
    /// No carrier took it; the failure of the last one asked.
    #[error("the provider did not send the code")]
    Provider(#[from] ProviderFailure),
    /// Something broke.
    #[error(transparent)]
    Failure(#[from] OtpFailure),
}

impl From<sqlx::Error> for SendError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failure(error.into())
    }
}

impl From<StoreFailure> for SendError {
    fn from(failure: StoreFailure) -> Self {
        Self::Failure(failure.into())
    }
}

impl Otp {
    /// Decides on a code for `recipient`: counts it against every limit, ends the code before it
    /// and writes it down, in the ledger too, all or nothing. Nothing is sent yet.
    pub async fn reserve(
        &self,
        database: &PgPool,
        recipient: Recipient,
    ) -> Result<Draft, SendError> {
        let now = self.clock.now();
        let test_code = self.rules.test_numbers.get(recipient.number.e164()).cloned();
        let digits = self.code_digits(database, recipient.user, &recipient.number).await?;
        let (carriage, others) = match test_code {
            Some(code) => (Carriage::Test(code), VecDeque::new()),
            None => self.choose(&recipient, digits, now)?,
        };
        let carrier = carriage.carrier().cloned();
        let reserved = self.reserve_by(database, recipient, (carriage, others), digits, now).await;
        if let (Err(_), Some(carrier)) = (&reserved, carrier) {
            carrier.give_back(now);
        }
        reserved
    }

    async fn reserve_by(
        &self,
        database: &PgPool,
        recipient: Recipient,
        (carriage, others): (Carriage, VecDeque<Arc<Carrier>>),
        digits: usize,
        now: DateTime<Utc>,
    ) -> Result<Draft, SendError> {
        let mut work = Work::on(database);
        let counted = match carriage {
            Carriage::Test(_) => Counted::default(),
            _ => self.count_send(&mut work, &recipient, now).await?,
        };
        let is_free = counted.is_free;
        let draft = self.draft(recipient, (carriage, others), digits, counted, now)?;
        let new = self.new_challenge(&draft, is_free);
        if let Err(refusal) = self.write_down(database, work, &draft, &new).await {
            self.undo_count_send(&draft, is_free).await;
            return Err(refusal);
        }
        if let Err(failure) = self.store.replace_after_commit(&new).await {
            self.give_up(database, &draft, STORE_AWAY).await?;
            return Err(failure.into());
        }
        Ok(draft)
    }

    /// Writes the code into PostgreSQL and enters its message in the ledger.
    async fn write_down(
        &self,
        database: &PgPool,
        mut work: Work<'_>,
        draft: &Draft,
        new: &NewChallenge<'_>,
    ) -> Result<(), SendError> {
        let now = draft.reserved_at;
        self.store.replace_within(&mut work, new).await?;
        let mut transaction = work.into_transaction().await?;
        let entered = self.enter(&mut transaction, draft, Postings::default(), now).await;
        self.conclude(database, transaction, entered, now).await
    }

    /// The code for `purpose` that the user has been sent and can still enter, if any.
    pub async fn find_live(
        &self,
        database: &PgPool,
        user: UserId,
        purpose: Purpose,
        resend_at: DateTime<Utc>,
    ) -> Result<Option<Live>, OtpFailure> {
        let row = self.store.find_live(database, user, purpose, self.clock.now()).await?;
        Ok(row.map(|row| Live {
            channel: Channel::parse(&row.channel).unwrap_or(self.rules.default_channel),
            destination: PhoneNumber::from_e164(&row.phone_number)
                .map(|number| number.masked())
                .unwrap_or_default(),
            expires_at: row.expires_at,
            resend_at,
        }))
    }

    /// Who carries the code, and who stands by.
    fn choose(
        &self,
        recipient: &Recipient,
        digits: usize,
        now: DateTime<Utc>,
    ) -> Result<(Carriage, VecDeque<Arc<Carrier>>), SendError> {
        if !self.rules.allows(&recipient.number) {
            return Err(SendError::CountryNotAllowed);
        }
        match (recipient.number.number_type(), recipient.channel) {
            (NumberType::TextsAndCalls, _) | (NumberType::CallsOnly, Channel::Call) => {}
            _ => return Err(SendError::ChannelImpossible),
        }
        let in_order = self.carriers.in_order(&recipient.number, recipient.channel);
        if in_order.is_empty() {
            return Err(SendError::ChannelImpossible);
        }
        let mut others = VecDeque::from(in_order.clone());
        let Some(carrier) = next_admitted(&mut others, now) else {
            let admits_at = in_order.iter().map(|carrier| carrier.admits_at(now));
            return Err(SendError::NoCarrier { retry_at: admits_at.min().unwrap_or(now) });
        };
        Ok((self.carriage(&carrier, None, digits)?, others))
    }

    pub(super) fn carriage(
        &self,
        carrier: &Arc<Carrier>,
        code: Option<&OtpCode>,
        digits: usize,
    ) -> Result<Carriage, OtpFailure> {
        Ok(Carriage::by(carrier, code, &self.entropy, digits)?)
    }

    /// Enters the message in the ledger and counts its price, where anybody is to carry it. Books
    /// `postings` with it.
    pub(super) async fn enter(
        &self,
        connection: &mut PgConnection,
        draft: &Draft,
        postings: Postings,
        now: DateTime<Utc>,
    ) -> Result<Vec<Warning>, SendError> {
        let Some(carrier) = draft.carriage.carrier() else { return Ok(Vec::new()) };
        let Recipient { number, channel, purpose, .. } = &draft.recipient;
        let price = self.money.price(carrier.name(), *channel, number);
        let entry = Entry {
            id: draft.message,
            challenge: draft.challenge,
            user: Some(draft.recipient.user),
            number,
            provider: carrier.name(),
            channel: *channel,
            purpose: purpose.as_str(),
            price,
            currency: self.money.currency(),
        };
        ledger::add(connection, &self.keyring, &entry, now).await?;
        // Last in the transaction: every message waits for these rows.
        self.money.reserve(connection, postings, number.country(), price, now).await
    }

    fn draft(
        &self,
        recipient: Recipient,
        (carriage, others): (Carriage, VecDeque<Arc<Carrier>>),
        digits: usize,
        counted: Counted,
        now: DateTime<Utc>,
    ) -> Result<Draft, OtpFailure> {
        let wait = match carriage {
            Carriage::Test(_) => TimeDelta::zero(),
            Carriage::Hosted(..) | Carriage::Delivery(..) => self.rules.resend_wait,
        };
        Ok(Draft {
            challenge: ChallengeId::new(now, &self.entropy)?,
            message: MessageId::new(now, &self.entropy)?,
            recipient,
            carriage,
            others,
            digits,
            may_have_sent: false,
            counted: counted.subjects,
            reserved_at: now,
            expires_at: now + self.rules.lifetime,
            resend_at: now + wait,
        })
    }

    fn new_challenge<'a>(&self, draft: &'a Draft, is_free: bool) -> NewChallenge<'a> {
        NewChallenge {
            id: draft.challenge,
            user: draft.recipient.user,
            purpose: draft.recipient.purpose,
            channel: draft.recipient.channel,
            number: &draft.recipient.number,
            provider: draft.carriage.provider_name(),
            code_hash: self.code_hash(draft),
            attempts: self.rules.attempts,
            free_resend: !is_free,
            created_at: draft.reserved_at,
            expires_at: draft.expires_at,
        }
    }

    /// What is stored of the code, where we judge it.
    pub(super) fn code_hash(&self, draft: &Draft) -> Option<CodeHash> {
        let Recipient { purpose, ref number, .. } = draft.recipient;
        let binding = Binding { purpose, challenge: draft.challenge, number };
        draft.carriage.own_code().map(|code| binding.hash(&self.keyring, code))
    }
}

/// Takes carriers off `others` up to the first that may be asked now.
pub(super) fn next_admitted(
    others: &mut VecDeque<Arc<Carrier>>,
    now: DateTime<Utc>,
) -> Option<Arc<Carrier>> {
    std::iter::from_fn(|| others.pop_front()).find(|carrier| carrier.admits(now))
}

impl Draft {
    pub(super) fn key(&self) -> Key {
        Key { user: self.recipient.user, purpose: self.recipient.purpose, id: self.challenge }
    }

    pub(super) fn parcel(&self) -> Parcel<'_> {
        let Recipient { number, channel, addressee, .. } = &self.recipient;
        let (message, challenge) = (self.message, self.challenge);
        Parcel { message, challenge, to: number, channel: *channel, addressee }
    }

    /// The code as it will be once sent.
    pub(super) fn live(&self) -> Live {
        Live {
            channel: self.recipient.channel,
            destination: self.recipient.number.masked(),
            expires_at: self.expires_at,
            resend_at: self.resend_at,
        }
    }
}
