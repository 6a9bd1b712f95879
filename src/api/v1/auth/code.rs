//! Sending a code: what `login` and `request-otp` have in common.

use crate::api::unattended::to_the_end;
use crate::foundation::{NumberType, PhoneNumber};
use crate::http::{Client, Problem};
use crate::otp::providers::sinch;
use crate::otp::{Channel, Live, Recipient, SendError};
use crate::state::{App, AppState};
use crate::users::{self, User};

/// Sends a code to `user`. No database connection is held while the provider is asked, and what the
/// provider said is noted even if the client has hung up.
pub(super) async fn send(
    app: &AppState,
    client: &Client,
    user: &User,
    channel: Option<Channel>,
) -> Result<Live, SendError> {
    let number = stored_number(user)?;
    let recipient = Recipient {
        user: user.id,
        channel: channel.unwrap_or_else(|| channel_for(app, &number)),
        number,
        address: client.address.limited(),
    };
    let (app, languages) = (app.clone(), client.languages.clone());
    to_the_end(async move { send_to(&app, recipient, languages.as_deref()).await }).await
}

async fn send_to(
    app: &App,
    recipient: Recipient,
    languages: Option<&str>,
) -> Result<Live, SendError> {
    let user = recipient.user;
    let draft = app.otp.reserve(&app.database, recipient).await?;
    let sent = app.otp.deliver(&app.database, draft, languages).await?;
    let mut transaction = app.database.begin().await?;
    let live = app.otp.record_sent(&mut transaction, &sent).await?;
    if live.is_some() {
        let now = app.clock.now();
        let sinch_id = sent.reference().filter(|_| sent.provider() == sinch::NAME);
        users::record_otp_sent(&mut transaction, user, sinch_id, now).await?;
    }
    transaction.commit().await?;
    // A racing request has sent a newer code in between: only that one counts.
    live.ok_or(SendError::Cooldown { retry_at: app.clock.now() + app.otp.rules().resend_wait })
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
    Ok(app.otp.find_live(&app.database, user.id, *retry_at).await?)
}

/// The way that the settings say, unless it cannot reach the number.
fn channel_for(app: &App, number: &PhoneNumber) -> Channel {
    match number.number_type() {
        NumberType::CallsOnly => Channel::Call,
        NumberType::TextsAndCalls | NumberType::Neither => app.otp.rules().default_channel,
    }
}

fn stored_number(user: &User) -> Result<PhoneNumber, SendError> {
    PhoneNumber::from_e164(&user.phone_number)
        .ok_or_else(|| sqlx::Error::Decode("users.phone_number is not E.164".into()).into())
}
