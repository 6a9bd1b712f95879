//! The database: how the server reaches PostgreSQL.

#[cfg(all(unix, feature = "private-postgres"))]
pub mod private_postgres;
