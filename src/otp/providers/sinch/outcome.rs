//! What an answer of Sinch means.
//!
//! Owns the table from statuses, reasons and error codes to verdicts and failures; each published
//! one has its own place. Whatever is not on the list is never a success.

use super::NAME;
use super::wire::{ApiError, Verification};
use crate::otp::providers::failure::{FailureKind, ProviderFailure};
use crate::otp::providers::hosted::{Finding, Reason, Started, Verdict};
use crate::otp::providers::outbound::Answer;
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::redaction::redact;

/// How a verification stands after a wrong code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Another code may be tried.
    Pending,
    /// It is over.
    Ended,
    /// Sinch does not say.
    Unknown,
}

impl Standing {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads the answer to a start. `private` is what must not be quoted.
pub(super) fn started(answer: &Answer, private: &[&str]) -> Result<Started, ProviderFailure> {
    let verification = verification(answer, private)?;
    let Verification { id, status, reason } = verification;
    let status = status.unwrap_or_default().to_ascii_uppercase();
    let kind = match status.as_str() {
        "DENIED" => denied_at_start(reason_of(reason.as_deref())),
        "ERROR" | "FAIL" => FailureKind::Unavailable,
        // There is no status in a start's answer, so none is asked for.
        _ if is_plain_id(&id) => return Ok(Started { reference_id: id }),
        _ => return Err(malformed(answer, "the id of the verification is not a plain one")),
    };
    let words = format!("{status} {}", reason.unwrap_or_default());
    Err(failure(kind, answer).with_detail(redact(words.trim_end(), private)))
}

/// Reads the answer to a question about a verification that does not exist.
pub(super) fn probed(answer: &Answer, private: &[&str]) -> Result<(), ProviderFailure> {
    let is_not_found = answer.status == 404 && ApiError::read(&answer.body).code().is_some();
    if is_not_found { Ok(()) } else { verification(answer, private).map(drop) }
}

/// Reads the answer to a report on the verification `id`.
pub(super) fn reported(
    answer: &Answer,
    id: &str,
    private: &[&str],
) -> Result<Finding, ProviderFailure> {
    let http_status = Some(answer.status);
    if matches!(answer.status, 400 | 404) {
        let error_code = ApiError::read(&answer.body).code();
        let verdict = match (answer.status, error_code) {
            (404, _) => Some(Verdict::NotFound),
            // The code has not the form of a code.
            (_, Some(40001)) => Some(Verdict::WrongCode),
            _ => None,
        };
        if let Some(verdict) = verdict {
            let error_code = error_code.map(|code| code.to_string());
            return Ok(Finding { verdict, http_status, error_code, detail: None });
        }
    }
    let verification = verification_of(answer, id, private)?;
    let verdict = verdict(&verification);
    let detail = is_unlisted(verdict).then(|| {
        let status = verification.status.as_deref().unwrap_or("no status");
        let reason = verification.reason.as_deref().unwrap_or("no reason");
        redact(&format!("{status}, {reason}"), private)
    });
    Ok(Finding { verdict, http_status, error_code: None, detail })
}

/// Reads the answer to the question how the verification `id` stands.
pub(super) fn standing(
    answer: &Answer,
    id: &str,
    private: &[&str],
) -> Result<Standing, ProviderFailure> {
    if answer.status == 404 {
        return Ok(Standing::Unknown);
    }
    let status = verification_of(answer, id, private)?.status.unwrap_or_default();
    Ok(match status.to_ascii_uppercase().as_str() {
        "PENDING" => Standing::Pending,
        "SUCCESSFUL" | "FAIL" | "DENIED" | "ABORTED" | "ERROR" => Standing::Ended,
        _ => Standing::Unknown,
    })
}

/// Whether Sinch used words that are not on its published list.
const fn is_unlisted(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Unrecognised | Verdict::Denied(Reason::Other) | Verdict::Failed(Reason::Other)
    )
}

/// Statuses and reasons have been seen in more than one spelling, hence without regard to case.
fn verdict(verification: &Verification) -> Verdict {
    let status = verification.status.as_deref().unwrap_or_default().to_ascii_uppercase();
    let reason = verification.reason.as_deref().unwrap_or_default();
    let is = |text: &str| reason.eq_ignore_ascii_case(text);
    match status.as_str() {
        "SUCCESSFUL" => Verdict::Approved,
        "FAIL" if is("Invalid code") => Verdict::WrongCode,
        "FAIL" | "PENDING" if is("Expired") => Verdict::Expired,
        "PENDING" if is("Failed pending") => Verdict::Failed(Reason::FailedPending),
        "PENDING" => Verdict::Pending,
        "ABORTED" => Verdict::Aborted,
        "DENIED" => Verdict::Denied(reason_of(Some(reason))),
        "FAIL" | "ERROR" => match reason_of(Some(reason)) {
            refusal @ (Reason::Fraud | Reason::Blocked | Reason::DestinationDenied) => {
                Verdict::Denied(refusal)
            }
            reason => Verdict::Failed(reason),
        },
        _ => Verdict::Unrecognised,
    }
}

fn reason_of(text: Option<&str>) -> Reason {
    match text.unwrap_or_default().to_ascii_lowercase().as_str() {
        "fraud" => Reason::Fraud,
        "not enough credit" => Reason::NoCredit,
        "blocked" => Reason::Blocked,
        "destination denied" => Reason::DestinationDenied,
        "denied by callback" => Reason::DeniedByCallback,
        "invalid callback" => Reason::InvalidCallback,
        "internal error" => Reason::InternalError,
        "network error or number unreachable" => Reason::Unreachable,
        "sms delivery failure" => Reason::DeliveryFailure,
        "invalid cli" => Reason::InvalidCaller,
        "hung up without entering valid code" => Reason::HungUp,
        "failed pending" => Reason::FailedPending,
        _ => Reason::Other,
    }
}

const fn denied_at_start(reason: Reason) -> FailureKind {
    match reason {
        Reason::NoCredit => FailureKind::Billing,
        Reason::InvalidCallback => FailureKind::Configuration,
        reason => FailureKind::Refused(reason),
    }
}

/// The verification in a successful answer, which must be the one that was asked about: an answer
/// that went astray must not let anybody in.
fn verification_of(
    answer: &Answer,
    id: &str,
    private: &[&str],
) -> Result<Verification, ProviderFailure> {
    let verification = verification(answer, private)?;
    if verification.id == id {
        Ok(verification)
    } else {
        Err(malformed(answer, "the answer is about another verification"))
    }
}

fn verification(answer: &Answer, private: &[&str]) -> Result<Verification, ProviderFailure> {
    if answer.is_success() { answer.read(NAME, private) } else { Err(refused(answer, private)) }
}

fn refused(answer: &Answer, private: &[&str]) -> ProviderFailure {
    let error = ApiError::read(&answer.body);
    let failure = failure(kind_of(answer.status, error.code()), answer)
        .with_code(error.code().map(|code| code.to_string()));
    match error.message() {
        Some(message) => failure.with_detail(redact(message, private)),
        None => failure,
    }
}

/// The published error table. A 429 without the code for capacity counts as a judgement on the
/// destination, so that a doubt never leads round Sinch's fraud control.
const fn kind_of(http_status: u16, error_code: Option<u32>) -> FailureKind {
    match (http_status, error_code) {
        (400, Some(40001 | 40005)) => FailureKind::InvalidNumber,
        (402, _) => FailureKind::Billing,
        (408 | 500..=599, _) => FailureKind::Unavailable,
        (409, _) => FailureKind::Conflict,
        (429, Some(42900)) => FailureKind::Capacity,
        (429, _) => FailureKind::Velocity,
        // Redirects, too: the base URL is not that of the API.
        (300..=499, _) => FailureKind::Configuration,
        _ => FailureKind::Malformed,
    }
}

fn malformed(answer: &Answer, detail: &'static str) -> ProviderFailure {
    failure(FailureKind::Malformed, answer).with_detail(detail)
}

const fn failure(kind: FailureKind, answer: &Answer) -> ProviderFailure {
    ProviderFailure::new(NAME, kind).with_status(answer.status)
}
