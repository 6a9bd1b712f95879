//! Attackers who have texts sent to numbers that pay them.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use serde_json::json;

use super::networks;
use super::numbers::{COSTLY, Range};
use super::random::Random;
use super::world::{Answer, World};

/// Bots that were refused come again after this at the latest.
const WAIT_SECONDS_MAX: i64 = 3600;
/// … and so often for one text.
const TRIES: usize = 3;

/// One campaign of pumping.
pub(crate) struct Campaign {
    /// Where the bots are.
    pub(crate) addresses: Vec<IpAddr>,
    /// What numbers they have.
    pub(crate) ranges: Vec<Range>,
    /// How many accounts they sign up, each with a number of its own.
    pub(crate) accounts: u32,
    /// How many texts they want for each account.
    pub(crate) texts: u32,
    /// For how long it goes on.
    pub(crate) period: TimeDelta,
    /// Of how many of a thousand numbers they enter the code, to look like people.
    pub(crate) converting: u32,
    /// Whether they work for proofs where proofs are asked for.
    pub(crate) proves: bool,
}

impl Campaign {
    /// One rented server and one range of numbers.
    ///
    /// # Errors
    /// A numbering plan is wrong.
    pub(crate) fn from_one_block(accounts: u32, random: &mut Random) -> anyhow::Result<Self> {
        Ok(Self {
            addresses: networks::data_centre(16, 1),
            ranges: vec![Range::of(&COSTLY[0], random)?],
            accounts,
            texts: 2,
            period: TimeDelta::hours(6),
            converting: 0,
            proves: false,
        })
    }

    /// Residential proxies, and ranges of numbers in all costly countries, for a day.
    ///
    /// # Errors
    /// A numbering plan is wrong.
    pub(crate) fn distributed(
        addresses: u32,
        ranges: usize,
        accounts: u32,
        random: &mut Random,
    ) -> anyhow::Result<Self> {
        let plans = COSTLY.iter().cycle().take(ranges);
        Ok(Self {
            addresses: networks::residential(addresses, random),
            ranges: plans.map(|plan| Range::of(plan, random)).collect::<anyhow::Result<_>>()?,
            accounts,
            texts: 2,
            period: TimeDelta::hours(24),
            converting: 0,
            proves: false,
        })
    }

    /// Begins after `delay`.
    pub(crate) fn launch(self, world: &Arc<World>, delay: TimeDelta, random: &mut Random) {
        let bots = Arc::new(Bots {
            addresses: self.addresses,
            ranges: Mutex::new(self.ranges),
            proves: self.proves,
        });
        for place in 0..self.accounts {
            let (world, bots, mut random) = (Arc::clone(world), Arc::clone(&bots), random.split());
            let begins = delay + random.moment_before(self.period);
            let converts = random.per_mille(self.converting);
            world.agenda.clone().spawn(async move {
                world.agenda.wait(begins).await;
                bots.pump(&world, place, self.texts, converts, &mut random).await
            });
        }
    }
}

struct Bots {
    addresses: Vec<IpAddr>,
    ranges: Mutex<Vec<Range>>,
    proves: bool,
}

impl Bots {
    /// One account: signed up, and then as many texts as can be had.
    async fn pump(
        &self,
        world: &World,
        place: u32,
        texts: u32,
        converts: bool,
        random: &mut Random,
    ) -> anyhow::Result<()> {
        let number = self.number(random)?;
        world.carrier.is_of_attackers(&number);
        let email = format!("u{place}.{:08x}@example.net", random.any());
        let password = "mauve lantern 5731";
        let body = json!({ "email": email, "phoneNumber": number, "password": password });
        let registered = self.insist(world, "register", &body, random).await?;
        if registered.status != 201 {
            return Ok(());
        }
        let mut ticket = registered.text("loginTicket").to_owned();
        for text in 0..texts {
            if text > 0 {
                world.agenda.wait(random.seconds(1800, 2400)).await;
                let body = json!({ "email": email, "password": password });
                let login = self.insist(world, "login", &body, random).await?;
                login.text("loginTicket").clone_into(&mut ticket);
                if ticket.is_empty() {
                    return Ok(());
                }
                // A login that could not send the code says why; asking for it gives the challenge.
                if !login.json["otpError"].is_null() {
                    let body = json!({ "loginTicket": ticket });
                    self.insist(world, "request-otp", &body, random).await?;
                }
            } else {
                let body = json!({ "loginTicket": ticket });
                self.insist(world, "request-otp", &body, random).await?;
            }
            if converts && let Some(code) = world.carrier.read_code(&number) {
                let body = json!({ "loginTicket": ticket, "otpCode": code });
                self.insist(world, "verify-otp", &body, random).await?;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks from one address after another, and comes again as `Retry-After` says.
    async fn insist(
        &self,
        world: &World,
        path: &str,
        body: &serde_json::Value,
        random: &mut Random,
    ) -> anyhow::Result<Answer> {
        let mut answer = self.ask(world, path, body, random).await?;
        for _ in 1..TRIES {
            let wait = answer.retry_after().filter(|wait| *wait <= WAIT_SECONDS_MAX);
            let Some(wait) = wait else { break };
            // A ticket does not live as long: then this one ends, and another bot has its turn.
            world.agenda.wait(TimeDelta::seconds(wait)).await;
            answer = self.ask(world, path, body, random).await?;
        }
        Ok(answer)
    }

    async fn ask(
        &self,
        world: &World,
        path: &str,
        body: &serde_json::Value,
        random: &mut Random,
    ) -> anyhow::Result<Answer> {
        let address = *random.pick(&self.addresses);
        if self.proves {
            return world.ask_and_prove(address, path, body).await;
        }
        world.ask(address, path, body, None).await
    }

    fn number(&self, random: &mut Random) -> anyhow::Result<String> {
        let mut ranges = self.ranges.lock().unwrap_or_else(PoisonError::into_inner);
        let at = random.below(u32::try_from(ranges.len())?) as usize;
        ranges[at].number(random)
    }
}
