//! Ringfence: a self-hosted, phone-verified auth server.
//!
//! | floor | rooms | may import |
//! |---|---|---|
//! | command line | [`cli`] | everything |
//! | assembly | [`app`] | everything but `cli` |
//! | door | [`api`], [`pages`] | what is below |
//! | settings | [`config`] | settings of `state` and the capabilities, `http`, `observability`, `foundation` |
//! | shared state | [`state`] | capabilities, `database`, `foundation` |
//! | capabilities | [`users`], [`passwords`], [`login_tickets`], [`reset_tickets`], [`known_devices`], [`phone_changes`], [`number_claims`], [`guard`], [`otp`], [`emails`], [`sessions`], [`tokens`], [`places`], [`audit`], [`proofs`], [`rate_limits`], [`totp`] | `database`, `foundation`; never each other |
//! | infrastructure | [`http`], [`database`], [`observability`] | `foundation` |
//! | ground | [`foundation`] | nothing of ours |
//!
//! `ARCHITECTURE.md` draws the map and walks through it; `tests/house.rs` keeps both true.

pub mod api;
pub mod app;
pub mod audit;
pub mod cli;
pub mod config;
pub mod database;
pub mod emails;
pub mod foundation;
pub mod guard;
pub mod http;
pub mod known_devices;
pub mod login_tickets;
pub mod number_claims;
pub mod observability;
pub mod otp;
pub mod pages;
pub mod passwords;
pub mod phone_changes;
pub mod places;
pub mod proofs;
pub mod rate_limits;
pub mod reset_tickets;
pub mod sessions;
pub mod state;
pub mod tokens;
pub mod totp;
pub mod users;
