//! Signing up and logging in.

mod login;
mod password;
mod register;
mod request_otp;
mod session;
mod verify_otp;
