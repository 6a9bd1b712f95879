//! Where addresses are, by a file of places: what is found in it, and which files are of use.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::panic, reason = "a value that no file has is a fault of the test")]

mod files;
mod finding;
#[path = "../support/log.rs"]
#[expect(dead_code, reason = "the lines about calls concern the tests of the carriers")]
mod log;
#[path = "../support/mmdb.rs"]
mod mmdb;
