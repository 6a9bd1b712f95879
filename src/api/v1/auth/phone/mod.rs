//! What is done to a phone number without being signed in.

pub(in crate::api) mod undo;
