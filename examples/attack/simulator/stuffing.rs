//! Attackers who try passwords that were stolen elsewhere.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;
use serde_json::json;

use super::honest::Person;
use super::networks;
use super::random::Random;
use super::world::World;

/// A pair that was refused for its address or the block's is tried again from elsewhere, so often.
const TRIES: usize = 4;
/// Bots come again after this at the latest.
const WAIT_SECONDS_MAX: i64 = 2 * 3600;
/// How many workers share the list.
const BOTS: u32 = 64;

/// Stolen pairs and those who try them.
pub(crate) struct Stuffing {
    pairs: Vec<Pair>,
    addresses: Vec<IpAddr>,
    period: TimeDelta,
    /// Accounts that a token was had for.
    pub(crate) opened: Arc<AtomicU32>,
}

#[derive(Clone)]
struct Pair {
    email: String,
    password: String,
}

impl Stuffing {
    /// So many pairs, one of a hundred of them right: those of `victims`. A third of the others are of
    /// people who have an account and another password.
    pub(crate) fn new(
        count: u32,
        victims: &[Person],
        others: &[Person],
        random: &mut Random,
    ) -> Self {
        let right = victims.iter().map(|it| (it.email.clone(), it.password.clone()));
        let mut pairs: Vec<_> = right.map(|(email, password)| Pair { email, password }).collect();
        while pairs.len() < count as usize {
            let email = if random.percent(33) && !others.is_empty() {
                random.pick(others).email.clone()
            } else {
                format!("nobody-{:08x}@example.net", random.any())
            };
            pairs.push(Pair { email, password: format!("stolen {:08x}", random.any()) });
        }
        // Fisher and Yates.
        for last in (1..pairs.len()).rev() {
            let other = random.below(u32::try_from(last + 1).unwrap_or(u32::MAX)) as usize;
            pairs.swap(last, other);
        }
        Self {
            pairs,
            addresses: networks::data_centre(2000, 200),
            period: TimeDelta::hours(24),
            opened: Arc::default(),
        }
    }

    /// How many pairs there are.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Tries the pairs, evenly spread, each bot its share.
    pub(crate) fn launch(&self, world: &Arc<World>, random: &mut Random) {
        let share = self.pairs.len().div_ceil(BOTS as usize).max(1);
        for pairs in self.pairs.chunks(share) {
            let (world, pairs) = (Arc::clone(world), pairs.to_vec());
            let (addresses, opened) = (self.addresses.clone(), Arc::clone(&self.opened));
            let mut random = random.split();
            let pace = self.period / i32::try_from(pairs.len()).unwrap_or(i32::MAX).max(1);
            world.agenda.clone().spawn(async move {
                world.agenda.wait(random.moment_before(pace)).await;
                for pair in pairs {
                    let due = world.agenda.elapsed() + pace;
                    if pair.try_it(&world, &addresses, &mut random).await? {
                        opened.fetch_add(1, Ordering::Relaxed);
                    }
                    let left = due - world.agenda.elapsed();
                    world.agenda.wait(left.max(TimeDelta::zero())).await;
                }
                Ok(())
            });
        }
    }
}

impl Pair {
    /// Whether it has opened an account. A login that asks for a code has not: the phone is its owner's.
    async fn try_it(
        &self,
        world: &World,
        addresses: &[IpAddr],
        random: &mut Random,
    ) -> anyhow::Result<bool> {
        let body = json!({ "email": self.email, "password": self.password });
        for _ in 0..TRIES {
            let address = *random.pick(addresses);
            let answer = world.ask_and_prove(address, "login", &body).await?;
            if answer.status == 200 {
                return Ok(!answer.text("token").is_empty());
            }
            let wait = answer.retry_after().filter(|wait| *wait <= WAIT_SECONDS_MAX);
            // Another address may have room at once; where none has, it is as good as waiting.
            let Some(wait) = wait else { return Ok(false) };
            world.agenda.wait(TimeDelta::seconds(wait.min(60))).await;
        }
        Ok(false)
    }
}
