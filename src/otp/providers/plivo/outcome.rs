//! What an answer of Plivo means.
//!
//! Owns the table from statuses and words to failures. Plivo has no error codes in its answers,
//! only a status and a sentence; the sentences that are known are looked for, the others count by
//! their status. Nothing is a success without an id of the message.

use super::NAME;
use super::wire::Reply;
use crate::otp::providers::delivery::Accepted;
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::Reason;
use crate::otp::providers::outbound::Answer;
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::redaction::redact;

/// What was asked, as far as it helps to understand the answer.
pub(super) struct Asked<'a> {
    /// The sender as Plivo was told it.
    pub(super) sender: &'a str,
    /// What must not be quoted.
    pub(super) private: &'a [&'a str],
}

/// A message that was taken over, with what the log should know about the answer.
pub(super) struct Receipt {
    pub(super) accepted: Accepted,
    pub(super) http_status: u16,
    /// Plivo's id of the request.
    pub(super) note: Option<String>,
    /// Whether Plivo spoke of an error all the same.
    pub(super) is_odd: bool,
}

/// Reads an answer whose id of the message is told by `uuid`.
pub(super) fn receipt(
    answer: &Answer,
    asked: &Asked<'_>,
    uuid: fn(&Reply) -> Option<&str>,
) -> Result<Receipt, ProviderFailure> {
    let reply = Reply::read(&answer.body);
    let reference = reply.as_ref().and_then(uuid).filter(|id| is_plain_id(id));
    match reference {
        Some(reference) if is_success(answer.status) => Ok(Receipt {
            accepted: Accepted { reference: reference.to_owned() },
            http_status: answer.status,
            note: note(reply.as_ref(), asked),
            is_odd: reply.as_ref().is_some_and(|reply| reply.error().is_some()),
        }),
        _ => Err(refused(answer, reply.as_ref(), asked)),
    }
}

/// Reads the answer to a question for the account `auth_id`.
pub(super) fn probed(
    answer: &Answer,
    auth_id: &str,
    asked: &Asked<'_>,
) -> Result<(), ProviderFailure> {
    let reply = Reply::read(&answer.body);
    let is_ours = reply.as_ref().and_then(Reply::auth_id) == Some(auth_id);
    match is_success(answer.status) {
        true if is_ours => Ok(()),
        true => Err(ProviderFailure::new(NAME, FailureKind::Malformed)
            .with_status(answer.status)
            .with_detail("the answer is not about our account")),
        false => Err(refused(answer, reply.as_ref(), asked)),
    }
}

const fn is_success(http_status: u16) -> bool {
    matches!(http_status, 200..=299)
}

fn refused(answer: &Answer, reply: Option<&Reply>, asked: &Asked<'_>) -> ProviderFailure {
    let words = reply.and_then(Reply::error).unwrap_or_default();
    let kind = kind_of(answer.status, known_cause(words, asked.sender));
    let failure = ProviderFailure::new(NAME, kind).with_status(answer.status);
    match note(reply, asked) {
        Some(note) => failure.with_detail(note),
        None if is_success(answer.status) => {
            failure.with_detail("the answer has no id of the message")
        }
        None => failure,
    }
}

/// Plivo's words and its id of the request, on one line.
fn note(reply: Option<&Reply>, asked: &Asked<'_>) -> Option<String> {
    let reply = reply?;
    let words = reply.error().map(|words| redact(words, asked.private));
    let api_id = reply.api_id().map(|id| format!("api_id {id}"));
    match (words, api_id) {
        (Some(words), Some(api_id)) => Some(format!("{words} ({api_id})")),
        (words, api_id) => words.or(api_id),
    }
}

/// The published statuses. A 403 counts as a judgement on the destination (it is the geographic
/// permissions that answer so), so that a doubt never leads round Plivo's fraud control; a 429
/// is about how fast the account asks.
const fn kind_of(http_status: u16, cause: Option<FailureKind>) -> FailureKind {
    match (http_status, cause) {
        // Credentials that are wrong are no judgement, whatever the words.
        (401, _) => FailureKind::Configuration,
        (408 | 500..=599, _) => FailureKind::Unavailable,
        (200..=299 | 400..=499, Some(cause)) => cause,
        (402, None) => FailureKind::Billing,
        (403, None) => FailureKind::Refused(Reason::DestinationDenied),
        (409, None) => FailureKind::Conflict,
        (429, None) => FailureKind::Capacity,
        // Redirects, too: the base URL is not that of the API.
        (300..=499, _) => FailureKind::Configuration,
        _ => FailureKind::Malformed,
    }
}

/// What the sentences say that have been published or seen. The number in question may be our
/// own, which no user can mend.
fn known_cause(words: &str, sender: &str) -> Option<FailureKind> {
    let words = words.to_ascii_lowercase();
    let says = |text: &str| words.contains(text);
    if says("insufficient credit") {
        Some(FailureKind::Billing)
    } else if says("not a valid phone number") && !says(&sender.to_ascii_lowercase()) {
        Some(FailureKind::InvalidNumber)
    } else if says("opted out") || says("opted-out") || says("unsubscribed") {
        Some(FailureKind::Refused(Reason::Blocked))
    } else {
        None
    }
}
