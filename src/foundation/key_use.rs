//! How much is kept under which key of `SECRET_KEY`, and what became of it: what each room that stores
//! something so tells of it.

use chrono::{DateTime, Utc};

/// What a room keeps under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptUnder {
    /// Which key; `None` where the room does not note it.
    pub key_id: Option<String>,
    /// How many rows.
    pub rows: i64,
    /// From when on none of them is worth anything; `None`: they do not run out.
    pub until: Option<DateTime<Utc>>,
}

/// What was encrypted anew under the key that writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewed {
    /// How many rows.
    pub rows: u64,
    /// How many are of a key that is not there, or are broken; they stay as they are.
    pub unreadable: u64,
}
