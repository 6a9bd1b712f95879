//! `ringfence adopt`: the people of an application that Ringfence takes the place of, out of its database.
//!
//! Reads that database in one read-only transaction and writes nothing there.

use std::collections::BTreeMap;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::config::{Environment, Settings};
use crate::database;
use crate::foundation::{Clock, Entropy};

use super::users::import::Manner;
use super::users::import::intake::{Batch, Intake, Place};
use super::users::import::person::{Checker, Fault, Fields};
use super::users::import::tell::{Errors, Progress};

/// Rows of one FETCH.
const ROWS: usize = 2000;
const CONNECTIONS: u32 = 2;

#[derive(Args)]
pub(super) struct Arguments {
    /// The database of an Express application with Sequelize, as the usual tutorials build it: a table "Users" with
    /// email, password (bcrypt), phoneNumber and isVerified.
    #[arg(long, value_name = "postgres://…", value_parser = parse_url)]
    from_express: Box<PgConnectOptions>,
    #[command(flatten)]
    manner: Manner,
}

/// What we call a column, and what others do: compared without regard to case and underscores.
const COLUMNS: [(Column, &[&str]); 6] = [
    (Column::Id, &["id"]),
    (Column::Email, &["email", "emailaddress"]),
    (Column::Phone, &["phonenumber", "phone", "mobile"]),
    (Column::Password, &["passwordhash", "password", "hashedpassword"]),
    (Column::IsVerified, &["isverified", "isphoneverified", "phoneverified", "verified"]),
    (Column::CreatedAt, &["createdat"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Id,
    Email,
    Phone,
    Password,
    IsVerified,
    CreatedAt,
}

/// The table of the other application.
#[derive(Debug, PartialEq, Eq)]
struct Table {
    schema: String,
    name: String,
    columns: BTreeMap<Column, String>,
}

pub(super) async fn run(environment: &Environment, arguments: &Arguments) -> anyhow::Result<()> {
    let settings = Settings::read_accounts(environment)?;
    let database = database::pool(settings.database, CONNECTIONS);
    database::require_current(&database).await?;
    let options =
        PgConnectOptions::clone(&arguments.from_express).application_name("ringfence adopt");
    let mut old = PgConnection::connect_with(&options).await;
    let old = old.as_mut().map_err(|error| anyhow::anyhow!("the old database: {error}"))?;
    let errors = Errors::open(arguments.manner.errors.as_deref())?;
    let mut intake = Intake::new(&database, &arguments.manner, errors, Progress::new(None));
    let checker = Checker::new(settings.default_region, Clock::default(), Entropy::default());
    adopt(old, &checker, &mut intake).await?;
    intake.finish()?;
    database.close().await;
    Ok(())
}

async fn adopt(
    old: &mut PgConnection,
    checker: &Checker,
    intake: &mut Intake<'_>,
) -> anyhow::Result<()> {
    // One picture of the table, however long it takes; times without a zone are UTC, as Sequelize writes them.
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL TIME ZONE 'UTC'";
    sqlx::raw_sql(begin).execute(&mut *old).await.context("the old database")?;
    let table = find_table(old).await?;
    let declare = format!("DECLARE people NO SCROLL CURSOR FOR {}", table.query());
    sqlx::raw_sql(AssertSqlSafe(declare)).execute(&mut *old).await.context("the old table")?;
    let fetch = format!("FETCH {ROWS} FROM people");
    loop {
        let rows = sqlx::query(AssertSqlSafe(fetch.clone())).fetch_all(&mut *old).await;
        let rows = rows.context("the old table cannot be read")?;
        if rows.is_empty() {
            break;
        }
        let mut batch = Batch::default();
        for row in rows {
            let (place, fields) = read(&row)?;
            batch.add(place, fields.and_then(|fields| checker.check(&fields)));
        }
        intake.take(batch).await?;
    }
    sqlx::raw_sql("ROLLBACK").execute(old).await.context("the old database")?;
    Ok(())
}

/// The table that has what is needed: `"Users"` as Sequelize names it, before others of that name.
async fn find_table(old: &mut PgConnection) -> anyhow::Result<Table> {
    let query = "
        SELECT table_schema::text, table_name::text, array_agg(column_name::text)
        FROM information_schema.columns
        WHERE lower(table_name) IN ('users', 'user') AND table_schema = ANY (current_schemas(false))
        GROUP BY table_schema, table_name
        ORDER BY table_name <> 'Users', table_name <> 'users', table_schema, table_name";
    let tables: Vec<(String, String, Vec<String>)> =
        sqlx::query_as(query).fetch_all(old).await.context("the old database cannot be read")?;
    anyhow::ensure!(!tables.is_empty(), "the old database has no table \"Users\"");
    let mut missing = Vec::new();
    for (schema, name, columns) in tables {
        match Table::new(schema, name, &columns) {
            Ok(table) => return Ok(table),
            Err(why) => missing.push(why),
        }
    }
    anyhow::bail!("the old database: {}", missing.join("; "))
}

impl Table {
    fn new(schema: String, name: String, columns: &[String]) -> Result<Self, String> {
        let plain = |column: &String| column.to_ascii_lowercase().replace('_', "");
        let mut known = BTreeMap::new();
        for (column, aliases) in COLUMNS {
            let mut by_alias = aliases.iter();
            let found = by_alias.find_map(|alias| columns.iter().find(|it| plain(it) == *alias));
            match found {
                Some(found) => known.insert(column, found.clone()),
                None if matches!(column, Column::IsVerified | Column::CreatedAt) => None,
                None => return Err(format!("table {name:?} has no column {:?}", aliases[0])),
            };
        }
        Ok(Self { schema, name, columns: known })
    }

    /// Six columns in the order of [`Column`], whatever the old ones are called and are.
    fn query(&self) -> String {
        let columns = COLUMNS.map(|(column, _)| match (column, self.columns.get(&column)) {
            (Column::IsVerified, Some(name)) => format!("{}::boolean", quoted(name)),
            (Column::CreatedAt, Some(name)) => format!("{}::timestamptz", quoted(name)),
            (_, Some(name)) => format!("{}::text", quoted(name)),
            (Column::IsVerified, None) => "NULL::boolean".to_owned(),
            (_, None) => "NULL::timestamptz".to_owned(),
        });
        let id = self.columns.get(&Column::Id).map(|id| quoted(id)).unwrap_or_default();
        let table = format!("{}.{}", quoted(&self.schema), quoted(&self.name));
        format!("SELECT {} FROM {table} ORDER BY {id}", columns.join(", "))
    }
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

type Read = (Place, Result<Fields, Vec<Fault>>);

fn read(row: &PgRow) -> anyhow::Result<Read> {
    let id: Option<String> = row.try_get(0)?;
    let created_at: Option<DateTime<Utc>> = row.try_get(5)?;
    let fields = Fields {
        email: row.try_get(1)?,
        phone_number: row.try_get(2)?,
        password_hash: row.try_get(3)?,
        is_verified: row.try_get(4)?,
        created_at: created_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        ..Fields::default()
    };
    Ok((Place::Row(id.unwrap_or_default()), Ok(fields)))
}

/// What is wrong with it is not told in the words of the library: there is a password in it.
fn parse_url(text: &str) -> Result<Box<PgConnectOptions>, &'static str> {
    let has_scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let options = has_scheme.then(|| text.parse().map(Box::new).ok()).flatten();
    options.ok_or("a postgres:// URL is wanted")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str]) -> Result<Table, String> {
        let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
        Table::new("public".to_owned(), "Users".to_owned(), &columns)
    }

    #[test]
    fn the_usual_names_of_columns_are_known() {
        let sequelize = ["id", "email", "password", "phoneNumber", "isVerified", "createdAt"];
        let query = table(&sequelize).unwrap().query();
        assert_eq!(
            query,
            "SELECT \"id\"::text, \"email\"::text, \"phoneNumber\"::text, \"password\"::text, \
             \"isVerified\"::boolean, \"createdAt\"::timestamptz FROM \"public\".\"Users\" ORDER BY \"id\""
        );
        let underscored = ["id", "EMAIL", "password_hash", "phone", "is_phone_verified"];
        let query = table(&underscored).unwrap().query();
        assert!(query.contains("\"password_hash\"::text, \"is_phone_verified\"::boolean, NULL"));
        let both = ["id", "email", "phone", "password", "passwordHash"];
        assert!(table(&both).unwrap().query().contains("\"passwordHash\"::text"));
        assert!(table(&["id", "email", "password"]).unwrap_err().contains("phonenumber"));
    }

    #[test]
    fn a_name_stays_a_name() {
        assert_eq!(quoted("a\" FROM b; --"), "\"a\"\" FROM b; --\"");
    }
}
