//! The ways in which the fake can be told to behave.
//!
//! Owns their spelling on the command line and in the control API: words separated by colons.

use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A PIN by text or by voice.
    Start,
    Verify,
    /// Our message template.
    Template,
}

/// How a request with sound credentials is treated.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Mode {
    /// `normal`: by the book.
    #[default]
    Normal,
    /// `error:429:TOO_MANY_REQUESTS`: refused, with an HTTP status and a code of Infobip's; in the
    /// newer shape for codes like `E429`.
    Error { http: u16, code: String },
    /// `json:200:{"smsStatus":"MESSAGE_NOT_SENT"}`: this body, with an HTTP status.
    Json { http: u16, body: Value },
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
    /// `empty`: 200 without a body.
    Empty,
    /// `redirect:http://host/`: 307 to this address.
    Redirect(String),
}

/// A mode that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "unknown; write normal, error:HTTP:CODE, json:HTTP:BODY, delay:MS, close, broken-off, \
     truncated, oversized, html:HTTP, empty or redirect:URL"
)]
pub(crate) struct UnknownMode;

/// An operation that nobody knows.
#[derive(Debug, thiserror::Error)]
#[error("unknown; write start, verify or template")]
pub(crate) struct UnknownOperation;

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, UnknownOperation> {
        match text {
            "start" => Ok(Self::Start),
            "verify" => Ok(Self::Verify),
            "template" => Ok(Self::Template),
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
            ("oversized", "") => Self::Oversized,
            ("empty", "") => Self::Empty,
            ("html", http) => Self::Html(http_status(http)?),
            ("delay", ms) => {
                Self::Delay(Duration::from_millis(ms.parse().map_err(|_| UnknownMode)?))
            }
            ("redirect", url) => Self::Redirect(url.to_owned()),
            ("error", rest) => {
                let (http, code) = rest.split_once(':').ok_or(UnknownMode)?;
                Self::Error { http: http_status(http)?, code: code.to_owned() }
            }
            ("json", rest) => {
                let (http, body) = rest.split_once(':').ok_or(UnknownMode)?;
                let body = serde_json::from_str(body).map_err(|_| UnknownMode)?;
                Self::Json { http: http_status(http)?, body }
            }
            _ => return Err(UnknownMode),
        })
    }
}

fn http_status(text: &str) -> Result<u16, UnknownMode> {
    text.parse().ok().filter(|status| (200..=599).contains(status)).ok_or(UnknownMode)
}
