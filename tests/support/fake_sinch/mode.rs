//! The ways in which the fake can be told to behave.
//!
//! Owns their spelling on the command line and in the control API: words separated by colons.

use std::str::FromStr;
use std::time::Duration;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Start,
    Report,
    Status,
}

/// How a request with sound credentials is treated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `normal`: by the book.
    #[default]
    Normal,
    /// `error:429:42901`: refused, with an HTTP status and a Sinch code.
    Error { http: u16, code: u32 },
    /// `status:DENIED:Fraud`: 200 with this status and, if there is one, this reason.
    Status { status: String, reason: Option<String> },
    /// `delay:9000`: by the book, answered so many milliseconds later.
    Delay(Duration),
    /// `close`: by the book, but the connection is closed instead of the answer.
    Close,
    /// `broken-off`: by the book, but the connection is closed in the middle of the body.
    BrokenOff,
    /// `truncated`: by the book, but the body is half of the JSON.
    Truncated,
    /// `no-id`: by the book, but the answer lacks the id.
    NoId,
    /// `other-id:../x`: by the book, but the answer bears this id.
    OtherId(String),
    /// `oversized`: by the book, but the answer is larger than 64 KiB.
    Oversized,
    /// `html:502`: a web page with this HTTP status.
    Html(u16),
    /// `empty`: 200 without a body.
    Empty,
    /// `redirect:http://host/`: 307 to this address.
    Redirect(String),
}

/// A mode that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown; write normal, error:HTTP:CODE, status:STATUS[:REASON], delay:MS, close, broken-off, \
     truncated, no-id, other-id:ID, oversized, html:HTTP, empty or redirect:URL"
)]
pub(crate) struct UnknownMode;

/// An operation that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("unknown; write start, report or status")]
pub(crate) struct UnknownOperation;

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, UnknownOperation> {
        match text {
            "start" => Ok(Self::Start),
            "report" => Ok(Self::Report),
            "status" => Ok(Self::Status),
            _ => Err(UnknownOperation),
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (name, rest) {
            ("normal", "") => Self::Normal,
            ("close", "") => Self::Close,
            ("broken-off", "") => Self::BrokenOff,
            ("truncated", "") => Self::Truncated,
            ("no-id", "") => Self::NoId,
            ("oversized", "") => Self::Oversized,
            ("empty", "") => Self::Empty,
            ("html", http) => Self::Html(http_status(http)?),
            ("delay", ms) => Self::Delay(Duration::from_millis(number(ms)?)),
            ("other-id", id) => Self::OtherId(id.to_owned()),
            ("redirect", url) => Self::Redirect(url.to_owned()),
            ("error", rest) => {
                let (http, code) = rest.split_once(':').ok_or(UnknownMode)?;
                Self::Error { http: http_status(http)?, code: number(code)? }
            }
            ("status", rest) => match rest.split_once(':') {
                Some((status, reason)) => {
                    Self::Status { status: status.to_owned(), reason: Some(reason.to_owned()) }
                }
                None => Self::Status { status: rest.to_owned(), reason: None },
            },
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
