//! HTTP itself, before any subject: problem documents, JSON bodies, the client's address, the layers
//! around every request and the coarse limits.

mod client;
mod fields;
mod form;
mod kind;
mod layers;
mod problem;
mod query;
mod rate_limit;
mod room;
mod server;

pub use client::{Client, TrustedProxies};
pub use fields::{FieldError, Fields, read_body};
pub use form::Form;
pub use kind::Kind;
pub use layers::{Edge, note_user, with_layers};
pub use problem::{Problem, STEP_UP_MAX_AGE};
pub use query::Query;
pub use rate_limit::{RateLimit, RateLimits};
pub use room::{RoomLeft, note_room, with_same_room};
pub use server::serve;
