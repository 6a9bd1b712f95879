//! `/api/v1/auth`.

mod introspect;
mod login;
mod logout;
mod password;
mod refresh;
mod refresh_token;
mod register;
mod request_otp;
mod revoke;
mod session;
mod sessions;
mod verify_otp;
