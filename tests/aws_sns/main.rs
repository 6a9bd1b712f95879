//! The adapter to AWS SNS: against moto, which others wrote, and against a peer that does as told.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod against_moto;
mod attributes;
#[path = "../support/moto.rs"]
mod moto;
mod opt_out;
mod outcomes;
mod peer;
mod probing;
mod secrecy;
mod settings;
mod transport;
mod world;
