//! Version 1 of the API.

mod auth;
mod profile;
