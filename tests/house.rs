//! The rules of the house, kept true: which room may know which, where SQL and statuses live, what
//! every file looks like, and that what is generated or copied from the code is current.
//!
//! Reads the sources as text; compiles and runs none of them but the OpenAPI document, the table of
//! problems and the settings.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::panic, reason = "what is wrong is told with the failure")]

#[path = "house/documents.rs"]
mod documents;
#[path = "house/files.rs"]
mod files;
#[path = "house/links.rs"]
mod links;
#[path = "house/metrics.rs"]
mod metrics;
#[path = "house/openapi.rs"]
mod openapi;
#[path = "house/rooms.rs"]
mod rooms;
#[path = "house/settings.rs"]
mod settings;
#[path = "house/sources.rs"]
mod sources;
#[path = "house/sql.rs"]
mod sql;
#[path = "house/standards.rs"]
mod standards;
