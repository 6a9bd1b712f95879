//! Sending a code: reserve it within all limits, hand it to the provider, note what became of it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};

use crate::foundation::{ChallengeId, Limited, NumberType, PhoneNumber, UserId};

use super::code::Binding;
use super::providers::delivery::{Message, MessageSender};
use super::providers::failure::ProviderFailure;
use super::providers::hosted::HostedVerifier;
use super::store::{self, End, NewChallenge};
use super::windows::{self, Subject, Window};
use super::{Channel, Otp, OtpCode, OtpFailure, Provider, Purpose, Scope};

/// Named in `otp_challenges.provider` for the numbers of `TEST_PHONE_NUMBERS`.
const TEST_PROVIDER: &str = "test";

/// Who is to get a code, by which way, and from where that was asked.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// Whose code it is.
    pub user: UserId,
    /// Where it goes.
    pub number: PhoneNumber,
    /// By which way.
    pub channel: Channel,
    /// Who asks.
    pub address: Limited,
}

/// A code that has been decided on and written down, but not handed to the provider yet.
#[derive(Debug)]
pub struct Draft {
    challenge: ChallengeId,
    recipient: Recipient,
    carriage: Carriage,
    counted: Vec<Subject>,
    reserved_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    resend_at: DateTime<Utc>,
}

/// Who makes the code of a draft, and who carries it.
#[derive(Debug)]
enum Carriage {
    /// The provider does both.
    Hosted(Arc<dyn HostedVerifier>),
    /// We make it, the provider carries it.
    Delivery(Arc<dyn MessageSender>, OtpCode),
    /// `TEST_PHONE_NUMBERS` has it, and nobody carries it.
    Test(OtpCode),
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
        /// Which: the number's or the address's.
        scope: Scope,
        /// When there is room again.
        retry_at: DateTime<Utc>,
    },
    /// The number cannot receive by this channel, or the provider does not carry it.
    #[error("the number cannot receive by this channel, or the provider does not carry it")]
    ChannelImpossible,
    /// `ALLOWED_COUNTRIES` does not have the number's country.
    #[error("no codes are sent to the number's country")]
    CountryNotAllowed,
    /// The provider did not take it.
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

impl Otp {
    /// Decides on a code for `recipient`: counts it against every limit, ends the code before it
    /// and writes it down, all or nothing. Nothing is sent yet.
    pub async fn reserve(
        &self,
        database: &PgPool,
        recipient: Recipient,
    ) -> Result<Draft, SendError> {
        let now = self.clock.now();
        let test_code = self.rules.test_numbers.get(recipient.number.e164()).cloned();
        if test_code.is_none() {
            self.require_reachable(&recipient)?;
        }
        let mut transaction = database.begin().await?;
        let counted = match test_code {
            Some(_) => Counted::default(),
            None => self.count_send(&mut transaction, &recipient, now).await?,
        };
        let draft = self.draft(recipient, test_code, &counted, now)?;
        store::replace(&mut transaction, &self.new_challenge(&draft, &counted)).await?;
        transaction.commit().await?;
        Ok(draft)
    }

    /// Hands the code to the provider; call it without a database connection. Returns the
    /// provider's id of the verification where the provider judges the code.
    pub async fn deliver(
        &self,
        draft: &Draft,
        languages: Option<&str>,
    ) -> Result<Option<String>, ProviderFailure> {
        let Recipient { number: to, channel, .. } = &draft.recipient;
        let now = self.clock.now();
        match &draft.carriage {
            Carriage::Hosted(provider) => {
                let reference = draft.challenge.to_string();
                let start = provider.start(now, to.e164(), *channel, &reference, languages);
                start.await.map(|started| Some(started.reference_id))
            }
            Carriage::Delivery(provider, code) => {
                let challenge = draft.challenge;
                let message = Message { challenge, to, channel: *channel, code };
                provider.send(now, &message).await.map(|()| None)
            }
            Carriage::Test(_) => Ok(None),
        }
    }

    /// Notes that the provider took the code. `None`: a newer one took its place meanwhile.
    pub async fn record_sent(
        &self,
        connection: &mut PgConnection,
        draft: &Draft,
        reference: Option<&str>,
    ) -> sqlx::Result<Option<Live>> {
        let marked =
            store::mark_sent(connection, draft.challenge, reference, self.clock.now()).await?;
        Ok(marked.then(|| draft.live()))
    }

    /// Notes that the provider did not take the code. Where it certainly sent nothing the send
    /// does not count, so that the user can ask again at once.
    pub async fn record_failure(
        &self,
        database: &PgPool,
        draft: &Draft,
        failure: &ProviderFailure,
    ) -> sqlx::Result<()> {
        let mut transaction = database.begin().await?;
        store::end(&mut transaction, draft.challenge, End::NotSent, self.clock.now()).await?;
        if !failure.may_have_sent() {
            windows::give_back(&mut transaction, &draft.counted, draft.reserved_at).await?;
        }
        transaction.commit().await
    }

    /// The code that the user has been sent and can still enter, if any.
    pub async fn find_live(
        &self,
        database: &PgPool,
        user: UserId,
        resend_at: DateTime<Utc>,
    ) -> sqlx::Result<Option<Live>> {
        let connection = &mut *database.acquire().await?;
        let row = store::find_live(connection, user, Purpose::Login, self.clock.now()).await?;
        Ok(row.map(|row| Live {
            channel: Channel::parse(&row.channel).unwrap_or(self.rules.default_channel),
            destination: PhoneNumber::from_e164(&row.phone_number)
                .map(|number| number.masked())
                .unwrap_or_default(),
            expires_at: row.expires_at,
            resend_at,
        }))
    }

    fn require_reachable(&self, recipient: &Recipient) -> Result<(), SendError> {
        if !self.rules.allows(&recipient.number) {
            return Err(SendError::CountryNotAllowed);
        }
        if !self.provider.carries(recipient.channel) {
            return Err(SendError::ChannelImpossible);
        }
        match (recipient.number.number_type(), recipient.channel) {
            (NumberType::TextsAndCalls, _) | (NumberType::CallsOnly, Channel::Call) => Ok(()),
            _ => Err(SendError::ChannelImpossible),
        }
    }

    async fn count_send(
        &self,
        connection: &mut PgConnection,
        recipient: &Recipient,
        now: DateTime<Utc>,
    ) -> Result<Counted, SendError> {
        let horizon = now - self.rules.lifetime;
        let is_free =
            store::take_free_resend(connection, recipient.user, Purpose::Login, horizon).await?;
        let limits = self.send_limits(recipient, is_free);
        for SendLimit { scope, subject, windows } in &limits {
            if !windows::take(connection, subject, windows, now).await? {
                let retry_at = windows::room_at(connection, subject, windows, now).await?;
                return Err(match *scope {
                    Scope::User => SendError::Cooldown { retry_at },
                    scope => SendError::Capped { scope, retry_at },
                });
            }
        }
        let subjects = limits.map(|limit| limit.subject).to_vec();
        Ok(Counted { subjects, is_free })
    }

    /// What a send counts against. The user comes first even where there is no wait: that row is
    /// what makes two sends to one user follow each other.
    fn send_limits(&self, recipient: &Recipient, is_free: bool) -> [SendLimit; 3] {
        let rules = &self.rules;
        let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
        let has_wait = !is_free && rules.resend_wait > TimeDelta::zero();
        let wait = has_wait.then_some(Window { events: 1, period: rules.resend_wait });
        [
            SendLimit {
                scope: Scope::User,
                subject: Subject::sends_to_user(recipient.user),
                windows: wait.into_iter().collect(),
            },
            SendLimit {
                scope: Scope::Number,
                subject: Subject::sends_to_number(&recipient.number),
                windows: vec![
                    Window { events: rules.per_number_hourly, period: hour },
                    Window { events: rules.per_number_daily, period: day },
                ],
            },
            SendLimit {
                scope: Scope::Address,
                subject: Subject::sends_from_address(recipient.address),
                windows: vec![Window { events: rules.per_address_hourly, period: hour }],
            },
        ]
    }

    fn draft(
        &self,
        recipient: Recipient,
        test_code: Option<OtpCode>,
        counted: &Counted,
        now: DateTime<Utc>,
    ) -> Result<Draft, OtpFailure> {
        let carriage = match (test_code, &self.provider) {
            (Some(code), _) => Carriage::Test(code),
            (None, Provider::Hosted(provider)) => Carriage::Hosted(Arc::clone(provider)),
            (None, Provider::Delivery(provider)) => {
                let code = OtpCode::generate(&self.entropy, self.rules.length)?;
                Carriage::Delivery(Arc::clone(provider), code)
            }
        };
        let wait = match carriage {
            Carriage::Test(_) => TimeDelta::zero(),
            Carriage::Hosted(_) | Carriage::Delivery(..) => self.rules.resend_wait,
        };
        Ok(Draft {
            challenge: ChallengeId::new(now, &self.entropy)?,
            recipient,
            carriage,
            counted: counted.subjects.clone(),
            reserved_at: now,
            expires_at: now + self.rules.lifetime,
            resend_at: now + wait,
        })
    }

    fn new_challenge<'a>(&self, draft: &'a Draft, counted: &Counted) -> NewChallenge<'a> {
        let number = &draft.recipient.number;
        let binding = Binding { purpose: Purpose::Login, challenge: draft.challenge, number };
        NewChallenge {
            id: draft.challenge,
            user: draft.recipient.user,
            purpose: Purpose::Login,
            channel: draft.recipient.channel,
            number,
            provider: draft.carriage.provider_name(),
            code_hash: draft.carriage.own_code().map(|code| binding.hash(&self.keyring, code)),
            attempts: self.rules.attempts,
            free_resend: !counted.is_free,
            created_at: draft.reserved_at,
            expires_at: draft.expires_at,
        }
    }
}

/// One of the limits on sending.
struct SendLimit {
    scope: Scope,
    subject: Subject,
    windows: Vec<Window>,
}

/// What a send was counted against.
#[derive(Default)]
struct Counted {
    subjects: Vec<Subject>,
    is_free: bool,
}

impl Carriage {
    fn provider_name(&self) -> &'static str {
        match self {
            Self::Hosted(provider) => provider.name(),
            Self::Delivery(provider, _) => provider.name(),
            Self::Test(_) => TEST_PROVIDER,
        }
    }

    /// The code, where we judge it.
    fn own_code(&self) -> Option<&OtpCode> {
        match self {
            Self::Hosted(_) => None,
            Self::Delivery(_, code) | Self::Test(code) => Some(code),
        }
    }
}

impl Draft {
    /// The code as it will be once sent.
    fn live(&self) -> Live {
        Live {
            channel: self.recipient.channel,
            destination: self.recipient.number.masked(),
            expires_at: self.expires_at,
            resend_at: self.resend_at,
        }
    }
}

impl super::Rules {
    /// Whether codes are sent to the number's country. Test numbers belong to none.
    pub fn allows(&self, number: &PhoneNumber) -> bool {
        let Some(allowed) = &self.allowed_countries else { return true };
        number.country().is_some_and(|country| allowed.contains(country))
    }
}
