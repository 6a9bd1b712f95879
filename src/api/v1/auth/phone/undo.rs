//! `POST /api/v1/auth/phone/undo`: the old number back, by the link in the e-mail about the change.
//!
//! Whoever made the change knew the password, so that is worth nothing any more either: a new one is
//! set by a code to the old number.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::password;
use crate::audit::Event;
use crate::emails::{self, Occasion};
use crate::foundation::{OpaqueToken, PhoneNumber};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::known_devices;
use crate::login_tickets;
use crate::number_claims;
use crate::passwords::Password;
use crate::phone_changes::{self, Undoable};
use crate::reset_tickets;
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::totp;
use crate::users::{self, PhcString, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::UndoTokenInvalid, Kind::PhoneTaken, Kind::HashingBusy];

/// What the link carries.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct UndoPhoneBody {
    /// What follows `#` in the link.
    undo_token: String,
}

/// The old number is the person's again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct PhoneRestored {
    /// Words for a person.
    #[schema(example = "Your old number is back. Set a new password with a code sent to it.")]
    message: &'static str,
    /// The number, masked.
    #[schema(example = "+1•••••••2671")]
    destination: String,
}

/// Undo a change of the phone number
///
/// Puts the old number back, also where it has been changed again since. All sessions end, no device is
/// known any more, and the password is void: `password/forgot` sends a code to the old number.
#[utoipa::path(post, path = "/api/v1/auth/phone/undo", tag = "auth", operation_id = "undoPhone",
    request_body = UndoPhoneBody,
    responses((status = 200, description = "Undone.", body = PhoneRestored)))]
pub(in crate::api) async fn undo_phone(
    State(app): State<AppState>,
    client: Client,
    mut fields: Fields,
) -> Result<Json<PhoneRestored>, Problem> {
    let undo = fields.required("undoToken", "wrong_type", |text| {
        Ok::<_, &str>(OpaqueToken::received(text.to_owned()))
    });
    let undo = fields.finish(undo)?;
    let change = phone_changes::find(&app.database, &undo, app.clock.now()).await?;
    let change = change.ok_or_else(|| Problem::new(Kind::UndoTokenInvalid))?;
    note_user(&change.user);
    let nobodys = nobodys_password(&app).await?;
    let user = restore(&app, &client, &change, &nobodys).await?;
    tell(&user);
    let number = user.phone_number.as_deref().and_then(PhoneNumber::from_e164);
    Ok(Json(PhoneRestored {
        message: "Your old number is back. Set a new password with a code sent to it.",
        destination: number.map(|number| number.masked()).unwrap_or_default(),
    }))
}

/// The hash of a password that nobody has ever seen.
async fn nobodys_password(app: &App) -> Result<PhcString, Problem> {
    let secret = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let secret = Password::for_login(secret.expose()).map_err(Problem::internal)?;
    password::hash(app, secret).await
}

/// All or nothing: the old number is back, this link and those of later changes are used up, and
/// nothing that was begun with the account goes on. Rows are locked in the order in which a login and a
/// change lock them.
async fn restore(
    app: &App,
    client: &Client,
    change: &Undoable,
    nobodys: &PhcString,
) -> Result<User, Problem> {
    let (now, user) = (app.clock.now(), change.user);
    let mut transaction = app.database.begin().await?;
    login_tickets::revoke(&mut transaction, user).await?;
    let number = change.old_number.as_str();
    let restored = users::restore_number(&mut transaction, user, number, nobodys, now).await?;
    let restored = restored.ok_or_else(|| Problem::new(Kind::UndoTokenInvalid))?;
    // One that was issued while the row was waited for is of the old password, too.
    login_tickets::revoke(&mut transaction, user).await?;
    if !phone_changes::take_back(&mut transaction, change, now).await? {
        return Err(Problem::new(Kind::UndoTokenInvalid));
    }
    number_claims::keep(&mut transaction, number).await?;
    reset_tickets::revoke(&mut transaction, user).await?;
    emails::withdraw_change(&mut transaction, user, &restored.email).await?;
    let ended =
        sessions::end(&mut transaction, user, Which::All, EndReason::PhoneChange, now).await?;
    known_devices::forget(&mut transaction, user).await?;
    // Whoever changed the number may have added an app of theirs.
    if totp::remove(&mut transaction, user, Some(change.changed_at)).await? {
        let occasion = Occasion::TotpDisabled { at: now };
        account::tell(app, &mut transaction, &restored, occasion, now).await?;
        trail::record(app, &mut transaction, client, user, Event::TotpDisabled {}, now).await?;
    }
    let event = Event::PhoneChangeUndone { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    Ok(restored)
}

/// Where the person is told.
fn tell(user: &User) {
    info!(user_id = %user.id, "a change of a phone number was undone");
}
