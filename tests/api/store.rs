//! Where codes live in this binary: in PostgreSQL. `tests/redis` has the same tests on the other store.

use std::collections::BTreeMap;
use std::future::{Ready, ready};

use sqlx::PgPool;

use crate::support::Person;

/// Codes that are over are kept for a day.
pub(crate) const KEEPS_WHAT_IS_OVER: bool = true;

/// What an application has to be told of its store.
pub(crate) fn settings() -> Ready<Vec<(&'static str, String)>> {
    ready(Vec::new())
}

/// How many guesses the live code of `person` for `purpose` has left.
pub(crate) async fn guesses_left(
    _settings: &BTreeMap<String, String>,
    database: &PgPool,
    person: &Person,
    purpose: &str,
) -> i16 {
    let query = "SELECT attempts_left FROM otp_challenges
        WHERE phone_number = $1 AND purpose = $2 AND ended_at IS NULL";
    let query = sqlx::query_scalar(query).bind(&person.phone).bind(purpose);
    query.fetch_one(database).await.unwrap()
}
