//! Phone numbers as they are given out: mobile, valid by the numbering plans of their countries.

use anyhow::bail;
use ringfence::foundation::{NumberType, PhoneNumber};

use super::random::Random;

/// Far more than it takes to hit upon a number that has been given out.
const TRIES: usize = 10_000;
/// A range that was given out together shares all but these.
const RANGE_DIGITS: usize = 4;

/// Where mobile numbers of a country begin.
pub(crate) struct Plan {
    /// ISO 3166-1.
    pub(crate) country: &'static str,
    /// With the plus sign.
    code: &'static str,
    /// The first digits of national numbers.
    starts: &'static [&'static str],
    /// How many digits a national number has.
    digits: usize,
    /// How many of a hundred honest people are from there.
    share: u32,
}

const fn plan(
    country: &'static str,
    code: &'static str,
    starts: &'static [&'static str],
    digits: usize,
    share: u32,
) -> Plan {
    Plan { country, code, starts, digits, share }
}

/// Where the honest people of the simulated service live.
pub(crate) const HOME: [Plan; 10] = [
    plan(
        "US",
        "+1",
        &["212", "213", "305", "312", "415", "512", "617", "646", "702", "773"],
        10,
        28,
    ),
    plan("GB", "+44", &["74", "75", "77", "78", "79"], 10, 14),
    plan("DE", "+49", &["151", "157", "159"], 11, 14),
    plan("FR", "+33", &["6", "7"], 9, 10),
    plan("BR", "+55", &["119", "219", "319"], 11, 8),
    plan("ES", "+34", &["6"], 9, 6),
    plan("IT", "+39", &["32", "33", "34", "38"], 10, 6),
    plan("PL", "+48", &["50", "51", "60", "66", "78"], 9, 5),
    plan("SE", "+46", &["70", "72", "73", "76"], 9, 5),
    plan("AU", "+61", &["4"], 9, 4),
];

/// Where a text costs much, and part of its price finds its way back to whoever has it sent.
pub(crate) const COSTLY: [Plan; 8] = [
    plan("AZ", "+994", &["50", "51", "55", "70"], 9, 0),
    plan("UZ", "+998", &["90", "91", "93"], 9, 0),
    plan("TJ", "+992", &["92", "93"], 9, 0),
    plan("BD", "+880", &["17", "18", "19"], 10, 0),
    plan("PK", "+92", &["30", "33", "34"], 10, 0),
    plan("LK", "+94", &["71", "77"], 9, 0),
    plan("NG", "+234", &["803", "806"], 10, 0),
    plan("GH", "+233", &["24", "54"], 9, 0),
];

/// Where an honest person is from. One of a hundred lives where the attackers' numbers are, too.
pub(crate) fn home(random: &mut Random) -> &'static Plan {
    if random.percent(1) {
        return random.pick(&COSTLY);
    }
    let mut place = random.below(HOME.iter().map(|plan| plan.share).sum());
    for plan in &HOME {
        if place < plan.share {
            return plan;
        }
        place -= plan.share;
    }
    &HOME[0]
}

impl Plan {
    /// A number in E.164 form.
    ///
    /// # Errors
    /// The plan gives out none: it is wrong.
    pub(crate) fn number(&self, random: &mut Random) -> anyhow::Result<String> {
        for _ in 0..TRIES {
            let start = random.pick(self.starts);
            let rest = random.digits(self.digits - start.len());
            let number = format!("{}{start}{rest}", self.code);
            if is_mobile(&number) {
                return Ok(number);
            }
        }
        bail!("{} gives out no mobile numbers by this plan", self.country)
    }
}

/// Ten thousand numbers that differ in their last digits.
pub(crate) struct Range {
    prefix: String,
    next: u32,
}

impl Range {
    /// One of `plan`.
    ///
    /// # Errors
    /// The plan gives out no numbers.
    pub(crate) fn of(plan: &Plan, random: &mut Random) -> anyhow::Result<Self> {
        let mut prefix = plan.number(random)?;
        prefix.truncate(prefix.len() - RANGE_DIGITS);
        Ok(Self { prefix, next: random.below(10_000) })
    }

    /// The next number of the range, a few further on: so do bots that walk through a range of SIM cards.
    ///
    /// # Errors
    /// The range has no valid number.
    pub(crate) fn number(&mut self, random: &mut Random) -> anyhow::Result<String> {
        for _ in 0..TRIES {
            self.next = (self.next + 1 + random.below(3)) % 10_000;
            let number = format!("{}{:04}", self.prefix, self.next);
            if is_mobile(&number) {
                return Ok(number);
            }
        }
        bail!("{} has no valid number", self.prefix)
    }
}

fn is_mobile(number: &str) -> bool {
    PhoneNumber::parse(number, None)
        .is_ok_and(|number| number.number_type() == NumberType::TextsAndCalls)
}
