//! The verifications of the one application, and a record of what was asked.
//!
//! Owns the rules of a verification's life: a new one aborts the number's earlier one, one that is
//! finished cannot be reported again. Everything in it is bounded; the oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::FakeConfig;
use super::fake::{draw, draw_digits, push_bounded};
use super::mode::Operation;

/// The most verifications that are remembered.
const MAX_VERIFICATIONS: usize = 50_000;

/// The longest code.
const MAX_CODE_LENGTH: usize = 10;

/// A code on its way to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SentCode {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) method: &'static str,
    pub(crate) code: String,
}

/// A start that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordedStart {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) method: &'static str,
    pub(crate) reference: Option<String>,
    /// The `Accept-Language` header.
    pub(crate) languages: Option<String>,
    /// `smsOptions` of the body; null where it has none.
    pub(crate) sms_options: Value,
}

/// A report that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordedReport {
    pub(crate) id: String,
    pub(crate) method: &'static str,
    pub(crate) code: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<&'static str>,
}

/// How a verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: &'static str,
    pub(super) reason: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Verification {
    pub(super) number: String,
    pub(super) method: &'static str,
    pub(super) reference: Option<String>,
    pub(super) outcome: Outcome,
    code: String,
    expires_at: DateTime<Utc>,
}

/// Why a report cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreportable {
    /// No such verification, or it is finished.
    NotFound,
    /// It runs by another method.
    OtherMethod,
}

const PENDING: Outcome = Outcome { status: "PENDING", reason: None };
const SUCCESSFUL: Outcome = Outcome { status: "SUCCESSFUL", reason: None };
const ABORTED: Outcome = Outcome { status: "ABORTED", reason: None };
const INVALID_CODE: Outcome = Outcome { status: "FAIL", reason: Some("Invalid code") };
const EXPIRED: Outcome = Outcome { status: "FAIL", reason: Some("Expired") };

pub(super) struct Ledger {
    code_length: usize,
    lifetime: TimeDelta,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    verifications: HashMap<String, Verification>,
    /// The newest verification of each number.
    newest: HashMap<String, String>,
    /// Ids by age, oldest first.
    ages: VecDeque<String>,
    starts: VecDeque<RecordedStart>,
    reports: VecDeque<RecordedReport>,
    received: [u64; 3],
    wrong_code_burns: bool,
}

impl Ledger {
    pub(super) fn new(config: &FakeConfig) -> Self {
        let state = State { wrong_code_burns: config.wrong_code_burns, ..State::default() };
        Self {
            code_length: config.code_length.clamp(1, MAX_CODE_LENGTH),
            lifetime: config.lifetime,
            state: Mutex::new(state),
        }
    }

    /// Makes a code for `number` and aborts the number's earlier verification.
    pub(super) fn start(
        &self,
        number: &str,
        method: &'static str,
        reference: Option<&str>,
        languages: Option<&str>,
        sms_options: Value,
        now: DateTime<Utc>,
    ) -> SentCode {
        let (id, code) = (draw_id(), draw_digits(self.code_length));
        let mut state = self.lock();
        if let Some(earlier) = state.newest.insert(number.to_owned(), id.clone())
            && let Some(verification) = state.verifications.get_mut(&earlier)
            && verification.outcome == PENDING
        {
            verification.outcome = ABORTED;
        }
        let verification = Verification {
            number: number.to_owned(),
            method,
            reference: reference.map(str::to_owned),
            outcome: PENDING,
            code: code.clone(),
            expires_at: now + self.lifetime,
        };
        state.verifications.insert(id.clone(), verification);
        state.ages.push_back(id.clone());
        state.forget_the_oldest();
        let record = RecordedStart {
            id: id.clone(),
            number: number.to_owned(),
            method,
            reference: reference.map(str::to_owned),
            languages: languages.map(str::to_owned),
            sms_options,
        };
        push_bounded(&mut state.starts, record);
        SentCode { id, number: number.to_owned(), method, code }
    }

    /// Judges `code` for the verification `id`.
    pub(super) fn report(
        &self,
        id: &str,
        method: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<(&'static str, Outcome), Unreportable> {
        let mut state = self.lock();
        let burns = state.wrong_code_burns;
        let verification = state
            .verifications
            .get_mut(id)
            .filter(|verification| verification.outcome == PENDING)
            .ok_or(Unreportable::NotFound)?;
        if verification.method != method {
            return Err(Unreportable::OtherMethod);
        }
        let outcome = if now >= verification.expires_at {
            EXPIRED
        } else if code == verification.code {
            SUCCESSFUL
        } else {
            INVALID_CODE
        };
        if outcome != INVALID_CODE || burns {
            verification.outcome = outcome;
        }
        let (method, Outcome { status, reason }) = (verification.method, outcome);
        let (id, code) = (id.to_owned(), code.to_owned());
        push_bounded(&mut state.reports, RecordedReport { id, method, code, status, reason });
        Ok((method, outcome))
    }

    pub(super) fn verification(&self, id: &str) -> Option<Verification> {
        self.lock().verifications.get(id).cloned()
    }

    pub(super) fn code_for(&self, number: &str) -> Option<String> {
        let state = self.lock();
        let verification = state.verifications.get(state.newest.get(number)?)?;
        (verification.outcome == PENDING).then(|| verification.code.clone())
    }

    /// The codes that still count, newest first, `limit` at most.
    pub(super) fn live_codes(&self, limit: usize) -> Vec<SentCode> {
        let state = self.lock();
        let live = state.ages.iter().rev().filter_map(|id| {
            let Verification { number, method, code, outcome, .. } = state.verifications.get(id)?;
            (*outcome == PENDING).then(|| SentCode {
                id: id.clone(),
                number: number.clone(),
                method,
                code: code.clone(),
            })
        });
        live.take(limit).collect()
    }

    pub(super) fn starts(&self) -> Vec<RecordedStart> {
        self.lock().starts.iter().cloned().collect()
    }

    pub(super) fn reports(&self) -> Vec<RecordedReport> {
        self.lock().reports.iter().cloned().collect()
    }

    pub(super) fn receive(&self, operation: Operation) {
        self.lock().received[operation as usize] += 1;
    }

    pub(super) fn received(&self, operation: Operation) -> u64 {
        self.lock().received[operation as usize]
    }

    pub(super) fn burn_on_wrong_code(&self, burns: bool) {
        self.lock().wrong_code_burns = burns;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_the_oldest(&mut self) {
        while self.ages.len() > MAX_VERIFICATIONS {
            let Some(id) = self.ages.pop_front() else { return };
            if let Some(Verification { number, .. }) = self.verifications.remove(&id)
                && self.newest.get(&number) == Some(&id)
            {
                self.newest.remove(&number);
            }
        }
    }
}

pub(super) fn draw_id() -> String {
    uuid::Builder::from_random_bytes(draw()).into_uuid().to_string()
}
