//! `POST /api/v1/auth/password/change`: another password, by whoever knows the present one.

use axum::extract::State;
use axum::http::StatusCode;
use tracing::info;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::bearer::Bearer;
use crate::api::trail;
use crate::api::v1::account;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::emails::Occasion;
use crate::foundation::SessionId;
use crate::http::{Client, FieldError, Fields, Kind, Problem};
use crate::login_tickets;
use crate::passwords::{self, Password};
use crate::reset_tickets;
use crate::sessions::{self, EndReason, Which};
use crate::state::{App, AppState};
use crate::users::{self, PhcString, User};

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::TokenMissing,
    Kind::TokenInvalid,
    Kind::StepUpRequired,
    Kind::PasswordWrong,
    Kind::PasswordGuessesExhausted,
    Kind::HashingBusy,
];

/// Both passwords, as they were typed.
struct Change {
    current: Password,
    new: Zeroizing<String>,
}

/// Another password.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct ChangePasswordBody {
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery"
    )]
    current_password: String,
    /// By the rules of signing up, and not the present one.
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        example = "a new and better staple"
    )]
    new_password: String,
}

impl Change {
    fn read(mut fields: Fields) -> Result<Self, Problem> {
        let current = input::password(&mut fields, "currentPassword");
        let new = input::raw_password(&mut fields, "newPassword");
        fields.finish(current.zip(new).map(|(current, new)| Self { current, new }))
    }

    /// The new password, by every rule.
    fn checked(&self, app: &App, user: &User) -> Result<Password, Problem> {
        let (email, number) = (user.email.as_str(), user.phone_number.as_deref());
        let checked = app.password_policy.check(&self.new, Some(email), number);
        let errors = match checked {
            Ok(new) if !new.is_same_as(&self.current) => return Ok(new),
            Ok(_) => {
                let message = "This is the present password. Choose another one.";
                vec![FieldError::new("newPassword", "password_unchanged", message)]
            }
            Err(problems) => input::refused_password("newPassword", problems).collect(),
        };
        Err(Problem::validation(errors))
    }
}

/// Change the password
///
/// Takes the present one, too. All other sessions end; this one stays.
#[utoipa::path(post, path = "/api/v1/auth/password/change", tag = "account",
    operation_id = "changePassword", request_body = ChangePasswordBody, security(("bearer" = [])),
    responses((status = 204, description = "Changed. All other sessions have ended.")))]
pub(in crate::api) async fn change(
    State(app): State<AppState>,
    client: Client,
    bearer: Bearer,
    fields: Fields,
) -> Result<StatusCode, Problem> {
    let change = Change::read(fields)?;
    account::require_fresh_login(&app, &bearer)?;
    let user = account::read(&app, &bearer).await?;
    let new = change.checked(&app, &user)?;
    account::prove_password(&app, &client, &bearer, &user, change.current).await?;
    let new = super::hash(&app, new).await?;
    replace(&app, &client, &user, &new, bearer.0.sid).await?;
    info!(user_id = %user.id, "a password was changed");
    Ok(StatusCode::NO_CONTENT)
}

/// All or nothing: the new password counts, and nothing that the old one was good for does.
async fn replace(
    app: &App,
    client: &Client,
    user: &User,
    new: &PhcString,
    session: SessionId,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let mut transaction = app.database.begin().await?;
    // Tickets of logins before the user, as a login locks them when it is finished.
    login_tickets::revoke(&mut transaction, user.id).await?;
    let old = &user.password_hash;
    if !users::replace_password_hash(&mut *transaction, user.id, old, new, now).await? {
        return Err(Problem::new(Kind::PasswordWrong));
    }
    reset_tickets::revoke(&mut transaction, user.id).await?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    let (others, reason) = (Which::Others(session), EndReason::PasswordChange);
    let ended = sessions::end(&mut transaction, user.id, others, reason, now).await?;
    account::tell(app, &mut transaction, user, Occasion::PasswordChanged { at: now }, now).await?;
    let event = Event::PasswordChanged { sessions_ended: ended.len() };
    trail::record(app, &mut transaction, client, user.id, event, now).await?;
    transaction.commit().await?;
    app.sessions.revocations().note(&ended, now);
    Ok(())
}
