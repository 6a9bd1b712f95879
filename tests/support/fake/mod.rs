//! What the fakes of providers have in common: a port, sockets that break on command, plans of
//! misbehaviour, bounded records, and chance.
//!
//! Knows no provider: paths, bodies and rules belong to the fakes.

mod plan;
mod record;
pub(crate) mod respond;
mod socket;

use std::sync::Arc;

use chrono::{DateTime, Utc};

pub(crate) use plan::Plans;
pub(crate) use record::{draw, draw_digits, push_bounded};
pub(crate) use socket::{Cut, Resets, Sockets};

/// Where a fake reads the time.
pub(crate) type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

#[expect(clippy::disallowed_methods, reason = "a fake outside the program has its own clock")]
pub(crate) fn system_time() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}
