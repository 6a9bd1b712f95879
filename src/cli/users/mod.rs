//! `ringfence users`: the people who have accounts.

mod change;
pub mod import;
mod password;
mod show;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use sqlx::{PgConnection, PgPool};

use crate::audit::{self, Actor, Entry, Event};
use crate::config::{AccountSettings, Environment, Settings};
use crate::database;
use crate::foundation::{Clock, Country, EmailAddress, Entropy, PhoneNumber, UserId};
use crate::users::{self, Identifier, Role, User};

pub(super) use show::{print, print_json, table};

/// One for the statements, one to spare.
const CONNECTIONS: u32 = 2;

#[derive(Subcommand)]
pub(super) enum Users {
    /// List people in the order in which they came.
    List(show::ListArguments),
    /// Show one of them.
    Show(Who),
    /// Make an account.
    Create(change::CreateArguments),
    /// Keep somebody from logging in, and end their sessions.
    Lock(change::LockArguments),
    /// Let them log in again.
    Unlock(Who),
    /// Delete an account at once, with all that belongs to it.
    Delete(change::DeleteArguments),
    /// List somebody's sessions, the newest first.
    Sessions(show::SessionsArguments),
    /// Give somebody another password, and end their sessions.
    ResetPassword(change::ResetArguments),
    /// Give somebody roles, or take them away.
    Roles(change::RolesArguments),
    /// Bring people over from a file.
    Import(import::Arguments),
}

/// Who is meant, and how to answer.
#[derive(Args)]
pub(super) struct Who {
    /// The id, the e-mail address or the phone number.
    #[arg(value_name = "ID|EMAIL|PHONE")]
    who: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What the commands work with.
struct Desk {
    database: PgPool,
    settings: AccountSettings,
    clock: Clock,
    entropy: Entropy,
}

pub(super) async fn run(environment: &Environment, users: Users) -> anyhow::Result<()> {
    let settings = Settings::read_accounts(environment)?;
    let database = database::pool(settings.database.clone(), CONNECTIONS);
    database::require_current(&database).await?;
    let desk = Desk { database, settings, clock: Clock::default(), entropy: Entropy::default() };
    let done = match users {
        Users::List(arguments) => show::list(&desk, &arguments).await,
        Users::Show(who) => show::one(&desk, &who).await,
        Users::Create(arguments) => change::create(&desk, &arguments).await,
        Users::Lock(arguments) => change::lock(&desk, &arguments).await,
        Users::Unlock(who) => change::unlock(&desk, &who).await,
        Users::Delete(arguments) => change::delete(&desk, &arguments).await,
        Users::Sessions(arguments) => show::sessions(&desk, environment, &arguments).await,
        Users::ResetPassword(arguments) => change::reset_password(&desk, &arguments).await,
        Users::Roles(arguments) => change::roles(&desk, &arguments).await,
        Users::Import(arguments) => {
            let region = desk.settings.default_region.clone();
            import::run(&desk.database, region, &arguments).await
        }
    };
    desk.database.close().await;
    done
}

impl Desk {
    /// Writes down for the audit log what is done to `user`, in the transaction of `connection`.
    async fn record(
        &self,
        connection: &mut PgConnection,
        user: UserId,
        event: Event,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let entry = Entry { event, user: Some(user), actor: Actor::CommandLine, origin: None };
        Ok(audit::record(connection, &self.entropy, &entry, now).await?)
    }

    /// Whoever is meant.
    async fn find(&self, who: &Who) -> anyhow::Result<User> {
        let text = who.who.as_str();
        let found = if let Some(id) = UserId::parse(text) {
            users::find(&self.database, id).await
        } else {
            let identifier = identifier(text, self.settings.default_region.as_ref())?;
            users::find_by_identifier(&self.database, &identifier).await
        };
        found.context("the database cannot be asked")?.with_context(nobody)
    }
}

fn nobody() -> &'static str {
    "nobody has that id, e-mail address or phone number"
}

fn identifier(text: &str, region: Option<&Country>) -> anyhow::Result<Identifier> {
    if text.contains('@') {
        return Ok(Identifier::Email(EmailAddress::parse(text).context("the e-mail address")?));
    }
    // What is stored is found, even where no network has such numbers any more.
    let number = PhoneNumber::from_e164(text).map_or_else(|| PhoneNumber::parse(text, region), Ok);
    Ok(Identifier::PhoneNumber(number.context("neither an id, an e-mail address nor a number")?))
}

/// For clap.
fn parse_role(text: &str) -> Result<Role, String> {
    text.parse::<Role>().map_err(|error| error.to_string())
}
