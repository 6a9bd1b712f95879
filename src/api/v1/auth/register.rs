//! `POST /api/v1/auth/register`: signing up.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection};
use tracing::error;
use utoipa::ToSchema;

use crate::api::limits;
use crate::api::trail;
use crate::api::unattended::without_an_answer;
use crate::api::v1::proof;
use crate::audit::Event;
use crate::emails::{Claim, Email, Occasion};
use crate::foundation::{EmailAddress, Limited, OpaqueToken, PhoneNumber, UserId};
use crate::http::{Client, Fields, Kind, Problem, note_user};
use crate::login_tickets;
use crate::number_claims;
use crate::otp::{AppHash, Language};
use crate::passwords::Password;
use crate::phone_changes;
use crate::proofs;
use crate::rate_limits::{Action, Subject};
use crate::state::{App, AppState, Enumeration};
use crate::users::{self, Identifier, InsertError, NewUser, PhcString};

use super::input;

/// The problems of this endpoint, beside those of every endpoint.
pub(in crate::api) const PROBLEMS: &[Kind] = &[
    Kind::EmailTaken,
    Kind::PhoneTaken,
    Kind::ChallengeRequired,
    Kind::HashingBusy,
    Kind::ChallengeUnavailable,
];

/// Somebody who signs up.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(in crate::api) struct Register {
    /// At most 254 characters. Looked up without regard to case.
    #[schema(value_type = String, format = "email", max_length = 254, example = "ada@example.com")]
    email: EmailAddress,
    /// At least `PASSWORD_MIN_LENGTH` characters (8), none of the most used, without the e-mail
    /// address or the phone number in it.
    #[schema(value_type = String, format = "password", min_length = 8, max_length = 256, example = "correct horse battery")]
    password: Password,
    /// Any usual way of writing an international number.
    #[schema(value_type = String, example = "+1 415 555 2671")]
    phone_number: PhoneNumber,
    /// `true`: the number may be somebody else's, and is to become this account's. Nothing holds it until
    /// its code is entered, which makes it the account's, or begins its release where somebody else has
    /// proven it before.
    #[schema(value_type = Option<bool>, example = false)]
    claim_number: bool,
    /// One of `ANDROID_APP_HASHES`. Only checked here, so that a wrong one is noticed at once: the
    /// text is asked for by `login` or `request-otp`.
    #[schema(value_type = Option<String>, pattern = "^[A-Za-z0-9+/]{11}$", example = "FA+9qCX9VSu")]
    #[expect(dead_code, reason = "no text is sent here")]
    app_hash: Option<AppHash>,
}

/// Signed up; the phone is still to be verified.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Registered {
    /// Words for a person.
    #[schema(example = "Registered. Request a code to verify your phone.")]
    message: &'static str,
    user_id: UserId,
    /// Always `true`: the phone is to be verified.
    #[schema(example = true)]
    requires_otp: bool,
    /// For `request-otp` and `verify-otp`, so that the password need not be sent again.
    login_ticket: String,
    /// Until when the ticket is good.
    login_ticket_expires_at: DateTime<Utc>,
    /// Where a code would go, masked.
    #[schema(example = "+1•••••••2671")]
    destination: String,
}

impl Register {
    fn read(app: &App, mut fields: Fields) -> Result<Self, Problem> {
        let email = input::email(&mut fields);
        let phone_number = input::reachable_phone(app, &mut fields);
        let password = input::new_password(app, &mut fields, email.as_ref(), phone_number.as_ref());
        let claim_number = fields.flag("claimNumber").unwrap_or(false);
        let app_hash = input::app_hash(app, &mut fields);
        let request = email.zip(password).zip(phone_number);
        let request = request.map(|((email, password), phone_number)| Self {
            email,
            password,
            phone_number,
            claim_number,
            app_hash,
        });
        fields.finish(request)
    }
}

/// Sign up
///
/// No text is sent: that takes `login`, or `request-otp` with the ticket.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "auth", operation_id = "register",
    request_body = Register,
    responses((status = 201, description = "Signed up.", body = Registered)))]
pub(in crate::api) async fn register(
    State(app): State<AppState>,
    client: Client,
    fields: Fields,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let Register { email, password, phone_number, claim_number, .. } =
        Register::read(&app, fields)?;
    let around = Subject::around(&phone_number);
    limits::take_at(&app, Action::Register, client.address.limited(), around).await?;
    proof::require_of_everybody(&app, &client, proofs::Action::Register).await?;
    let now = app.clock.now();
    // Hashed before anybody asks whether the address is taken: so both cost the same.
    let salt = app.entropy.bytes().map_err(Problem::internal)?;
    let password_hash = PhcString::from(app.hasher.hash(password, salt).await?.to_phc());
    let ticket = OpaqueToken::generate(&app.entropy).map_err(Problem::internal)?;
    let new = NewUser {
        id: UserId::new(now, &app.entropy).map_err(Problem::internal)?,
        email: &email,
        phone_number: Some(&phone_number).filter(|_| !claim_number),
        password_hash: &password_hash,
        password_expires_at: None,
        locale: client.languages.as_deref().and_then(Language::look_up).map(Language::tag),
        created_at: now,
    };
    let sign_up = SignUp {
        new,
        number: &phone_number,
        claims: claim_number,
        ticket: &ticket,
        address: client.address.limited(),
    };
    let refused = match store(&app, &client, &sign_up).await {
        // Somebody was faster, and is found now.
        Err(problem) if is_taken(&problem) => store(&app, &client, &sign_up).await?,
        stored => stored?,
    };
    match refused {
        None => note_user(&new.id),
        Some(problem) if app.login.enumeration == Enumeration::Strict => {
            // The same answer as for a newcomer, and as soon; only the owner learns of it.
            let taken = match problem.kind() {
                Kind::PhoneTaken => Identifier::PhoneNumber(phone_number.clone()),
                _ => Identifier::Email(email.clone()),
            };
            let app = app.clone();
            without_an_answer(async move { tell_owner(&app, &taken, now).await });
        }
        Some(problem) => return Err(problem),
    }
    Ok((
        StatusCode::CREATED,
        Json(Registered {
            message: "Registered. Request a code to verify your phone.",
            user_id: new.id,
            requires_otp: true,
            login_ticket: ticket.expose().to_owned(),
            login_ticket_expires_at: now + login_tickets::LIFETIME,
            destination: phone_number.masked(),
        }),
    ))
}

/// What is written down for somebody who signs up.
struct SignUp<'a> {
    new: NewUser<'a>,
    number: &'a PhoneNumber,
    /// Whether the number may be somebody else's.
    claims: bool,
    ticket: &'a OpaqueToken,
    address: Limited,
}

/// The user, the claim where there is one, and the ticket: all or nothing. Where the address or number is
/// somebody's, the same is written for a stand-in and taken back, so that both cost the same: then why.
/// An error of that kind where somebody else signs up with it at the same time.
async fn store(
    app: &App,
    client: &Client,
    sign_up: &SignUp<'_>,
) -> Result<Option<Problem>, Problem> {
    let new = &sign_up.new;
    let mut transaction = app.database.begin().await?;
    let mut attempt = transaction.begin().await?;
    let taken = match users::require_free(&mut *attempt, new.email, new.phone_number).await {
        Ok(()) => None,
        Err(InsertError::Database(error)) => return Err(error.into()),
        Err(taken) => Some(Problem::from(taken)),
    };
    let nobodys = EmailAddress::parse(&format!("{}@stand-in.invalid", new.id));
    let nobodys = nobodys.map_err(Problem::internal)?;
    let written = match &taken {
        None => *new,
        Some(_) => NewUser { email: &nobodys, phone_number: None, ..*new },
    };
    let is_kept = write(app, &mut attempt, sign_up, &written).await?;
    let refused = taken.or_else(|| is_kept.then(|| Problem::new(Kind::PhoneTaken)));
    let (user, event) = match &refused {
        None => (Some(new.id), Event::Registered {}),
        Some(problem) => (None, Event::RegistrationRefused { reason: problem.kind().entry().code }),
    };
    if refused.is_none() {
        attempt.commit().await?;
    } else {
        attempt.rollback().await?;
    }
    trail::record(app, &mut transaction, client, user, event, new.created_at).await?;
    transaction.commit().await?;
    Ok(refused)
}

/// Whether the number is still kept for somebody who has just changed theirs.
async fn write(
    app: &App,
    connection: &mut PgConnection,
    sign_up: &SignUp<'_>,
    user: &NewUser<'_>,
) -> Result<bool, Problem> {
    let (SignUp { number, ticket, .. }, now) = (sign_up, user.created_at);
    users::insert(&mut *connection, user).await?;
    let is_kept = if sign_up.claims {
        number_claims::claim(&mut *connection, user.id, number, now).await?;
        false
    } else {
        phone_changes::is_kept_from(&mut *connection, user.id, number, now).await?
    };
    login_tickets::issue(&mut *connection, ticket, user.id, sign_up.address, now).await?;
    let claim = Claim { user: user.id, address: user.email, locale: user.locale, is_new: false };
    app.emails.claim(connection, claim, now).await?;
    Ok(is_kept)
}

/// Tells the owner of an address or number that somebody else wanted it, at most once a day.
async fn tell_owner(app: &App, taken: &Identifier, now: DateTime<Utc>) {
    let told = async {
        let mut transaction = app.database.begin().await?;
        if let Some(owner) = users::find_by_identifier(&mut *transaction, taken).await? {
            let email = Email {
                user: Some(owner.id),
                to: &owner.email,
                locale: owner.locale.as_deref(),
                occasion: Occasion::SignUpAttempted { at: now },
                at_most_daily: true,
            };
            app.emails.enqueue(&mut transaction, &email, now).await?;
        }
        Ok::<_, Problem>(transaction.commit().await?)
    };
    if let Err(problem) = told.await {
        error!(cause = ?problem.cause(), "the owner of a taken address could not be told");
    }
}

fn is_taken(problem: &Problem) -> bool {
    matches!(problem.kind(), Kind::EmailTaken | Kind::PhoneTaken)
}

impl From<InsertError> for Problem {
    fn from(error: InsertError) -> Self {
        match error {
            InsertError::EmailTaken => Self::new(Kind::EmailTaken),
            InsertError::PhoneTaken => Self::new(Kind::PhoneTaken),
            InsertError::Database(error) => error.into(),
        }
    }
}
