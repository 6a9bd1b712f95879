//! What the commands show: tables for people, JSON for programs. Never a password or its hash.

use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use crate::config::{Environment, Settings};
use crate::foundation::{SessionId, UserId};
use crate::passwords::{self, Slowed};
use crate::places::Places;
use crate::sessions::{self, Overview};
use crate::users::{self, Page, Role, User};

use super::{Desk, Who, parse_role};

pub(super) const TIME: &str = "%Y-%m-%d %H:%M";

#[derive(Args)]
pub(in crate::cli) struct ListArguments {
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Only those after this id: the last one of the list before.
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    after: Option<UserId>,
    /// Only those who are locked.
    #[arg(long)]
    locked: bool,
    /// Only those whose e-mail address begins so.
    #[arg(long, value_name = "TEXT")]
    email_prefix: Option<String>,
    /// Only those with this role.
    #[arg(long, value_parser = parse_role)]
    role: Option<Role>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(in crate::cli) struct SessionsArguments {
    #[command(flatten)]
    who: Who,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

/// A person for programs; the names stay as they are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Person<'a> {
    id: UserId,
    email: &'a str,
    phone_number: Option<&'a str>,
    is_verified: bool,
    locale: Option<&'a str>,
    roles: &'a [String],
    locked_at: Option<DateTime<Utc>>,
    locked_reason: Option<&'a str>,
    last_otp_sent_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_expires_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_passwords: Option<Slowed>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct People<'a> {
    users: Vec<Person<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session<'a> {
    id: SessionId,
    amr: &'a [String],
    authenticated_at: DateTime<Utc>,
    last_seen_at: Option<DateTime<Utc>>,
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    ended_at: Option<DateTime<Utc>>,
    ended_as: Option<&'a str>,
}

#[derive(Serialize)]
struct Sessions<'a> {
    sessions: Vec<Session<'a>>,
}

pub(super) async fn list(desk: &Desk, arguments: &ListArguments) -> anyhow::Result<()> {
    let page = Page {
        after: arguments.after,
        locked_only: arguments.locked,
        role: arguments.role.as_ref(),
        email_prefix: arguments.email_prefix.as_deref(),
        limit: arguments.limit,
    };
    let people = users::list(&desk.database, page).await.context("the list cannot be read")?;
    if arguments.json {
        return print_json(&People { users: people.iter().map(Person::of).collect() });
    }
    if people.is_empty() {
        return print("Nobody.\n");
    }
    let headings = ["id", "email", "phone", "verified", "locked", "roles", "since"];
    let rows = people.iter().map(|user| {
        vec![
            user.id.to_string(),
            user.email.clone(),
            user.phone_number.clone().unwrap_or_default(),
            yes_no(user.is_verified),
            yes_no(user.locked_at.is_some()),
            user.roles.join(","),
            user.created_at.format("%Y-%m-%d").to_string(),
        ]
    });
    print(&table(&headings, rows.collect()))
}

pub(super) async fn one(desk: &Desk, who: &Who) -> anyhow::Result<()> {
    let user = desk.find(who).await?;
    let slowed = passwords::slowed(&desk.database, user.id, desk.clock.now()).await;
    print_user(&user, slowed.context("the wrong passwords cannot be read")?, who.json)
}

/// The file of places may be large: it is read for this command only.
pub(super) async fn sessions(
    desk: &Desk,
    environment: &Environment,
    arguments: &SessionsArguments,
) -> anyhow::Result<()> {
    let places = Settings::read_places(environment)?;
    let user = desk.find(&arguments.who).await?;
    let sessions = sessions::of_user(&desk.database, user.id, arguments.limit)
        .await
        .context("the sessions cannot be read")?;
    let sessions: Vec<Session<'_>> =
        sessions.iter().map(|session| Session::of(session, places.as_ref())).collect();
    if arguments.who.json {
        return print_json(&Sessions { sessions });
    }
    if sessions.is_empty() {
        return print("No sessions.\n");
    }
    print(&session_table(&sessions, places.is_some()))
}

/// With a column of places only where there is a file of them.
fn session_table(sessions: &[Session<'_>], with_places: bool) -> String {
    let place_heading = with_places.then_some("place");
    let headings: Vec<&str> = ["id", "by", "began", "last seen", "ended"]
        .into_iter()
        .chain(place_heading)
        .chain(["device"])
        .collect();
    let rows = sessions.iter().map(|session| {
        let ended = session.ended_at.map(|at| at.format(TIME).to_string());
        let ended = ended.zip(session.ended_as).map(|(at, why)| format!("{at} ({why})"));
        let mut row = vec![
            session.id.to_string(),
            session.amr.join("+"),
            session.authenticated_at.format(TIME).to_string(),
            session.last_seen_at.map(|at| at.format(TIME).to_string()).unwrap_or_default(),
            ended.unwrap_or_default(),
        ];
        row.extend(with_places.then(|| session.place.clone().unwrap_or_default()));
        row.push(session.user_agent.unwrap_or_default().to_owned());
        row
    });
    table(&headings, rows.collect())
}

/// One person, a line for each thing.
pub(super) fn print_user(user: &User, slowed: Option<Slowed>, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&Person { wrong_passwords: slowed, ..Person::of(user) });
    }
    let mut lines = vec![
        ("id", user.id.to_string()),
        ("email", user.email.clone()),
        ("phone", user.phone_number.clone().unwrap_or_default()),
        ("verified", yes_no(user.is_verified)),
        ("locale", user.locale.clone().unwrap_or_default()),
        ("roles", user.roles.join(",")),
        ("since", user.created_at.format(TIME).to_string()),
    ];
    if let Some(locked_at) = user.locked_at {
        let reason = user.locked_reason.as_ref();
        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(("locked", format!("{}{reason}", locked_at.format(TIME))));
    }
    if let Some(slowed) = slowed {
        lines.push(("slowed", in_words(slowed)));
    }
    let lines = lines.into_iter().map(|(name, value)| format!("{name:<9} {value}"));
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned() + "\n").collect();
    print(&lines.concat())
}

/// What wrong passwords do to logins on devices that are not known.
fn in_words(slowed: Slowed) -> String {
    let Slowed { failures, until, is_shut } = slowed;
    let effect = match until {
        _ if is_shut => {
            "; no unknown device until a known one logs in, a reset or unlock".to_owned()
        }
        Some(until) => format!("; no unknown device until {}", until.format(TIME)),
        None => String::new(),
    };
    format!("{failures} wrong passwords in a row{effect}")
}

pub(in crate::cli) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

pub(in crate::cli) fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

impl<'a> Person<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            id: user.id,
            email: &user.email,
            phone_number: user.phone_number.as_deref(),
            is_verified: user.is_verified,
            locale: user.locale.as_deref(),
            roles: &user.roles,
            locked_at: user.locked_at,
            locked_reason: user.locked_reason.as_deref(),
            last_otp_sent_at: user.last_otp_sent_at,
            password_expires_at: user.password_expires_at,
            wrong_passwords: None,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

impl<'a> Session<'a> {
    fn of(session: &'a Overview, places: Option<&Places>) -> Self {
        Self {
            id: session.id,
            amr: &session.amr,
            authenticated_at: session.authenticated_at,
            last_seen_at: session.last_seen_at,
            user_agent: session.user_agent.as_deref(),
            place: places.zip(session.address.as_deref()).and_then(|(all, at)| all.find(at)),
            ended_at: session.ended_at,
            ended_as: session.ended_as.as_deref(),
        }
    }
}

fn yes_no(is_so: bool) -> String {
    if is_so { "yes" } else { "no" }.to_owned()
}

fn parse_id(text: &str) -> Result<UserId, &'static str> {
    UserId::parse(text).ok_or("an id like 01890f3e-7b5c-7cc0-98c4-dc0c0c07398f is wanted")
}

/// Columns as wide as they need to be. What people have chosen themselves may hold no line break.
pub(in crate::cli) fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let headings = headings.iter().map(|&heading| heading.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| {
            let cell = cell.replace(char::is_control, " ");
            format!("{cell:<width$}")
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
