//! The Sinch adapter against the strict fake, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod checking;
#[path = "../support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "only the stand-alone program serves for ever and listens for codes")]
mod fake_sinch;
#[path = "../support/log.rs"]
mod log;
mod probing;
mod secrecy;
mod starting;
mod the_fake;
mod transport;
mod wording;
mod world;
