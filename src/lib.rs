//! Ringfence: a self-hosted, phone-verified auth server.

pub mod otp;
pub mod pages;
pub mod passwords;
