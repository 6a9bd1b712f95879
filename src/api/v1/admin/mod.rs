//! What administrators may do: the same as `ringfence users`, over HTTP.

pub(in crate::api) mod users;
