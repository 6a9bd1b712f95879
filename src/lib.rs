//! Ringfence: a self-hosted, phone-verified auth server.

pub mod passwords;
