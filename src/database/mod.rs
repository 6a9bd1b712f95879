//! The database: how the server reaches its data.

#[cfg(all(unix, feature = "private-postgres"))]
pub mod private_postgres;
