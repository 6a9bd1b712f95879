//! Sending a code: what `login`, `request-otp`, `password/forgot` and `profile/phone` have in common. The one
//! place where the guard is asked.

use chrono::{DateTime, Utc};
use tracing::error;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::to_the_end;
use crate::api::v1::proof;
use crate::foundation::{NumberType, PhoneNumber, UserId};
use crate::guard::{Admission, Admitted, Asked, Proof, ScopeKind};
use crate::http::{Client, Problem};
use crate::number_claims;
use crate::otp::providers::sinch;
use crate::otp::{
    Addressee, AppHash, Channel, CountedReset, Live, Occasion, Otp, OtpFailure, Purpose, Recipient,
    SendError,
};
use crate::proofs::{Action, Difficulty};
use crate::state::{App, AppState};
use crate::users::{self, User};

/// A code that is to go out.
pub(in crate::api::v1) struct Outgoing {
    recipient: Recipient,
    /// What the guard is asked. `None` for the numbers of `TEST_PHONE_NUMBERS`, which nothing is sent to.
    asked: Option<Asked>,
}

/// Why no code went out.
#[derive(Debug, thiserror::Error)]
pub(in crate::api) enum NotSent {
    /// The guard has closed a scope of the number or of the address.
    #[error("the guard has closed the {} until {retry_at}", scope.as_str())]
    Guarded {
        /// What is closed.
        scope: ScopeKind,
        /// When one more code will be sent, to see.
        retry_at: DateTime<Utc>,
    },
    /// The operator has.
    #[error("BLOCKED_PREFIXES has the number")]
    Blocked,
    /// The guard is in doubt, and this request has met no challenge.
    #[error("a challenge is to be met first")]
    Challenged(Box<Problem>),
    /// It came to nothing later.
    #[error(transparent)]
    Send(#[from] SendError),
}

impl From<sqlx::Error> for NotSent {
    fn from(error: sqlx::Error) -> Self {
        Self::Send(error.into())
    }
}

/// Where the codes of the logins of `user` go: to their number, or the one that they claim. `None`: they
/// have neither.
pub(super) async fn login_number(app: &App, user: &User) -> sqlx::Result<Option<PhoneNumber>> {
    match stored_number(user)? {
        Some(number) => Ok(Some(number)),
        None => number_claims::wanted(&app.database, user.id).await,
    }
}

/// Sends a code for a login of `user` to `number`. No database connection is held while the provider is asked, and what the
/// provider said is noted even if the client has hung up.
pub(super) async fn send(
    app: &AppState,
    client: &Client,
    user: &User,
    number: PhoneNumber,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
    action: Action,
) -> Result<Live, NotSent> {
    let purpose = Purpose::Login;
    let outgoing = outgoing_at(app, client, user, number, purpose, channel, app_hash);
    let (app, client) = (app.clone(), client.clone());
    to_the_end(async move { send_to(&app, &client, action, outgoing).await }).await
}

/// Who gets the code, and why.
pub(super) fn outgoing(
    app: &App,
    client: &Client,
    user: &User,
    purpose: Purpose,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
) -> Result<Outgoing, OtpFailure> {
    let number = stored_number(user)?;
    let number = number.ok_or_else(|| sqlx::Error::Decode("there is no phone number".into()))?;
    Ok(outgoing_at(app, client, user, number, purpose, channel, app_hash))
}

/// The same, at `number`, which need not be the user's.
pub(in crate::api::v1) fn outgoing_at(
    app: &App,
    client: &Client,
    user: &User,
    number: PhoneNumber,
    purpose: Purpose,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
) -> Outgoing {
    let occasion = match purpose {
        // Who has not proven the phone yet is still signing up, whichever way that goes on.
        Purpose::Login if !user.is_verified => Occasion::SignUp,
        Purpose::Login => Occasion::Login,
        Purpose::PasswordReset => Occasion::PasswordReset,
        Purpose::PhoneChange => Occasion::PhoneChange,
    };
    let is_test = app.otp.rules().test_numbers.contains_key(number.e164());
    let asked = (!is_test).then(|| Asked {
        number: number.clone(),
        block: client.address.block(),
        is_proven: user.is_verified && user.phone_number.as_deref() == Some(number.e164()),
    });
    let (languages, stored) = (client.languages.as_deref(), user.locale.as_deref());
    let recipient = Recipient {
        user: user.id,
        purpose,
        channel: channel.unwrap_or_else(|| channel_for(app, &number)),
        number,
        address: client.address.limited(),
        addressee: Addressee::new(occasion, languages, stored, app_hash),
    };
    Outgoing { recipient, asked }
}

/// Sends it if the limits and the guard let it go, and writes down for the audit log whether it was sent.
/// `action`: what the client asked for, which a challenge is then made for.
pub(in crate::api::v1) async fn send_to(
    app: &App,
    client: &Client,
    action: Action,
    outgoing: Outgoing,
) -> Result<Live, NotSent> {
    let whose = (outgoing.recipient.user, outgoing.recipient.purpose);
    let sent = send_guarded(app, client, action, outgoing).await;
    let outcome = sent.as_ref().map(|live| live.channel.as_str()).map_err(NotSent::why);
    trail::record_send(app, &trail::origin(client), whose, outcome)
        .await
        .map_err(SendError::from)?;
    sent
}

/// Asks the limits and the guard, and tells both what became of it. A code for a new password asks its own
/// limits first: of those that are refused nobody else is to feel anything.
async fn send_guarded(
    app: &App,
    client: &Client,
    action: Action,
    outgoing: Outgoing,
) -> Result<Live, NotSent> {
    let Outgoing { recipient, asked } = outgoing;
    let Some(asked) = asked else { return Ok(carry(app, recipient, None).await?) };
    let reset = match recipient.purpose {
        Purpose::PasswordReset => Some(app.otp.count_reset(&app.database, &recipient).await?),
        Purpose::Login | Purpose::PhoneChange => None,
    };
    let admitted = match permit(app, client, action, &recipient, &asked).await {
        Ok(admitted) => admitted,
        Err(refusal) => {
            give_back(app, reset).await?;
            return Err(refusal);
        }
    };
    let carried = carry(app, recipient, Some(&admitted)).await;
    if carried.as_ref().is_err_and(|refusal| !may_have_sent(refusal)) {
        app.guard.take_back(&app.database, admitted, &asked).await?;
        give_back(app, reset).await?;
    }
    Ok(carried?)
}

async fn give_back(app: &App, reset: Option<CountedReset>) -> sqlx::Result<()> {
    let Some(reset) = reset else { return Ok(()) };
    Otp::give_reset_back(&app.database, reset).await
}

/// Asks the shared limits, and then the guard.
async fn permit(
    app: &App,
    client: &Client,
    action: Action,
    recipient: &Recipient,
    asked: &Asked,
) -> Result<Admitted, NotSent> {
    limits::take_send(app, recipient).await?;
    admit(app, client, action, asked).await
}

/// Asks the guard, and where that is in doubt for a challenge to be met.
async fn admit(
    app: &App,
    client: &Client,
    action: Action,
    asked: &Asked,
) -> Result<Admitted, NotSent> {
    let mut proof = Proof::None;
    loop {
        match app.guard.admit(&app.database, asked, proof).await? {
            Admission::Send(admitted) => return Ok(admitted),
            Admission::Doubt => {
                let met = proof::require(app, client, action, Difficulty::High).await;
                met.map_err(|problem| NotSent::Challenged(Box::new(problem)))?;
                proof = Proof::Given;
            }
            Admission::Refuse { scope, retry_at } => {
                return Err(NotSent::Guarded { scope, retry_at });
            }
            Admission::Blocked => return Err(NotSent::Blocked),
        }
    }
}

impl NotSent {
    /// For the audit log, in a word.
    fn why(&self) -> &'static str {
        match self {
            Self::Guarded { .. } => "guarded",
            Self::Blocked => "blocked",
            Self::Challenged(_) => "challenged",
            Self::Send(refusal) => trail::why_not_sent(refusal),
        }
    }
}

/// In doubt the answer is yes: the guard then counts too much, never too little.
fn may_have_sent(refusal: &SendError) -> bool {
    match refusal {
        SendError::Provider(failure) => failure.may_have_sent(),
        SendError::Overtaken | SendError::Failure(_) => true,
        SendError::Cooldown { .. }
        | SendError::Capped { .. }
        | SendError::BudgetExhausted { .. }
        | SendError::ChannelImpossible
        | SendError::CountryNotAllowed
        | SendError::NoCarrier { .. } => false,
    }
}

/// Has it carried, and notes what became of it.
async fn carry(
    app: &App,
    recipient: Recipient,
    admitted: Option<&Admitted>,
) -> Result<Live, SendError> {
    let (user, purpose) = (recipient.user, recipient.purpose);
    let draft = app.otp.reserve(&app.database, recipient).await?;
    let sent = match app.otp.deliver(&app.database, draft).await {
        Err(SendError::Overtaken) => return newer(app, user, purpose).await,
        sent => sent?,
    };
    let mut transaction = app.database.begin().await?;
    let live = app.otp.record_sent(&mut transaction, &sent).await;
    if let Ok(Some(_)) = live {
        let now = app.clock.now();
        let sinch_id = sent.reference().filter(|_| sent.provider() == sinch::NAME);
        users::record_otp_sent(&mut transaction, user, sinch_id, now).await?;
    }
    // Even where the store of codes has failed: the message was sent, and is in the ledger.
    transaction.commit().await?;
    if let Some(admitted) = admitted {
        app.guard.note_sent(&app.database, admitted, sent.provider()).await?;
    }
    match live? {
        Some(live) => Ok(live),
        None => newer(app, user, purpose).await,
    }
}

/// Tells the guard that the code to `number` was entered. What it was good for is done by then and stays
/// so: a guard that does not hear of it is only stricter than it need be.
pub(in crate::api::v1) async fn note_entered(app: &App, number: &PhoneNumber) {
    if let Err(cause) = app.guard.note_entered(&app.database, number).await {
        let cause: &dyn std::error::Error = &cause;
        error!(cause, "the guard could not be told of a code that was entered");
    }
}

/// The code of a racing request that has taken the place of this one: only that one counts, and it is
/// as good for whoever asked first. It may have been used up by now.
async fn newer(app: &App, user: UserId, purpose: Purpose) -> Result<Live, SendError> {
    let resend_at = app.clock.now() + app.otp.rules().resend_wait;
    let live = app.otp.find_live(&app.database, user, purpose, resend_at).await?;
    live.ok_or(SendError::Overtaken)
}

/// The code that is live already, for a login that comes inside the wait.
pub(super) async fn join(
    app: &App,
    user: &User,
    refusal: &NotSent,
) -> Result<Option<Live>, Problem> {
    let (NotSent::Guarded { retry_at, .. }
    | NotSent::Send(
        SendError::Cooldown { retry_at }
        | SendError::Capped { retry_at, .. }
        | SendError::BudgetExhausted { retry_at, .. },
    )) = refusal
    else {
        return Ok(None);
    };
    Ok(app.otp.find_live(&app.database, user.id, Purpose::Login, *retry_at).await?)
}

/// The way that the settings say, unless it cannot reach the number.
fn channel_for(app: &App, number: &PhoneNumber) -> Channel {
    match number.number_type() {
        NumberType::CallsOnly => Channel::Call,
        NumberType::TextsAndCalls | NumberType::Neither => app.otp.rules().default_channel,
    }
}

/// The number of `user`, where there is one.
pub(in crate::api::v1) fn stored_number(user: &User) -> sqlx::Result<Option<PhoneNumber>> {
    let Some(stored) = user.phone_number.as_deref() else { return Ok(None) };
    match PhoneNumber::from_e164(stored) {
        Some(number) => Ok(Some(number)),
        None => Err(sqlx::Error::Decode("users.phone_number is not E.164".into())),
    }
}
