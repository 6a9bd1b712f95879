//! Codes and the limits on addresses in Redis: the tests that they pass in PostgreSQL, file by file, and
//! what only Redis can bring about.
#![cfg(all(unix, feature = "private-postgres", feature = "redis"))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod account;
mod configuration;
mod contents;
mod outages;
#[path = "../support/redis_server.rs"]
mod redis_server;
mod store;
mod undone;

#[path = "../support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_plivo;
#[path = "../support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_sinch;
#[path = "../support/fake_smtp.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_smtp;
#[path = "../support/log.rs"]
#[expect(dead_code, reason = "these tests look for less in the log than others do")]
mod log;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "the tests of the schema begin with an empty database")]
mod postgres;
#[path = "../carriers/served.rs"]
#[expect(dead_code, reason = "the tests of the carriers ask more of it")]
mod served;
#[path = "../api/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the API ask more of it")]
mod support;

// The suite of the other store.
#[path = "../carriers/calls.rs"]
mod calls;
#[path = "../api/ledger.rs"]
mod ledger;
#[path = "../api/locks.rs"]
mod locks;
#[path = "../api/money/mod.rs"]
mod money;
#[path = "../api/password_races.rs"]
mod password_races;
#[path = "../api/phone_change/mod.rs"]
mod phone_change;
#[path = "../api/policy.rs"]
mod policy;
#[path = "../api/provider.rs"]
mod provider;
#[path = "../api/races.rs"]
mod races;
#[path = "../api/replicas.rs"]
mod replicas;
#[path = "../api/secrets.rs"]
mod secrets;
#[path = "../api/sending.rs"]
mod sending;
#[path = "../api/shared_limits/mod.rs"]
mod shared_limits;
#[path = "../api/uniformity.rs"]
mod uniformity;
#[path = "../api/v1/mod.rs"]
mod v1;
#[path = "../api/webhooks.rs"]
mod webhooks;
#[path = "../api/wrong_codes.rs"]
mod wrong_codes;
