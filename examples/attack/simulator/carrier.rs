//! The carrier: takes texts as Plivo does, hands codes to phones and keeps the bill.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use ringfence::foundation::PhoneNumber;
use serde_json::Value;

use super::fake_plivo::{FakeConfig, FakePlivo, SentMessage};

/// The table that the server counts its budgets by.
const PRICES: &str = include_str!("../../../data/prices.json");
/// Shorter runs of digits in a text are no code.
const CODE_DIGITS_MIN: usize = 6;

/// A carrier that one server sends through.
pub(crate) struct Carrier {
    fake: FakePlivo,
    books: Arc<Mutex<Books>>,
}

/// Texts and what they cost, in the currency of the price table.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bill {
    /// How many.
    pub(crate) texts: u32,
    /// What they cost.
    pub(crate) cost: f64,
}

#[derive(Default)]
struct Books {
    prices: BTreeMap<String, f64>,
    /// The last code that a number has received.
    codes: HashMap<String, String>,
    of_attackers: HashSet<String>,
    to_attackers: Bill,
    to_others: Bill,
}

impl Carrier {
    /// Listens on a free port of the loopback.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let books = Arc::new(Mutex::new(Books { prices: prices()?, ..Books::default() }));
        let kept = Arc::clone(&books);
        let on_sent = move |sent: &SentMessage| lock(&kept).enter(sent);
        let config = FakeConfig { on_sent: Some(Arc::new(on_sent)), ..FakeConfig::default() };
        Ok(Self { fake: FakePlivo::start(config).await?, books })
    }

    /// The settings that lead the server here.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        let FakeConfig { auth_id, auth_token, phone_number, .. } = FakeConfig::default();
        let settings = [
            ("VERIFICATION_PROVIDER", "plivo".to_owned()),
            ("PLIVO_BASE_URL", self.fake.base_url().to_owned()),
            ("PLIVO_AUTH_ID", auth_id),
            ("PLIVO_AUTH_TOKEN", auth_token),
            ("PLIVO_PHONE_NUMBER", format!("+{phone_number}")),
        ];
        settings.map(|(name, value)| (name.to_owned(), value)).into()
    }

    /// Texts to that number are the attackers' from now on.
    pub(crate) fn is_of_attackers(&self, number: &str) {
        lock(&self.books).of_attackers.insert(number.to_owned());
    }

    /// Takes the newest code that has arrived at that number: each is read once.
    pub(crate) fn read_code(&self, number: &str) -> Option<String> {
        lock(&self.books).codes.remove(number)
    }

    /// What was sent to the attackers' numbers.
    pub(crate) fn to_attackers(&self) -> Bill {
        lock(&self.books).to_attackers
    }

    /// What was sent to everybody else.
    pub(crate) fn to_others(&self) -> Bill {
        lock(&self.books).to_others
    }
}

impl Books {
    fn enter(&mut self, sent: &SentMessage) {
        let number = format!("+{}", sent.dst);
        let country = PhoneNumber::from_e164(&number)
            .and_then(|number| Some(number.country()?.to_string()))
            .unwrap_or_default();
        let price = self.prices.get(&country).or_else(|| self.prices.get("default"));
        let bill = if self.of_attackers.contains(&number) {
            &mut self.to_attackers
        } else {
            &mut self.to_others
        };
        bill.texts += 1;
        bill.cost += price.copied().unwrap_or_default();
        if let Some(code) = code_in(&sent.text) {
            self.codes.insert(number, code.to_owned());
        }
    }
}

/// The code in a text, in whatever language.
fn code_in(text: &str) -> Option<&str> {
    let mut words = text.split(|character: char| !character.is_ascii_digit());
    words.find(|word| word.len() >= CODE_DIGITS_MIN)
}

fn prices() -> anyhow::Result<BTreeMap<String, f64>> {
    let table: Value = serde_json::from_str(PRICES)?;
    let listed = table["providers"]["plivo"]["sms"].as_object().context("no prices of Plivo")?;
    let read = |(country, price): (&String, &Value)| {
        let price = price.as_str().context("a price is no text")?;
        Ok((country.clone(), price.parse()?))
    };
    listed.iter().map(read).collect()
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}
