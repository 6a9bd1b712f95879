//! Version 1 of the API.

mod admin;
mod auth;
mod profile;
