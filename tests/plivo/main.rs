//! The Plivo adapter against the strict fake, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "../support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "only the stand-alone program serves for ever and listens for texts")]
mod fake_plivo;
mod india;
mod probing;
mod secrecy;
mod sending;
mod settings;
mod the_fake;
mod transport;
mod world;
