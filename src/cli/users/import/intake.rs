//! Taking people in, batch by batch: each batch is one transaction with the event that tells of it, so both are
//! written or neither is.

use std::collections::{HashMap, HashSet};
use std::fmt;

use anyhow::Context as _;
use sqlx::PgPool;

use crate::audit::{self, Actor, Entry, Event};
use crate::foundation::{Clock, Entropy, UserId};
use crate::users::{self, ImportedUser, Taken};

use super::Manner;
use super::person::Fault;
use super::tell::{Errors, Progress, Sums};

/// So many that the way to the database hardly counts, so few that a batch takes tenths of a second.
const BATCH: usize = 2000;

/// Where somebody comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a file, counted from 1.
    Line(u64),
    /// A row of another database, by its primary key.
    Row(String),
}

/// People who have been checked, and what was wrong with others.
#[derive(Default)]
pub struct Batch {
    /// Those who can be written.
    pub people: Vec<(Place, ImportedUser)>,
    /// Those who cannot, and why.
    pub refused: Vec<(Place, Vec<Fault>)>,
    /// How much of the file it was.
    pub bytes: u64,
}

/// Writes batches and keeps count.
pub(in crate::cli) struct Intake<'a> {
    database: &'a PgPool,
    clock: Clock,
    rehearsal: Option<Rehearsal>,
    errors: Errors,
    progress: Progress,
    sums: Sums,
    as_json: bool,
}

/// Whom a dry run would have written: what the database cannot know then.
#[derive(Default)]
struct Rehearsal {
    number_of: HashMap<String, String>,
    email_of: HashMap<String, String>,
}

impl Batch {
    pub(in crate::cli) fn add(&mut self, place: Place, checked: Result<ImportedUser, Vec<Fault>>) {
        match checked {
            Ok(user) => self.people.push((place, user)),
            Err(faults) => self.refuse(place, faults),
        }
    }

    pub(in crate::cli) fn refuse(&mut self, place: Place, faults: Vec<Fault>) {
        self.refused.push((place, faults));
    }

    pub(in crate::cli) fn is_full(&self) -> bool {
        self.people.len() + self.refused.len() >= BATCH
    }
}

impl<'a> Intake<'a> {
    pub(in crate::cli) fn new(
        database: &'a PgPool,
        manner: &Manner,
        errors: Errors,
        progress: Progress,
    ) -> Self {
        Self {
            database,
            clock: Clock::default(),
            rehearsal: manner.dry_run.then(Rehearsal::default),
            errors,
            progress,
            sums: Sums { dry_run: manner.dry_run, ..Sums::default() },
            as_json: manner.json,
        }
    }

    /// Writes whoever is not there yet, and tells of those who cannot be.
    pub(in crate::cli) async fn take(&mut self, batch: Batch) -> anyhow::Result<()> {
        let Batch { people, refused, bytes } = batch;
        self.sums.read += people.len() + refused.len();
        self.sums.refused += refused.len();
        for (place, faults) in refused {
            self.errors.tell(&place, &faults, &mut self.progress)?;
        }
        let (places, people): (Vec<Place>, Vec<ImportedUser>) = people.into_iter().unzip();
        let written: HashSet<UserId> = match self.rehearsal {
            Some(_) => HashSet::new(),
            None => self
                .write(&people)
                .await
                .context("a batch cannot be written; run it again, it goes on from there")?
                .into_iter()
                .collect(),
        };
        self.sums.imported += written.len();
        let rest = places.iter().zip(&people);
        let rest = rest.filter(|(_, user)| !written.contains(&user.id));
        self.sort_out(rest.collect()).await?;
        self.progress.show(&self.sums, bytes);
        Ok(())
    }

    /// Writes those who are not there yet, and one event for the audit log that tells how many they were: both,
    /// or neither.
    async fn write(&self, people: &[ImportedUser]) -> anyhow::Result<Vec<UserId>> {
        let mut transaction = self.database.begin().await?;
        let written = users::insert_many(&mut *transaction, people, self.clock.now()).await?;
        if !written.is_empty() {
            let event = Event::UsersImported { users: written.len() };
            let entry = Entry { event, user: None, actor: Actor::CommandLine, origin: None };
            let (entropy, now) = (Entropy::default(), self.clock.now());
            audit::record(&mut transaction, &entropy, &entry, now).await?;
        }
        transaction.commit().await?;
        Ok(written)
    }

    /// Who was not written is there already, or has something of somebody else's.
    async fn sort_out(&mut self, rest: Vec<(&Place, &ImportedUser)>) -> anyhow::Result<()> {
        if rest.is_empty() {
            return Ok(());
        }
        let users: Vec<&ImportedUser> = rest.iter().map(|(_, user)| *user).collect();
        let taken = users::taken(self.database, &users).await;
        let taken = Known::new(taken.context("the database cannot be asked")?);
        for (place, user) in rest {
            let email = user.email.as_str().to_ascii_lowercase();
            let number = user.phone_number.e164();
            let mut known = taken.look_up(&email, number);
            if let (Some(rehearsal), Verdict::New) = (&mut self.rehearsal, &known) {
                known = rehearsal.take(email, number);
            }
            let field = match known {
                Verdict::New => {
                    // In a rehearsal; otherwise it has been deleted between two statements.
                    self.sums.imported += 1;
                    continue;
                }
                Verdict::Same => {
                    self.sums.already_there += 1;
                    continue;
                }
                Verdict::EmailTaken => "email",
                Verdict::NumberTaken => "phoneNumber",
            };
            self.sums.refused += 1;
            let fault = Fault::of(field, "belongs to another account");
            self.errors.tell(place, &[fault], &mut self.progress)?;
        }
        Ok(())
    }

    /// Tells the sums. Lines that were refused make the command fail.
    pub(in crate::cli) fn finish(mut self) -> anyhow::Result<()> {
        self.progress.clear();
        self.errors.finish()?;
        self.sums.tell(self.as_json)?;
        let refused = self.sums.refused;
        anyhow::ensure!(refused == 0, "{refused} of {} were refused", self.sums.read);
        Ok(())
    }
}

enum Verdict {
    New,
    Same,
    EmailTaken,
    NumberTaken,
}

/// Addresses and numbers that somebody has.
struct Known {
    number_of: HashMap<String, Option<String>>,
    numbers: HashSet<String>,
}

impl Known {
    fn new(taken: Vec<Taken>) -> Self {
        let numbers = taken.iter().filter_map(|taken| taken.phone_number.clone()).collect();
        let number_of = taken.into_iter().map(|taken| (taken.email, taken.phone_number)).collect();
        Self { number_of, numbers }
    }

    fn look_up(&self, email: &str, number: &str) -> Verdict {
        match self.number_of.get(email) {
            Some(known) if known.as_deref() == Some(number) => Verdict::Same,
            Some(_) => Verdict::EmailTaken,
            None if self.numbers.contains(number) => Verdict::NumberTaken,
            None => Verdict::New,
        }
    }
}

impl Rehearsal {
    fn take(&mut self, email: String, number: &str) -> Verdict {
        match (self.number_of.get(&email), self.email_of.contains_key(number)) {
            (Some(known), _) if known == number => Verdict::Same,
            (Some(_), _) => Verdict::EmailTaken,
            (None, true) => Verdict::NumberTaken,
            (None, false) => {
                self.number_of.insert(email.clone(), number.to_owned());
                self.email_of.insert(number.to_owned(), email);
                Verdict::New
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number) => write!(f, "line {number}"),
            Self::Row(key) => write!(f, "row {key}"),
        }
    }
}
