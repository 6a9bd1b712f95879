//! Honest people: they sign up, enter the code, come back; and what kept them from it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::networks;
use super::numbers;
use super::random::Random;
use super::world::{Answer, World};

/// Nobody waits longer than this for a second try; they go away.
const PATIENCE_SECONDS: i64 = 600;
/// Nobody tries more often than this.
const TRIES: usize = 3;

/// How honest people fared. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Fortunes(Arc<Mutex<Counts>>);

/// So many people.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Sign-ups of people who did all that was asked.
    pub(crate) sign_ups: u32,
    /// Those of them that ended with a token.
    pub(crate) completed: u32,
    /// Later logins by the right password.
    pub(crate) logins: u32,
    /// Those of them that ended without a token.
    pub(crate) hindered: u32,
    /// What the last answer to those was who did not get through.
    pub(crate) reasons: BTreeMap<String, u32>,
}

/// Somebody who signs up, or has an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) password: String,
    pub(crate) address: IpAddr,
    /// What the server knows the device by, once it does.
    pub(crate) device: Option<String>,
}

/// Where somebody got to.
enum Outcome {
    SignedIn,
    Refused(String),
    /// Left by themselves.
    Left,
}

impl Fortunes {
    /// How many there are of each.
    pub(crate) fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_sign_up(&self, outcome: &Outcome) {
        let mut counts = self.lock();
        counts.sign_ups += u32::from(!matches!(outcome, Outcome::Left));
        counts.completed += u32::from(matches!(outcome, Outcome::SignedIn));
        counts.note_reason("sign-up", outcome);
    }

    fn note_login(&self, outcome: &Outcome) {
        let mut counts = self.lock();
        counts.logins += u32::from(!matches!(outcome, Outcome::Left));
        counts.hindered += u32::from(matches!(outcome, Outcome::Refused(_)));
        counts.note_reason("login", outcome);
    }
}

impl Counts {
    fn note_reason(&mut self, of: &str, outcome: &Outcome) {
        if let Outcome::Refused(reason) = outcome {
            *self.reasons.entry(format!("{of}: {reason}")).or_default() += 1;
        }
    }
}

/// Has `count` people sign up within `period`, evenly spread, and come back later.
pub(crate) fn arrive(
    world: &Arc<World>,
    fortunes: &Fortunes,
    count: u32,
    period: TimeDelta,
    random: &mut Random,
) {
    for place in 0..count {
        let (world, fortunes, mut random) = (Arc::clone(world), fortunes.clone(), random.split());
        let begins = random.moment_before(period);
        world.agenda.clone().spawn(async move {
            world.agenda.wait(begins).await;
            let mut person = Person::draw(&format!("person-{place}"), &mut random)?;
            let outcome = person.sign_up(&world, &mut random).await?;
            fortunes.note_sign_up(&outcome);
            if matches!(outcome, Outcome::SignedIn) {
                world.agenda.wait(random.seconds(3600, 8 * 3600)).await;
                let outcome = person.come_back(&world, &mut random).await?;
                fortunes.note_login(&outcome);
            }
            Ok(())
        });
    }
}

/// Has people who have accounts log in within `period`.
pub(crate) fn return_within(
    world: &Arc<World>,
    fortunes: &Fortunes,
    people: Vec<Person>,
    period: TimeDelta,
    random: &mut Random,
) {
    for mut person in people {
        let (world, fortunes, mut random) = (Arc::clone(world), fortunes.clone(), random.split());
        world.agenda.clone().spawn(async move {
            world.agenda.wait(random.moment_before(period)).await;
            let outcome = person.come_back(&world, &mut random).await?;
            fortunes.note_login(&outcome);
            Ok(())
        });
    }
}

/// Has somebody log in every `pause` from now on, from the device that they always use, until `end`.
pub(crate) fn keep_returning(
    world: &Arc<World>,
    fortunes: &Fortunes,
    mut person: Person,
    pause: TimeDelta,
    end: TimeDelta,
    random: &mut Random,
) {
    let (world, fortunes, mut random) = (Arc::clone(world), fortunes.clone(), random.split());
    world.agenda.clone().spawn(async move {
        while world.agenda.elapsed() < end {
            let outcome = person.come_back(&world, &mut random).await?;
            fortunes.note_login(&outcome);
            world.agenda.wait(pause).await;
        }
        Ok(())
    });
}

impl Person {
    /// Somebody whom nobody else is.
    ///
    /// # Errors
    /// A numbering plan is wrong.
    pub(crate) fn draw(name: &str, random: &mut Random) -> anyhow::Result<Self> {
        Ok(Self {
            email: format!("{name}-{:08x}@example.com", random.any()),
            phone: numbers::home(random).number(random)?,
            password: format!("violet kettle {:08x}", random.any()),
            address: networks::honest(random),
            device: None,
        })
    }

    /// What `register` is told.
    pub(crate) fn registration(&self) -> Value {
        json!({ "email": self.email, "phoneNumber": self.phone, "password": self.password })
    }

    async fn sign_up(&mut self, world: &World, random: &mut Random) -> anyhow::Result<Outcome> {
        // Six of a hundred lose interest before the code, whatever the server does.
        let is_leaving = random.percent(6);
        let registered = self.ask(world, "register", &self.registration()).await?;
        if registered.code() == "phone_taken" {
            // Somebody drawn before has the number: that is the draw's fault, not the server's.
            return Ok(Outcome::Left);
        }
        if registered.status != 201 {
            return Ok(Outcome::refused(&registered));
        }
        let ticket = registered.text("loginTicket").to_owned();
        world.agenda.wait(random.seconds(1, 20)).await;
        let sent = self.ask(world, "request-otp", &json!({ "loginTicket": ticket })).await?;
        if is_leaving {
            return Ok(Outcome::Left);
        }
        if sent.status != 200 {
            return Ok(Outcome::refused(&sent));
        }
        // Five of a hundred texts get lost, or are slower than their reader.
        if random.percent(5) {
            world.agenda.wait(random.seconds(121, 200)).await;
            let again = self.ask(world, "request-otp", &json!({ "loginTicket": ticket })).await?;
            if again.status != 200 {
                return Ok(Outcome::refused(&again));
            }
        }
        self.enter_code(world, &ticket, random).await
    }

    async fn come_back(&mut self, world: &World, random: &mut Random) -> anyhow::Result<Outcome> {
        if random.percent(8) {
            // A slip of the finger.
            let body = self.credentials(&format!("{}x", self.password));
            world.ask_and_prove(self.address, "login", &body).await?;
            world.agenda.wait(random.seconds(3, 15)).await;
        }
        let answer = self.ask(world, "login", &self.credentials(&self.password)).await?;
        if !answer.text("token").is_empty() {
            return Ok(Outcome::SignedIn);
        }
        if answer.status != 200 {
            return Ok(Outcome::refused(&answer));
        }
        let ticket = answer.text("loginTicket").to_owned();
        if !answer.json["otpError"].is_null() {
            let sent = self.ask(world, "request-otp", &json!({ "loginTicket": ticket })).await?;
            if sent.status != 200 {
                return Ok(Outcome::refused(&sent));
            }
        }
        self.enter_code(world, &ticket, random).await
    }

    fn credentials(&self, password: &str) -> Value {
        let mut body = json!({ "email": self.email, "password": password });
        if let Some(device) = &self.device {
            body["deviceToken"] = json!(device);
        }
        body
    }

    async fn enter_code(
        &mut self,
        world: &World,
        ticket: &str,
        random: &mut Random,
    ) -> anyhow::Result<Outcome> {
        world.agenda.wait(random.seconds(8, 60)).await;
        let Some(code) = world.carrier.read_code(&self.phone) else {
            return Ok(Outcome::Refused("no text came".to_owned()));
        };
        if random.percent(8) {
            let wrong = json!({ "loginTicket": ticket, "otpCode": other_than(&code) });
            world.ask_and_prove(self.address, "verify-otp", &wrong).await?;
            world.agenda.wait(random.seconds(3, 20)).await;
        }
        let body = json!({ "loginTicket": ticket, "otpCode": code });
        let answer = self.ask(world, "verify-otp", &body).await?;
        if answer.status != 200 {
            return Ok(Outcome::refused(&answer));
        }
        self.device = Some(answer.text("deviceToken").to_owned()).filter(|it| !it.is_empty());
        Ok(Outcome::SignedIn)
    }

    /// Asks, proves what is to be proven, and comes again where that is not too long to wait for.
    async fn ask(&self, world: &World, path: &str, body: &Value) -> anyhow::Result<Answer> {
        let mut answer = world.ask_and_prove(self.address, path, body).await?;
        for _ in 1..TRIES {
            let wait = answer.retry_after().filter(|wait| *wait <= PATIENCE_SECONDS);
            let Some(wait) = wait.filter(|_| [429, 503].contains(&answer.status)) else { break };
            world.agenda.wait(TimeDelta::seconds(wait)).await;
            answer = world.ask_and_prove(self.address, path, body).await?;
        }
        Ok(answer)
    }
}

impl Outcome {
    fn refused(answer: &Answer) -> Self {
        Self::Refused(format!("{} {}", answer.status, answer.code()))
    }
}

/// A code of the same form.
pub(crate) fn other_than(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}
