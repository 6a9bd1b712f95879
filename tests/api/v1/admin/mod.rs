//! What administrators may do. Who may is tested in `administrators.rs`.

mod users;
