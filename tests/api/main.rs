//! The API, in process over real HTTP, each test on a database of its own.
//!
//! The test of a file of `src/api` is found by its path; what concerns several of them has a file
//! of its own beside these.
#![cfg(all(unix, feature = "private-postgres"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod account_routes;
mod administrators;
mod audit;
mod bearers;
mod breaker;
mod challenges;
mod clock;
mod cors;
mod destinations;
mod edge;
mod emails;
#[path = "../support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "only the stand-alone program serves for ever and listens for codes")]
mod fake_sinch;
#[path = "../support/fake_siteverify.rs"]
mod fake_siteverify;
#[path = "../support/fake_smtp.rs"]
#[expect(dead_code, reason = "only the tests of the program wait for a fault")]
mod fake_smtp;
mod guard;
mod handed_out_passwords;
mod health;
mod keys;
mod last_admin;
mod ledger;
mod limits;
mod locks;
#[path = "../support/log.rs"]
#[expect(dead_code, reason = "the lines about calls concern the tests of the carriers")]
mod log;
mod lost_replies;
#[path = "../support/mmdb.rs"]
mod mmdb;
mod money;
mod naughty_strings;
mod number_claims;
mod password_guesses;
mod password_races;
mod phone_change;
mod places;
mod policy;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "the tests of the schema begin with an empty database")]
mod postgres;
mod provider;
mod races;
mod replicas;
mod revocation;
mod secrets;
mod sending;
mod shared_limits;
mod shared_limits_away;
mod standards;
mod statements;
mod step_up;
mod store;
mod support;
mod texts;
mod tokens;
mod totp;
mod uniformity;
mod v1;
mod webhooks;
mod well_known;
mod wrong_codes;
