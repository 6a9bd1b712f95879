//! What the tests stand on: an application with a database, a clock and a carrier of its own, the
//! visitors that ask it over real HTTP, and what they are answered.

mod admin;
mod answer;
mod app;
mod person;
mod pg_proxy;
mod race;
mod visitor;

pub(crate) use admin::USERS;
pub(crate) use answer::Answer;
pub(crate) use app::{SECRET_KEY, TestApp};
pub(crate) use person::Person;
pub(crate) use pg_proxy::{PgProxy, Way};
pub(crate) use race::{RACERS, count, race};
pub(crate) use visitor::Visitor;

/// A code of the same form that is not `code`.
pub(crate) fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}
