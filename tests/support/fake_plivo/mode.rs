//! The ways in which the fake can be told to behave, and which of them is in force.
//!
//! Owns their spelling on the command line and in the control API: words separated by colons.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::Duration;

/// How a request with sound credentials is treated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `normal`: by the book.
    #[default]
    Normal,
    /// `reply:400:{"error":"…"}`: nothing is done, and this JSON answered with this HTTP status.
    Reply { http: u16, body: String },
    /// `delay:9000`: by the book, answered so many milliseconds later.
    Delay(Duration),
    /// `close`: by the book, but the connection is closed instead of the answer.
    Close,
    /// `broken-off`: by the book, but the connection is closed in the middle of the body.
    BrokenOff,
    /// `truncated`: by the book, but the body is half of the JSON.
    Truncated,
    /// `oversized`: by the book, but the answer is larger than 64 KiB.
    Oversized,
    /// `html:502`: a web page with this HTTP status.
    Html(u16),
    /// `redirect:http://host/`: 307 to this address.
    Redirect(String),
}

/// A mode that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown; write normal, reply:HTTP:JSON, delay:MS, close, broken-off, truncated, oversized, \
     html:HTTP or redirect:URL"
)]
pub(crate) struct UnknownMode;

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (name, rest) {
            ("normal", "") => Self::Normal,
            ("close", "") => Self::Close,
            ("broken-off", "") => Self::BrokenOff,
            ("truncated", "") => Self::Truncated,
            ("oversized", "") => Self::Oversized,
            ("html", http) => Self::Html(http_status(http)?),
            ("delay", ms) => Self::Delay(Duration::from_millis(number(ms)?)),
            ("redirect", url) => Self::Redirect(url.to_owned()),
            ("reply", rest) => {
                let (http, body) = rest.split_once(':').ok_or(UnknownMode)?;
                Self::Reply { http: http_status(http)?, body: body.to_owned() }
            }
            _ => return Err(UnknownMode),
        })
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, UnknownMode> {
    text.parse().map_err(|_| UnknownMode)
}

fn http_status(text: &str) -> Result<u16, UnknownMode> {
    number(text).ok().filter(|status| (200..=599).contains(status)).ok_or(UnknownMode)
}

/// The modes in force.
#[derive(Default)]
pub(super) struct Plan {
    standing: Mode,
    /// Used up first, one a request.
    next: VecDeque<(Mode, u32)>,
}

impl Plan {
    /// From now on; forgets what was planned for the next requests.
    pub(super) fn set(&mut self, mode: Mode) {
        *self = Self { standing: mode, next: VecDeque::new() };
    }

    /// For `times` requests, after those already planned.
    pub(super) fn once(&mut self, mode: Mode, times: u32) {
        if times > 0 {
            self.next.push_back((mode, times));
        }
    }

    pub(super) fn take(&mut self) -> Mode {
        let Some((mode, times)) = self.next.front_mut() else { return self.standing.clone() };
        let mode = mode.clone();
        *times -= 1;
        if *times == 0 {
            self.next.pop_front();
        }
        mode
    }
}
