//! Attackers who know a password, or ask for a new one, and guess the code.
//!
//! They never guess right: their chance is counted, guess by guess, from what the server judged. That is
//! exact where luck would need thousands of years to show.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde_json::json;

use super::honest::{Person, other_than};
use super::networks;
use super::random::Random;
use super::world::{Answer, World};

/// Guesses that were judged, of all codes that the person has ever been sent.
const JUDGED: &str = "SELECT coalesce(sum(5 - c.attempts_left), 0)::bigint
    FROM otp_challenges c JOIN users u ON u.id = c.user_id WHERE u.phone_number = $1";
/// After an answer that does not say when to come again.
const WAIT: TimeDelta = TimeDelta::minutes(10);
/// Between two guesses: the attacker is no faster than needed, the year is long.
const PACE: TimeDelta = TimeDelta::seconds(1);

/// Until another code can be had.
const RESEND_WAIT: TimeDelta = TimeDelta::seconds(121);

/// How the codes are guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As many guesses at each code as it takes.
    EachCode,
    /// One guess, then a fresh code.
    FreshCodes,
}

/// What has come of it. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Guesses(Arc<Mutex<Counts>>);

/// Counted guesses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// How many the server judged.
    pub(crate) judged: u32,
    /// The chance that one of them was right: the sum over all guesses of one in so many codes as there
    /// are of that length.
    pub(crate) chance: f64,
}

impl Guesses {
    /// What has come of it so far.
    pub(crate) fn counts(&self) -> Counts {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, judged: i64, digits: usize) -> anyhow::Result<()> {
        let (judged, digits) = (u32::try_from(judged)?, i32::try_from(digits)?);
        let mut counts = self.lock();
        counts.judged += judged;
        counts.chance += f64::from(judged) / 10_f64.powi(digits);
        Ok(())
    }
}

/// Guesses at the account of `victim`, which has a verified phone, for `period` after `delay`.
pub(crate) fn launch(
    world: &Arc<World>,
    victim: Person,
    manner: Manner,
    (delay, period): (TimeDelta, TimeDelta),
    random: &mut Random,
) -> Guesses {
    let guesses = Guesses::default();
    let attack = Attack {
        addresses: networks::residential(500, random),
        world: Arc::clone(world),
        victim,
        manner,
        guesses: guesses.clone(),
        digits: 0,
        random: random.split(),
    };
    let (begun, end) = (Arc::clone(world), delay + period);
    world.agenda.spawn(async move {
        begun.agenda.wait(delay).await;
        attack.go_on_until(end).await
    });
    guesses
}

struct Attack {
    world: Arc<World>,
    victim: Person,
    manner: Manner,
    guesses: Guesses,
    addresses: Vec<IpAddr>,
    /// How long the last code was.
    digits: usize,
    random: Random,
}

impl Attack {
    async fn go_on_until(mut self, end: TimeDelta) -> anyhow::Result<()> {
        let mut judged_before = self.world.count(JUDGED, &self.victim.phone).await?;
        let mut by_reset = false;
        while self.world.agenda.elapsed() < end {
            let wait = if by_reset { self.by_reset().await? } else { self.by_login().await? };
            let judged = self.world.count(JUDGED, &self.victim.phone).await?;
            self.guesses.note(judged - judged_before, self.digits)?;
            // The other way in is tried when this one gives nothing.
            by_reset ^= judged == judged_before;
            judged_before = judged;
            self.world.agenda.wait(wait).await;
        }
        Ok(())
    }

    /// One login by the password, and guesses at its code. How long to wait before the next.
    async fn by_login(&mut self) -> anyhow::Result<TimeDelta> {
        let body = json!({ "email": self.victim.email, "password": self.victim.password });
        let login = self.ask("login", body).await?;
        let ticket = login.text("loginTicket").to_owned();
        let Some(code) = self.world.carrier.read_code(&self.victim.phone) else {
            return Ok(wait_of(&login));
        };
        self.digits = code.len();
        let body = json!({ "loginTicket": ticket, "otpCode": other_than(&code) });
        let mut answer = self.ask("verify-otp", body.clone()).await?;
        while self.manner == Manner::EachCode && answer.code() == "otp_invalid" {
            self.world.agenda.wait(PACE).await;
            answer = self.ask("verify-otp", body.clone()).await?;
        }
        // A code that takes no more guesses: one resend is free of the wait.
        let is_over = answer.code() == "otp_new_code_required";
        Ok(if is_over { PACE } else { wait_of(&answer).max(RESEND_WAIT) })
    }

    /// One code for a new password, and guesses at it.
    async fn by_reset(&mut self) -> anyhow::Result<TimeDelta> {
        let forgot = self.ask("password/forgot", json!({ "email": self.victim.email })).await?;
        let ticket = forgot.text("resetTicket").to_owned();
        let mut code = None;
        // The code is sent while the answer is on its way.
        for _ in 0..20 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            code = self.world.carrier.read_code(&self.victim.phone);
            if code.is_some() {
                break;
            }
        }
        let Some(code) = code else { return Ok(wait_of(&forgot).max(WAIT)) };
        self.digits = code.len();
        let guesses = if self.manner == Manner::EachCode { 5 } else { 1 };
        for _ in 0..guesses {
            let body = json!({
                "resetTicket": ticket, "otpCode": other_than(&code), "newPassword": "amber otter 99214",
            });
            self.ask("password/reset", body).await?;
            self.world.agenda.wait(PACE).await;
        }
        Ok(RESEND_WAIT)
    }

    async fn ask(&mut self, path: &str, body: serde_json::Value) -> anyhow::Result<Answer> {
        let address = *self.random.pick(&self.addresses);
        self.world.ask_and_prove(address, path, &body).await
    }
}

fn wait_of(answer: &Answer) -> TimeDelta {
    answer.retry_after().map_or(WAIT, TimeDelta::seconds)
}
