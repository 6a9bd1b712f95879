//! The PINs of the one application, and a record of what was asked.
//!
//! Owns the rules of a PIN's life: its attempts, its time to live, whether it counts again. A new
//! PIN leaves the number's earlier ones alone. Everything is bounded; the oldest goes first.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::FakeConfig;
use super::fake::{draw, draw_digits, push_bounded};
use super::mode::Operation;

/// The most PINs that are remembered.
const MAX_PINS: usize = 50_000;

/// A PIN on its way to a phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SentPin {
    pub(crate) id: String,
    /// Digits only.
    pub(crate) number: String,
    /// `sms` or `voice`.
    pub(crate) channel: &'static str,
    pub(crate) code: String,
}

/// A start that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordedStart {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) channel: &'static str,
    /// Whether a number lookup was bought.
    pub(crate) lookup: bool,
}

/// A PIN that was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RecordedVerification {
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) verified: bool,
}

/// What a PIN was found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Right,
    Wrong { attempts_left: u32 },
    Expired { attempts_left: u32 },
    Spent,
}

struct Pin {
    number: String,
    channel: &'static str,
    code: String,
    expires_at: DateTime<Utc>,
    attempts_left: u32,
    verified: bool,
}

pub(super) struct Ledger {
    pin_length: usize,
    attempts: u32,
    time_to_live: TimeDelta,
    allow_multiple: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pins: HashMap<String, Pin>,
    /// Ids by age, oldest first.
    ages: VecDeque<String>,
    starts: VecDeque<RecordedStart>,
    verifications: VecDeque<RecordedVerification>,
    received: [u64; 3],
}

impl Ledger {
    pub(super) fn new(config: &FakeConfig) -> Self {
        Self {
            pin_length: config.pin_length,
            attempts: config.pin_attempts,
            time_to_live: config.pin_time_to_live,
            allow_multiple: config.allow_multiple_pin_verifications,
            state: Mutex::default(),
        }
    }

    /// Makes a PIN for `number`.
    pub(super) fn start(
        &self,
        number: &str,
        channel: &'static str,
        lookup: bool,
        now: DateTime<Utc>,
    ) -> SentPin {
        let (id, number) = (draw_id(), number.to_owned());
        let code = draw_digits(self.pin_length);
        let sent = SentPin { id: id.clone(), number: number.clone(), channel, code: code.clone() };
        let pin = Pin {
            number: number.clone(),
            channel,
            code,
            expires_at: now + self.time_to_live,
            attempts_left: self.attempts,
            verified: false,
        };
        let mut state = self.lock();
        state.pins.insert(id.clone(), pin);
        state.ages.push_back(id.clone());
        if state.ages.len() > MAX_PINS
            && let Some(oldest) = state.ages.pop_front()
        {
            state.pins.remove(&oldest);
        }
        push_bounded(&mut state.starts, RecordedStart { id, number, channel, lookup });
        sent
    }

    /// Judges `code` for the PIN `id`; tells the PIN's number, too. `None`: there is no such PIN.
    pub(super) fn verify(
        &self,
        id: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Option<(String, Judgement)> {
        let mut state = self.lock();
        let pin = state.pins.get_mut(id)?;
        let judgement = if pin.attempts_left == 0 || (pin.verified && !self.allow_multiple) {
            Judgement::Spent
        } else if now >= pin.expires_at {
            Judgement::Expired { attempts_left: pin.attempts_left }
        } else if code == pin.code {
            pin.verified = true;
            Judgement::Right
        } else {
            pin.attempts_left -= 1;
            Judgement::Wrong { attempts_left: pin.attempts_left }
        };
        let number = pin.number.clone();
        let record = RecordedVerification {
            id: id.to_owned(),
            code: code.to_owned(),
            verified: judgement == Judgement::Right,
        };
        push_bounded(&mut state.verifications, record);
        Some((number, judgement))
    }

    pub(super) fn code_for(&self, number: &str) -> Option<String> {
        let number = number.trim_start_matches('+');
        let state = self.lock();
        let mut pins = state.ages.iter().rev().filter_map(|id| state.pins.get(id));
        pins.find(|pin| pin.number == number).map(|pin| pin.code.clone())
    }

    /// The PINs that have not been verified, newest first, `limit` at most.
    pub(super) fn open_pins(&self, limit: usize) -> Vec<SentPin> {
        let state = self.lock();
        let open = state.ages.iter().rev().filter_map(|id| {
            let Pin { number, channel, code, verified: false, .. } = state.pins.get(id)? else {
                return None;
            };
            let (number, code) = (number.clone(), code.clone());
            Some(SentPin { id: id.clone(), number, channel, code })
        });
        open.take(limit).collect()
    }

    pub(super) fn starts(&self) -> Vec<RecordedStart> {
        self.lock().starts.iter().cloned().collect()
    }

    pub(super) fn verifications(&self) -> Vec<RecordedVerification> {
        self.lock().verifications.iter().cloned().collect()
    }

    pub(super) fn receive(&self, operation: Operation) {
        self.lock().received[operation as usize] += 1;
    }

    pub(super) fn received(&self, operation: Operation) -> u64 {
        self.lock().received[operation as usize]
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 hexadecimal digits in capitals, as in the samples.
fn draw_id() -> String {
    uuid::Uuid::from_bytes(draw()).simple().to_string().to_uppercase()
}
