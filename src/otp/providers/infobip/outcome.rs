//! What an answer of Infobip means.
//!
//! Owns the table from statuses, PIN errors and HTTP statuses to verdicts and failures; each
//! published one has its own place. Whatever is not on the list is never a success.

use super::NAME;
use super::wire::{ApiError, Dispatch, Template, Verification};
use crate::otp::Channel;
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::{Finding, Reason, Started, Verdict};
use crate::otp::providers::outbound::Answer;
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::redaction::redact;

/// Reads the answer to a start to `to`, digits only. `private` is what must not be quoted.
///
/// A 429 may be the limit of sends to one number, of the application or of the account, and does
/// not say which: it counts as a judgement on the destination.
pub(super) fn started(
    answer: &Answer,
    to: &str,
    channel: Channel,
    private: &[&str],
) -> Result<Started, ProviderFailure> {
    if !answer.is_success() {
        return Err(refused(answer, FailureKind::Velocity, private));
    }
    let dispatch: Dispatch = answer.read(NAME, private)?;
    // With HTTP 200 a message may be refused all the same.
    sent(&dispatch, channel).map_err(|kind| {
        let words = [&dispatch.sms_status, &dispatch.call_status, &dispatch.nc_status];
        let words: Vec<_> = words.into_iter().flatten().map(String::as_str).collect();
        failure(kind, answer).with_detail(redact(&format!("status: {}", words.join(", ")), private))
    })?;
    // A PIN that went to somebody else must not become this user's.
    if dispatch.to.is_some_and(|echo| echo.trim_start_matches('+') != to) {
        return Err(malformed(answer, "the answer is about another number"));
    }
    match dispatch.pin_id.filter(|id| is_plain_id(id)) {
        Some(reference_id) => Ok(Started { reference_id }),
        None => Err(malformed(answer, "the id of the pin is not a plain one")),
    }
}

/// Reads the answer to a question for our message template.
pub(super) fn probed(answer: &Answer, private: &[&str]) -> Result<(), ProviderFailure> {
    if !answer.is_success() {
        return Err(refused(answer, FailureKind::Capacity, private));
    }
    let template: Template = answer.read(NAME, private)?;
    if template.message_text.trim().is_empty() {
        return Err(failure(FailureKind::Configuration, answer)
            .with_detail("the message template has no text"));
    }
    Ok(())
}

/// Reads the answer to a verification of the PIN `id`.
///
/// A 429 is the limit of verifications of one number in a few seconds (`verifyPinLimit`).
pub(super) fn verified(
    answer: &Answer,
    id: &str,
    private: &[&str],
) -> Result<Finding, ProviderFailure> {
    if !answer.is_success() {
        return judged_by_error(answer, private)
            .ok_or_else(|| refused(answer, FailureKind::Capacity, private));
    }
    let verification: Verification = answer.read(NAME, private)?;
    // An answer that went astray must not let anybody in; one that lets nobody in may lack the id.
    let is_ours = match verification.pin_id.as_deref() {
        Some(echo) => echo == id,
        None => !verification.verified,
    };
    if !is_ours {
        return Err(malformed(answer, "the answer is about another pin"));
    }
    let (verdict, is_listed) = judge(&verification);
    let detail = (!is_listed).then(|| {
        let pin_error = verification.pin_error.as_deref().unwrap_or_default();
        redact(&format!("verified: {}, {pin_error}", verification.verified), private)
    });
    Ok(Finding { verdict, http_status: Some(answer.status), error_code: None, detail })
}

/// The verdict, and whether Infobip's words for it are on a published list.
///
/// The present description calls `pinError` a string and names no value; the three that are known
/// come from the description of version 1, hence the matching by parts. An unknown word beside
/// `"verified": false` is a wrong PIN at least.
fn judge(verification: &Verification) -> (Verdict, bool) {
    let Verification { verified, attempts_remaining, pin_error, .. } = verification;
    let error = pin_error.as_deref().unwrap_or_default().to_ascii_uppercase();
    let is_expired = error.contains("EXPIRED");
    let is_spent = error.contains("NO_MORE");
    if *verified {
        // Yes and no at once is no.
        let is_denied = is_expired || is_spent || error.contains("WRONG");
        let verdict = if is_denied { Verdict::Unrecognised } else { Verdict::Approved };
        return (verdict, error.is_empty());
    }
    let is_listed =
        matches!(error.as_str(), "" | "WRONG_PIN" | "TTL_EXPIRED" | "NO_MORE_PIN_ATTEMPTS");
    let verdict = if is_expired {
        Verdict::Expired
    } else if is_spent || attempts_remaining.is_some_and(|attempts| attempts <= 0) {
        Verdict::Burnt
    } else {
        Verdict::WrongCode
    };
    (verdict, is_listed)
}

/// The verdict in an error of the API. Only the PIN can be wrong with a request that has nothing
/// else in it, so a "bad request" is a wrong code; were it an outage, guesses would cost nothing.
fn judged_by_error(answer: &Answer, private: &[&str]) -> Option<Finding> {
    let verdict = match answer.status {
        400 => Verdict::WrongCode,
        404 => Verdict::NotFound,
        _ => return None,
    };
    // A web page with one of these statuses is not the API's: the base URL is another's.
    let error = ApiError::read(&answer.body)?;
    // That a wrong code is told so is published nowhere.
    let detail = (verdict == Verdict::WrongCode).then(|| error.words().unwrap_or_default());
    Some(Finding {
        verdict,
        http_status: Some(answer.status),
        error_code: shown_code(&error, private),
        detail: detail.map(|words| redact(&words, private)),
    })
}

/// Whether a message is on its way, by the status of its channel.
fn sent(dispatch: &Dispatch, channel: Channel) -> Result<(), FailureKind> {
    let sms = dispatch.sms_status.as_deref();
    let status = match channel {
        Channel::Sms => sms,
        // Infobip's own samples of voice answers have the one, the other or both.
        Channel::Call => dispatch.call_status.as_deref().or(sms),
    };
    match status.unwrap_or_default() {
        "MESSAGE_SENT" | "PENDING_ACCEPTED" | "PENDING_ENROUTE" | "PENDING_WAITING_DELIVERY" => {
            Ok(())
        }
        "MESSAGE_NOT_SENT" if is_unreachable(dispatch) => {
            Err(FailureKind::Refused(Reason::Unreachable))
        }
        status => Err(not_sent(status)),
    }
}

fn is_unreachable(dispatch: &Dispatch) -> bool {
    // Spelt both ways in the description.
    matches!(
        dispatch.nc_status.as_deref(),
        Some("NC_DESTINATION_NOT_REACHABLE" | "NC_NOT_REACHABLE")
    )
}

/// Why a message was not sent, by Infobip's list of message statuses ("response status and error
/// codes"). A rejection without a known cause counts as a judgement on the destination, so that a
/// doubt never leads round Infobip's fraud control. Of a status that is on no list it is not known
/// whether a message went out.
fn not_sent(status: &str) -> FailureKind {
    match status {
        "REJECTED_NOT_ENOUGH_CREDITS" | "REJECTED_PREPAID_PACKAGE_EXPIRED" => FailureKind::Billing,
        "REJECTED_SOURCE" | "REJECTED_SENDER" => FailureKind::Configuration,
        "REJECTED_PREFIX_MISSING" => FailureKind::InvalidNumber,
        "REJECTED_FLOODING_FILTER" => FailureKind::Velocity,
        "SIGNALS_BLOCKED" => FailureKind::Refused(Reason::Fraud),
        "REJECTED_DESTINATION_BLOCKLISTED" | "REJECTED_DND" => {
            FailureKind::Refused(Reason::Blocked)
        }
        "REJECTED_NETWORK" | "REJECTED_DESTINATION" | "REJECTED_DESTINATION_NOT_REGISTERED" => {
            FailureKind::Refused(Reason::DestinationDenied)
        }
        "MESSAGE_NOT_SENT" => FailureKind::Refused(Reason::Other),
        status if status.starts_with("REJECTED") || status.starts_with("UNDELIVERABLE") => {
            FailureKind::Refused(Reason::Other)
        }
        _ => FailureKind::Malformed,
    }
}

/// `throttled` is what a 429 comes to.
fn refused(answer: &Answer, throttled: FailureKind, private: &[&str]) -> ProviderFailure {
    let error = ApiError::read(&answer.body);
    let blames_number = error.as_ref().is_some_and(|error| error.blames("to"));
    let kind = match answer.status {
        400 if blames_number => FailureKind::InvalidNumber,
        429 => throttled,
        status => kind_of(status),
    };
    let failure = failure(kind, answer);
    let Some(error) = error else { return failure };
    let failure = failure.with_code(shown_code(&error, private));
    match error.words() {
        Some(words) => failure.with_detail(redact(&words, private)),
        None => failure,
    }
}

/// The code of an error, unless it repeats what must not be quoted: a number, a PIN or the key may look like one.
fn shown_code(error: &ApiError, private: &[&str]) -> Option<String> {
    error.code().filter(|code| redact(code, private) == *code).map(str::to_owned)
}

/// The published errors map one to one to HTTP statuses: `BAD_REQUEST` 400, `UNAUTHORIZED` 401,
/// `FORBIDDEN` 403, `NOT_FOUND` 404, `TOO_MANY_REQUESTS` 429, `GENERAL_ERROR` 500, and `E400` to
/// `E500` likewise.
const fn kind_of(http_status: u16) -> FailureKind {
    match http_status {
        402 => FailureKind::Billing,
        408 | 500..=599 => FailureKind::Unavailable,
        409 => FailureKind::Conflict,
        // Redirects, too: the base URL is not that of the API.
        300..=499 => FailureKind::Configuration,
        _ => FailureKind::Malformed,
    }
}

fn malformed(answer: &Answer, detail: &'static str) -> ProviderFailure {
    failure(FailureKind::Malformed, answer).with_detail(detail)
}

const fn failure(kind: FailureKind, answer: &Answer) -> ProviderFailure {
    ProviderFailure::new(NAME, kind).with_status(answer.status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_repeats_what_was_sent_is_not_told() {
        let told = |code: &str| {
            let body = format!(r#"{{"errorCode":"{code}","description":"d"}}"#).into_bytes();
            let answer = Answer { status: 400, headers: reqwest::header::HeaderMap::new(), body };
            let failed = refused(&answer, FailureKind::Capacity, &["SECRET_KEY"]);
            let judged = judged_by_error(&answer, &["SECRET_KEY"]).unwrap();
            assert_eq!(failed.error_code().map(str::to_owned), judged.error_code);
            judged.error_code
        };
        assert_eq!(told("E400").as_deref(), Some("E400"));
        // Found by fuzzing: a number, a PIN.
        for code in ["E46700000001", "P7391", "SECRET_KEY"] {
            assert_eq!(told(code), None, "{code}");
        }
    }
}
