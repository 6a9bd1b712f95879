//! The carriers side by side: sign-up to token through each, and over from one to another.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]
#![expect(clippy::duplicate_mod, reason = "each fake brings what they share: it also runs alone")]

mod calls;
#[path = "../support/fake_infobip/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_infobip;
#[path = "../support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_plivo;
#[path = "../support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_sinch;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "every test here wants the schema")]
mod postgres;

mod failover;
mod money;
#[cfg(feature = "aws")]
#[path = "../support/moto.rs"]
mod moto;
mod races;
mod reports;
mod served;
mod store;
mod walks;
