//! Ringfence: a self-hosted, phone-verified auth server.

pub mod config;
pub mod database;
pub mod foundation;
pub mod http;
pub mod known_devices;
pub mod login_tickets;
pub mod observability;
pub mod otp;
pub mod pages;
pub mod passwords;
pub mod sessions;
pub mod state;
pub mod tokens;
pub mod users;
