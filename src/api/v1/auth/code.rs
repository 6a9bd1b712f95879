//! Sending a code: what `login`, `request-otp`, `password/forgot` and `profile/phone` have in common.

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::to_the_end;
use crate::audit::Origin;
use crate::foundation::{NumberType, PhoneNumber, UserId};
use crate::http::{Client, Problem};
use crate::number_claims;
use crate::otp::providers::sinch;
use crate::otp::{
    Addressee, AppHash, Channel, Live, Occasion, OtpFailure, Purpose, Recipient, SendError,
};
use crate::state::{App, AppState};
use crate::users::{self, User};

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
) -> Result<Live, SendError> {
    let purpose = Purpose::Login;
    let recipient = recipient_at(app, client, user, number, purpose, channel, app_hash);
    let (app, origin) = (app.clone(), trail::origin(client));
    to_the_end(async move { send_to(&app, &origin, recipient).await }).await
}

/// Who gets the code, and why.
pub(super) fn recipient(
    app: &App,
    client: &Client,
    user: &User,
    purpose: Purpose,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
) -> Result<Recipient, OtpFailure> {
    let number = stored_number(user)?;
    let number = number.ok_or_else(|| sqlx::Error::Decode("there is no phone number".into()))?;
    Ok(recipient_at(app, client, user, number, purpose, channel, app_hash))
}

/// The same, at `number`, which need not be the user's.
pub(in crate::api::v1) fn recipient_at(
    app: &App,
    client: &Client,
    user: &User,
    number: PhoneNumber,
    purpose: Purpose,
    channel: Option<Channel>,
    app_hash: Option<AppHash>,
) -> Recipient {
    let occasion = match purpose {
        // Who has not proven the phone yet is still signing up, whichever way that goes on.
        Purpose::Login if !user.is_verified => Occasion::SignUp,
        Purpose::Login => Occasion::Login,
        Purpose::PasswordReset => Occasion::PasswordReset,
        Purpose::PhoneChange => Occasion::PhoneChange,
    };
    let (asked, stored) = (client.languages.as_deref(), user.locale.as_deref());
    Recipient {
        user: user.id,
        purpose,
        channel: channel.unwrap_or_else(|| channel_for(app, &number)),
        number,
        address: client.address.limited(),
        addressee: Addressee::new(occasion, asked, stored, app_hash),
    }
}

/// Sends it, and writes down for the audit log whether it was sent.
pub(in crate::api::v1) async fn send_to(
    app: &App,
    origin: &Origin,
    recipient: Recipient,
) -> Result<Live, SendError> {
    let whose = (recipient.user, recipient.purpose);
    let sent = send_now(app, recipient).await;
    let outcome = sent.as_ref().map(|live| live.channel.as_str());
    trail::record_send(app, origin, whose, outcome).await?;
    sent
}

/// Sends it, and notes what became of it.
async fn send_now(app: &App, recipient: Recipient) -> Result<Live, SendError> {
    let (user, purpose) = (recipient.user, recipient.purpose);
    limits::take_send(app, &recipient).await?;
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
    match live? {
        Some(live) => Ok(live),
        None => newer(app, user, purpose).await,
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
    refusal: &SendError,
) -> Result<Option<Live>, Problem> {
    let (SendError::Cooldown { retry_at }
    | SendError::Capped { retry_at, .. }
    | SendError::BudgetExhausted { retry_at, .. }) = refusal
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
