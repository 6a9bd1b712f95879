//! The real program: the binary as its users start it, over real HTTP, with a real PostgreSQL.
//!
//! Owns its children: starts no process that it does not end, and ends none that it did not start.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::panic, reason = "what a child printed is told with the failure")]

mod account;
mod adopt;
mod answers;
mod audit;
mod banner;
mod check_token;
mod child;
mod dev;
mod doctor;
mod email;
mod email_tls;
#[path = "../support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "only the tests of the adapter use all of it")]
mod fake_plivo;
#[path = "../support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "only the tests of the adapter use all of it")]
mod fake_sinch;
#[path = "../support/fake_smtp.rs"]
#[expect(dead_code, reason = "only the tests of the API use all of it")]
mod fake_smtp;
mod guard;
mod import;
mod installation;
mod keys;
mod ledger;
mod limits;
mod log;
mod metrics;
mod migrate;
#[path = "../support/mmdb.rs"]
mod mmdb;
mod money;
mod patient;
mod places;
#[path = "../support/postgres.rs"]
mod postgres;
mod processes;
mod providers;
mod refusals;
mod restart;
mod scene;
mod settings;
mod stopping;
mod traces;
mod users;
mod walk;
