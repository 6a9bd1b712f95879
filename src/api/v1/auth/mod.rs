//! Signing up and logging in.

pub(super) mod code;
pub(super) mod input;
pub(in crate::api) mod login;
pub(in crate::api) mod password;
mod pending;
pub(in crate::api) mod phone;
pub(in crate::api) mod register;
pub(in crate::api) mod request_otp;
pub(in crate::api) mod session;
mod signed_in;
pub(in crate::api) mod verify_email;
pub(in crate::api) mod verify_otp;
