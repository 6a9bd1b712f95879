//! The commands that change an account. What ends sessions does so in the same transaction.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::api::numbers;
use crate::audit::Event;
use crate::database::violates;
use crate::emails;
use crate::foundation::{EmailAddress, NumberType, PhoneNumber, UserId};
use crate::known_devices;
use crate::login_tickets;
use crate::otp::{self, Language};
use crate::passwords::{self, HANDED_OUT_FOR};
use crate::sessions::{self, EndReason, Which};
use crate::users::{self, LOCKED_REASON_MAX, NewUser, Role, User};

use super::password::Chosen;
use super::show::{TIME, print, print_json, print_user};
use super::{Desk, Who, nobody, parse_role};

#[derive(Args)]
pub(in crate::cli) struct CreateArguments {
    /// The e-mail address.
    #[arg(long)]
    email: String,
    /// The phone number.
    #[arg(long)]
    phone: String,
    /// Take the phone as verified.
    #[arg(long)]
    verified: bool,
    /// The language of their texts, like en or pt-BR.
    #[arg(long)]
    locale: Option<String>,
    /// A role; may be given several times.
    #[arg(long = "role", value_name = "ROLE", value_parser = parse_role)]
    roles: Vec<Role>,
    /// Read the password from the first line of standard input. Without it one is made and
    /// printed, good for 24 hours and a login that brings another.
    #[arg(long)]
    password_stdin: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct LockArguments {
    #[command(flatten)]
    who: Who,
    /// Why: for operators, never shown to the person. At most 200 characters.
    #[arg(long, value_parser = parse_reason)]
    reason: Option<String>,
}

#[derive(Args)]
pub(in crate::cli) struct DeleteArguments {
    #[command(flatten)]
    who: Who,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

#[derive(Args)]
pub(in crate::cli) struct ResetArguments {
    #[command(flatten)]
    who: Who,
    /// Read the password from the first line of standard input. Without it one is made and
    /// printed, good for 24 hours and a login that brings another.
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Args)]
pub(in crate::cli) struct RolesArguments {
    #[command(flatten)]
    who: Who,
    /// A role to give; may be given several times.
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    add: Vec<Role>,
    /// A role to take away; may be given several times.
    #[arg(long, value_name = "ROLE", value_parser = parse_role)]
    remove: Vec<Role>,
}

/// What became of an account whose password is new.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PasswordSet<'a> {
    id: UserId,
    /// Only where it was made here, and only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    /// Until when it is good, for a login that brings another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_expires_at: Option<DateTime<Utc>>,
    sessions_ended: usize,
}

pub(super) async fn create(desk: &Desk, arguments: &CreateArguments) -> anyhow::Result<()> {
    let email = EmailAddress::parse(&arguments.email).context("--email")?;
    let region = desk.settings.default_region.as_ref();
    let number = PhoneNumber::parse(&arguments.phone, region).context("--phone")?;
    let can_receive = number.number_type() != NumberType::Neither;
    anyhow::ensure!(can_receive, "--phone: this kind of number cannot receive codes");
    let locale = arguments.locale.as_deref().map(|tag| {
        Language::look_up(tag).map(Language::tag).context("--locale: there are no texts in it")
    });
    let locale = locale.transpose()?;
    let chosen = Chosen::new(desk, arguments.password_stdin, &email, Some(number.e164()))?;
    let password_hash = chosen.hash(desk).await?;
    let now = desk.clock.now();
    let id = UserId::new(now, &desk.entropy)?;
    let new = NewUser {
        id,
        email: &email,
        phone_number: Some(&number),
        password_hash: &password_hash,
        password_expires_at: expiry(&chosen, now),
        locale,
        created_at: now,
    };
    let mut transaction = desk.database.begin().await?;
    users::insert(&mut *transaction, &new).await?;
    if arguments.verified {
        users::verify_phone(&mut transaction, id, &number, now).await?;
    }
    if !arguments.roles.is_empty() {
        users::add_roles(&mut *transaction, id, &arguments.roles, now).await?;
    }
    desk.record(&mut transaction, id, Event::UserCreated {}, now).await?;
    if !arguments.roles.is_empty() {
        let roles = arguments.roles.iter().map(ToString::to_string).collect();
        desk.record(&mut transaction, id, Event::RolesChanged { roles }, now).await?;
    }
    transaction.commit().await?;
    tell_password(id, (&chosen, now), 0, arguments.json)
}

pub(super) async fn lock(desk: &Desk, arguments: &LockArguments) -> anyhow::Result<()> {
    let user = desk.find(&arguments.who).await?;
    let now = desk.clock.now();
    let mut transaction = desk.database.begin().await?;
    let reason = arguments.reason.as_deref();
    let locked = users::lock(&mut transaction, user.id, reason, now).await?;
    let locked = locked.with_context(nobody)?;
    emails::withdraw_change(&mut transaction, user.id, &locked.email).await?;
    let why = EndReason::Lock;
    let ended = sessions::end(&mut transaction, user.id, Which::All, why, now).await?;
    let event = Event::AccountLocked { sessions_ended: ended.len() };
    desk.record(&mut transaction, user.id, event, now).await?;
    transaction.commit().await?;
    print_user(&locked, None, arguments.who.json)
}

pub(super) async fn unlock(desk: &Desk, who: &Who) -> anyhow::Result<()> {
    let user = desk.find(who).await?;
    let now = desk.clock.now();
    let mut transaction = desk.database.begin().await?;
    let unlocked = users::unlock(&mut *transaction, user.id, now).await?;
    let unlocked = unlocked.with_context(nobody)?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    desk.record(&mut transaction, user.id, Event::AccountUnlocked {}, now).await?;
    transaction.commit().await?;
    print_user(&unlocked, None, who.json)
}

pub(super) async fn roles(desk: &Desk, arguments: &RolesArguments) -> anyhow::Result<()> {
    let user = desk.find(&arguments.who).await?;
    let now = desk.clock.now();
    let mut transaction = desk.database.begin().await?;
    let removed = users::remove_roles(&mut *transaction, user.id, &arguments.remove, now).await?;
    let removed = removed.with_context(nobody)?;
    let added = users::add_roles(&mut *transaction, user.id, &arguments.add, now).await;
    let added = added.map_err(|error| {
        if violates(&error, "users_roles_form") {
            return anyhow::anyhow!("nobody can have more than {} roles", Role::MOST);
        }
        error.into()
    })?;
    let changed = added.with_context(nobody)?;
    let event = Event::RolesChanged { roles: changed.roles.clone() };
    desk.record(&mut transaction, user.id, event, now).await?;
    let is_admin = |user: &User| user.roles.iter().any(|role| role == Role::ADMIN);
    if is_admin(&changed) && !is_admin(&removed) {
        // Whatever began by a password alone is no administrator's.
        let why = EndReason::Revoked;
        let ended = sessions::end(&mut transaction, user.id, Which::All, why, now).await?;
        if !ended.is_empty() {
            let event = Event::SessionsEnded { reason: why.as_str(), sessions_ended: ended.len() };
            desk.record(&mut transaction, user.id, event, now).await?;
        }
    }
    transaction.commit().await?;
    print_user(&changed, None, arguments.who.json)
}

pub(super) async fn delete(desk: &Desk, arguments: &DeleteArguments) -> anyhow::Result<()> {
    let user = desk.find(&arguments.who).await?;
    anyhow::ensure!(arguments.yes || confirmed(&user)?, "nothing was deleted");
    let mut transaction = desk.database.begin().await?;
    let now = desk.clock.now();
    let own = user.phone_number.as_deref();
    let numbers = numbers::of_person(&mut transaction, user.id, own, now).await?;
    // The ledger knows its rows by the user, so it comes first; then in the order in which a login locks.
    otp::forget(&mut transaction, user.id, &numbers).await?;
    login_tickets::revoke(&mut transaction, user.id).await?;
    users::hold(&mut transaction, user.id).await?;
    // The sessions go with the account; replicas are told first which ones they were. None is written down
    // in between: the user is held.
    let why = EndReason::Delete;
    let ended = sessions::end(&mut transaction, user.id, Which::All, why, now).await?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    anyhow::ensure!(users::delete(&mut *transaction, user.id).await?, nobody());
    let event = Event::AccountDeleted { sessions_ended: ended.len() };
    desk.record(&mut transaction, user.id, event, now).await?;
    transaction.commit().await?;
    if arguments.who.json {
        return print_json(&serde_json::json!({ "id": user.id, "deleted": true }));
    }
    print("Deleted.\n")
}

/// Asks, where there is somebody to ask.
fn confirmed(user: &User) -> anyhow::Result<bool> {
    let stdin = std::io::stdin();
    anyhow::ensure!(stdin.is_terminal(), "nobody can be asked; say --yes to delete");
    write!(std::io::stderr(), "Delete {} for good? Type yes: ", user.email)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

pub(super) async fn reset_password(desk: &Desk, arguments: &ResetArguments) -> anyhow::Result<()> {
    let user = desk.find(&arguments.who).await?;
    let email = EmailAddress::parse(&user.email)?;
    let number = user.phone_number.as_deref();
    let chosen = Chosen::new(desk, arguments.password_stdin, &email, number)?;
    let hash = chosen.hash(desk).await?;
    let now = desk.clock.now();
    let mut transaction = desk.database.begin().await?;
    // Rows are locked in the order in which a login locks them.
    login_tickets::revoke(&mut transaction, user.id).await?;
    let until = expiry(&chosen, now);
    let is_set = users::set_password_hash(&mut transaction, user.id, &hash, until, now).await?;
    anyhow::ensure!(is_set, nobody());
    emails::withdraw_change(&mut transaction, user.id, &user.email).await?;
    // One that was issued while the row was waited for is of the old password, too.
    login_tickets::revoke(&mut transaction, user.id).await?;
    let why = EndReason::PasswordReset;
    let ended = sessions::end(&mut transaction, user.id, Which::All, why, now).await?;
    known_devices::forget(&mut transaction, user.id).await?;
    passwords::forget_guesses(&mut *transaction, user.id).await?;
    let event = Event::PasswordReset { sessions_ended: ended.len() };
    desk.record(&mut transaction, user.id, event, now).await?;
    transaction.commit().await?;
    tell_password(user.id, (&chosen, now), ended.len(), arguments.who.json)
}

/// Until when the password is good: one that was made here is for the first login.
fn expiry(chosen: &Chosen, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    chosen.made.as_ref().map(|_| now + HANDED_OUT_FOR)
}

/// The id, and the password where it was made: the only time that it is shown.
fn tell_password(
    id: UserId,
    (chosen, now): (&Chosen, DateTime<Utc>),
    sessions_ended: usize,
    as_json: bool,
) -> anyhow::Result<()> {
    let password = chosen.made.as_ref().map(|made| made.as_str());
    let password_expires_at = expiry(chosen, now);
    if as_json {
        return print_json(&PasswordSet { id, password, password_expires_at, sessions_ended });
    }
    let password = password.map(|made| format!("password  {made}\n")).unwrap_or_default();
    let until = password_expires_at.map(|at| format!("good till {}\n", at.format(TIME)));
    let password = password + &until.unwrap_or_default();
    print(&format!("id        {id}\n{password}"))
}

fn parse_reason(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LOCKED_REASON_MAX {
        return Err(format!("from 1 to {LOCKED_REASON_MAX} characters are wanted"));
    }
    Ok(text.to_owned())
}
