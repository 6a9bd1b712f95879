//! Ringfence: a self-hosted, phone-verified auth server.

pub mod database;
pub mod foundation;
pub mod known_devices;
pub mod login_tickets;
pub mod otp;
pub mod pages;
pub mod passwords;
pub mod sessions;
pub mod tokens;
pub mod users;
