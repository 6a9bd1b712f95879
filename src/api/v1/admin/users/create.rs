//! `POST /api/v1/admin/users`: a user who did not sign up themself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::api::admin::Admin;
use crate::api::trail;
use crate::api::v1::auth::input;
use crate::audit::Event;
use crate::foundation::{EmailAddress, PhoneNumber, UserId};
use crate::http::{Fields, Kind, Problem};
use crate::otp::Language;
use crate::passwords::{HANDED_OUT_FOR, Password};
use crate::state::{App, AppState};
use crate::users::{self, NewUser, Role, User};

use super::record::UserRecord;
use super::reset_password::hash;
use super::roles;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] =
    &[Kind::EmailTaken, Kind::PhoneTaken, Kind::HashingBusy];

/// Somebody who is to have an account.
struct Create {
    email: EmailAddress,
    phone_number: PhoneNumber,
    password: Option<Password>,
    roles: Vec<Role>,
    locale: Option<&'static str>,
}

/// Somebody who is to have an account.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
pub(in crate::api) struct CreateBody {
    #[schema(format = "email", max_length = 254, example = "ada@example.com")]
    email: String,
    /// Any usual way of writing an international number.
    #[schema(example = "+1 415 555 2671")]
    phone_number: String,
    /// By the rules of `register`. Where it is left out a random one is answered,
    /// for the first login.
    #[schema(format = "password", min_length = 8, max_length = 256)]
    password: Option<String>,
    /// As in `PUT …/roles`.
    #[schema(max_items = 32, example = json!(["billing:read"]))]
    roles: Option<Vec<String>>,
    /// The tag of a language that there are texts in.
    #[schema(example = "de")]
    locale: Option<String>,
}

/// A new user. The phone is verified by their first login.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Created {
    user: UserRecord,
    /// Where none was sent: a random password, told here and never again. It is good for 24 hours, and for a
    /// login that brings a `newPassword`.
    #[schema(format = "password", example = "7vQN4kxE2sHcT9wLzRA5pD8u")]
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl Create {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let email = input::email(&mut fields);
        let phone_number = input::reachable_phone(app, &mut fields);
        let password = if fields.has("password") {
            input::new_password(app, &mut fields, email.as_ref(), phone_number.as_ref())
        } else {
            fields.text("password");
            None
        };
        let roles = roles::read_optional(&mut fields).unwrap_or_default();
        let locale = fields.optional("locale", "locale_unknown", |tag| {
            let language = Language::parse(tag).map(Language::tag);
            language.ok_or("There are no texts in this language.")
        });
        let request = email.zip(phone_number);
        let request = request.map(|(email, phone_number)| Self {
            email,
            phone_number,
            password,
            roles,
            locale,
        });
        fields.finish(request)
    }

    /// The password that was sent; otherwise a random one, and its text.
    fn password(&self, app: &App) -> Result<(Password, Option<Zeroizing<String>>), Problem> {
        if let Some(password) = &self.password {
            return Ok((password.clone(), None));
        }
        let (email, number) = (self.email.as_str(), self.phone_number.e164());
        let generated = app.password_policy.generate(&app.entropy, email, Some(number));
        let generated = generated.map_err(Problem::internal)?;
        let password = Password::for_login(&generated).map_err(Problem::internal)?;
        Ok((password, Some(generated)))
    }
}

/// Create a user
///
/// No text is sent. The first login of the user asks for a code, which verifies the phone.
#[utoipa::path(post, path = "/api/v1/admin/users", tag = "admin",
    operation_id = "adminCreateUser", security(("bearer" = [])),
    request_body(content = CreateBody,
        example = json!({"email": "ada@example.com", "phoneNumber": "+1 415 555 2671"})),
    responses((status = 201, description = "Created.", body = Created)))]
pub(in crate::api) async fn create(
    State(app): State<AppState>,
    admin: Admin,
    fields: Fields,
) -> Result<(StatusCode, Json<Created>), Problem> {
    let create = Create::read(&app, fields)?;
    let (password, generated) = create.password(&app)?;
    let password_hash = hash(&app, password).await?;
    let now = app.clock.now();
    let new = NewUser {
        id: UserId::new(now, &app.entropy).map_err(Problem::internal)?,
        email: &create.email,
        phone_number: Some(&create.phone_number),
        password_hash: &password_hash,
        password_expires_at: generated.is_some().then(|| now + HANDED_OUT_FOR),
        locale: create.locale,
        created_at: now,
    };
    let user = store(&app, &admin, &new, &create.roles).await?;
    super::note_act(&admin, Some(user.id), "create");
    let password = generated.map(|generated| generated.as_str().to_owned());
    Ok((StatusCode::CREATED, Json(Created { user: user.into(), password })))
}

/// The user and the roles, both or neither.
async fn store(
    app: &App,
    admin: &Admin,
    new: &NewUser<'_>,
    roles: &[Role],
) -> Result<User, Problem> {
    let (id, now) = (new.id, new.created_at);
    let mut transaction = app.database.begin().await?;
    users::insert(&mut *transaction, new).await?;
    let user = users::set_roles(&mut transaction, new.id, roles, new.created_at).await?;
    trail::record(app, &mut transaction, admin, id, Event::UserCreated {}, now).await?;
    if !roles.is_empty() {
        let event = Event::RolesChanged { roles: roles.iter().map(ToString::to_string).collect() };
        trail::record(app, &mut transaction, admin, id, event, now).await?;
    }
    transaction.commit().await?;
    user.ok_or_else(super::no_such_user)
}
