//! Ringfence: a self-hosted, phone-verified auth server.

pub mod database;
pub mod foundation;
pub mod otp;
pub mod pages;
pub mod passwords;
