//! Version 1 of the API.

mod account;
pub(super) mod admin;
pub(super) mod auth;
pub(super) mod profile;
mod proof;
