//! The scenarios: who attacks whom, how large it is, and what must hold.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::TimeDelta;

use super::carrier::Bill;
use super::codes::{self, Manner};
use super::honest::{self, Fortunes};
use super::people;
use super::pump::Campaign;
use super::random::Random;
use super::report::{Findings, Row, dollars, one_in, percent, plain};
use super::stuffing::Stuffing;
use super::world::World;
use super::{Guard, Plan, enumeration};

/// What the service's owner means to spend in a day on texts, honest ones included, in US dollars.
const BUDGET: &str = "250";
/// What an attack may have of what it would without the guard or the counts, however small it is.
const SMALL_SHARE: f64 = 0.25;
/// Who tries fewer than 50 pairs an hour from many blocks is not seen (SECURITY.md): a small attack has no
/// target.
const SEEN_PAIRS_DAILY: usize = 50 * 24;
/// For how long only honest people come, so that the server knows how that looks.
const QUIET: TimeDelta = TimeDelta::hours(12);
const DAY: TimeDelta = TimeDelta::hours(24);
const YEAR: TimeDelta = TimeDelta::days(365);
/// How often somebody whose account is attacked logs in.
const WEEK: TimeDelta = TimeDelta::days(7);
/// Honest people who sign up in 24 hours.
const SIGN_UPS: u32 = 1500;

/// What can be simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Texts to one range of costly numbers, from one block of addresses
    Pump,
    /// Texts to 200 ranges in eight countries, from 10,000 addresses, for a day
    PumpDistributed,
    /// Codes of one account, whose password is known, for a year
    BruteCode,
    /// The same, with a fresh code for each guess
    BruteCodeResend,
    /// 100,000 stolen pairs of e-mail address and password, of which 1 % are right
    Stuffing,
    /// Who has an account
    Enumeration,
    /// Everything at once
    Mixed,
}

impl Scenario {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Pump,
        Self::PumpDistributed,
        Self::BruteCode,
        Self::BruteCodeResend,
        Self::Stuffing,
        Self::Enumeration,
        Self::Mixed,
    ];
}

/// Simulates it.
///
/// # Errors
/// The world could not be set up, or the server broke.
pub(crate) async fn run(scenario: Scenario, plan: Plan) -> anyhow::Result<Vec<Row>> {
    match scenario {
        Scenario::Pump => pump(plan).await,
        Scenario::PumpDistributed => Box::pin(pump_distributed(plan)).await,
        Scenario::BruteCode => brute("brute-code", plan, Manner::EachCode).await,
        Scenario::BruteCodeResend => brute("brute-code-resend", plan, Manner::FreshCodes).await,
        Scenario::Stuffing => stuffing(plan).await,
        Scenario::Enumeration => enumerate(plan, "strict").await,
        Scenario::Mixed => mixed(plan).await,
    }
}

/// How clever the bots are that pump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bots {
    OneBlock,
    Plain,
    /// They work for proofs, and enter 3 of 100 codes.
    Proving,
}

async fn pump(plan: Plan) -> anyhow::Result<Vec<Row>> {
    let (pumped, without) =
        tokio::try_join!(pumped(plan, Bots::OneBlock), pumped_freely(plan, Bots::OneBlock))?;
    pumped.tell("pump", plan, without)
}

/// Both kinds of bots beside the plain ones without the guard, who get no fewer texts than the clever ones.
async fn pump_distributed(plan: Plan) -> anyhow::Result<Vec<Row>> {
    let (naive, clever, without) = tokio::try_join!(
        pumped(plan, Bots::Plain),
        pumped(plan, Bots::Proving),
        pumped_freely(plan, Bots::Plain)
    )?;
    let mut rows = naive.tell("pump-distributed", plan, without)?;
    rows.extend(clever.tell("pump-distributed, proving", plan, without)?);
    Ok(rows)
}

/// What a world that was pumped came to.
struct Pumped {
    to_attackers: Bill,
    to_others: Bill,
    fortunes: Fortunes,
}

impl Pumped {
    fn tell(&self, name: &str, plan: Plan, without: Option<Bill>) -> anyhow::Result<Vec<Row>> {
        let mut findings = Findings::of(name);
        tell_pumped(&mut findings, plan, self.to_attackers, without)?;
        findings.tell("texts to everybody else", show_bill(self.to_others));
        findings.honest(&self.fortunes.counts());
        Ok(findings.into_rows())
    }
}

/// The bill without the guard, unless that is the world anyway.
async fn pumped_freely(plan: Plan, bots: Bots) -> anyhow::Result<Option<Bill>> {
    if plan.guard == Guard::Off {
        return Ok(None);
    }
    let free = pumped(Plan { guard: Guard::Off, ..plan }, bots).await?;
    Ok(Some(free.to_attackers))
}

fn show_bill(bill: Bill) -> String {
    format!("{} for {}", bill.texts, dollars(bill.cost))
}

/// What attackers have had sent, beside what they would have without the guard.
///
/// What a new range or country is allowed does not shrink with the size of an attack: in a small one it is a
/// larger share.
fn tell_pumped(
    findings: &mut Findings,
    plan: Plan,
    bill: Bill,
    without: Option<Bill>,
) -> anyhow::Result<()> {
    findings.tell("texts to attackers", show_bill(bill));
    if let Some(without) = without {
        findings.tell("… without the guard", show_bill(without));
        let share = bill.cost / without.cost.max(f64::MIN_POSITIVE);
        let most = (0.01 / plan.scale.share()).min(SMALL_SHARE);
        findings.at_most("share of that cost", share, most, percent);
        findings.at_most("cost of texts to attackers", bill.cost, BUDGET.parse()?, dollars);
    }
    Ok(())
}

/// One world, and what attackers and honest people had of it.
async fn pumped(plan: Plan, bots: Bots) -> anyhow::Result<Pumped> {
    let mut random = Random::new(plan.seed);
    let world = World::new(plan.guard, &budget(plan.guard)).await?;
    let fortunes = Fortunes::default();
    let period = QUIET + DAY;
    let sign_ups = plan.scale.of(SIGN_UPS + SIGN_UPS / 2);
    honest::arrive(&world, &fortunes, sign_ups, period, &mut random);
    campaign(plan, bots, &mut random)?.launch(&world, QUIET, &mut random);
    world.agenda.run().await?;
    let (to_attackers, to_others) = (world.carrier.to_attackers(), world.carrier.to_others());
    Ok(Pumped { to_attackers, to_others, fortunes })
}

fn campaign(plan: Plan, bots: Bots, random: &mut Random) -> anyhow::Result<Campaign> {
    let scale = plan.scale;
    if bots == Bots::OneBlock {
        return Campaign::from_one_block(scale.of(3000), random);
    }
    let ranges = usize::try_from(scale.of(200).max(16))?;
    let mut campaign = Campaign::distributed(scale.of(10_000), ranges, scale.of(10_000), random)?;
    if bots == Bots::Proving {
        campaign.proves = true;
        campaign.converting = 30;
    }
    Ok(campaign)
}

/// The budget guards, too: without the guard there is none, or the two could not be told apart.
fn budget(guard: Guard) -> Vec<(&'static str, &'static str)> {
    if guard == Guard::Off { Vec::new() } else { vec![("SMS_BUDGET_DAILY", BUDGET)] }
}

async fn brute(name: &str, plan: Plan, manner: Manner) -> anyhow::Result<Vec<Row>> {
    let mut random = Random::new(plan.seed);
    let world = World::new(plan.guard, &[("OTP_POLICY", "new-device")]).await?;
    let fortunes = Fortunes::default();
    let mut people = people::settle(&world, "victim", 1, &mut random).await?;
    let victim = people.remove(0);
    let period = YEAR * i32::try_from(plan.scale.of(100))? / 100;
    let owner = victim.clone();
    honest::keep_returning(&world, &fortunes, owner, WEEK, period, &mut random);
    let when = (TimeDelta::hours(1), period);
    let guesses = codes::launch(&world, victim, manner, when, &mut random);
    world.agenda.run().await?;
    let mut findings = Findings::of(name);
    let counts = guesses.counts();
    findings.tell("guesses that were judged", counts.judged.to_string());
    findings.tell("texts to the victim", world.carrier.to_others().texts.to_string());
    let measure = format!("chance of a hit in {} days", period.num_days());
    findings.at_most(&measure, counts.chance, 1e-4, one_in);
    findings.honest(&fortunes.counts());
    Ok(findings.into_rows())
}

async fn stuffing(plan: Plan) -> anyhow::Result<Vec<Row>> {
    let mut random = Random::new(plan.seed);
    let world = World::new(plan.guard, &budget(plan.guard)).await?;
    let (fortunes, scale) = (Fortunes::default(), plan.scale);
    let attack = stuff(&world, scale.of(100_000), &mut random).await?;
    let customers = people::settle(&world, "customer", scale.of(2000), &mut random).await?;
    honest::return_within(&world, &fortunes, customers, DAY, &mut random);
    honest::arrive(&world, &fortunes, scale.of(300), DAY, &mut random);
    world.agenda.run().await?;
    let mut findings = Findings::of("stuffing");
    tell_stuffed(&mut findings, plan, &attack);
    findings.tell("texts to everybody", show_bill(world.carrier.to_others()));
    findings.honest(&fortunes.counts());
    Ok(findings.into_rows())
}

/// An attack with so many pairs, under way.
async fn stuff(world: &Arc<World>, pairs: u32, random: &mut Random) -> anyhow::Result<Attack> {
    let victims = people::settle(world, "victim", (pairs / 100).max(1), random).await?;
    let others = people::settle(world, "other", (pairs / 50).max(1), random).await?;
    let attack = Stuffing::new(pairs, &victims, &others, random);
    attack.launch(world, random);
    Ok(Attack { right: u32::try_from(victims.len())?, stuffing: attack })
}

struct Attack {
    stuffing: Stuffing,
    /// Pairs that are right.
    right: u32,
}

fn tell_stuffed(findings: &mut Findings, plan: Plan, attack: &Attack) {
    let opened = attack.stuffing.opened.load(Ordering::Relaxed);
    findings
        .tell("pairs, of which right", format!("{}, {}", attack.stuffing.pairs(), attack.right));
    findings.tell("accounts opened", opened.to_string());
    let share = f64::from(opened) / f64::from(attack.right);
    let measure = "share of the right pairs that opened";
    if attack.stuffing.pairs() < SEEN_PAIRS_DAILY {
        findings.tell(measure, percent(share));
    } else {
        // As of pumping: what goes before it is seen does not shrink with the size.
        let most = (0.02 / plan.scale.share()).min(SMALL_SHARE);
        findings.at_most(measure, share, most, percent);
    }
}

/// Asks about people with an account and about others, where `USER_ENUMERATION` is `policy`.
///
/// # Errors
/// The world could not be set up, or the server broke.
pub(crate) async fn enumerate(plan: Plan, policy: &str) -> anyhow::Result<Vec<Row>> {
    let mut random = Random::new(plan.seed);
    let world = World::new(plan.guard, &[("USER_ENUMERATION", policy)]).await?;
    let known = people::settle(&world, "known", plan.scale.of(400).max(20), &mut random).await?;
    let mut findings = Findings::of("enumeration");
    for question in enumeration::QUESTIONS {
        let advantage = enumeration::advantage(&world, question, &known, &mut random).await?;
        findings.at_most(&format!("what {question} tells"), advantage, 0.0, plain);
    }
    Ok(findings.into_rows())
}

/// All at once, each at a part of its size.
async fn mixed(plan: Plan) -> anyhow::Result<Vec<Row>> {
    let free = Plan { guard: Guard::Off, ..plan };
    let without = async {
        if plan.guard == Guard::Off { Ok(None) } else { mixed_world(free).await.map(Some) }
    };
    let (guarded, without) = tokio::try_join!(mixed_world(plan), without)?;
    let mut findings = Findings::of("mixed");
    tell_pumped(&mut findings, plan, guarded.bill, without.map(|world| world.bill))?;
    tell_stuffed(&mut findings, plan, &guarded.attack);
    let counts = guarded.guesses.counts();
    findings.tell("codes guessed in a day", counts.judged.to_string());
    findings.honest(&guarded.fortunes.counts());
    Ok(findings.into_rows())
}

struct Mixed {
    bill: Bill,
    attack: Attack,
    guesses: codes::Guesses,
    fortunes: Fortunes,
}

async fn mixed_world(plan: Plan) -> anyhow::Result<Mixed> {
    let mut random = Random::new(plan.seed);
    let world = World::new(plan.guard, &budget(plan.guard)).await?;
    let (fortunes, scale) = (Fortunes::default(), plan.scale);
    honest::arrive(&world, &fortunes, scale.of(SIGN_UPS), QUIET + DAY, &mut random);
    let customers = people::settle(&world, "customer", scale.of(1000), &mut random).await?;
    honest::return_within(&world, &fortunes, customers, DAY, &mut random);
    let victim = people::settle(&world, "guessed", 1, &mut random).await?.remove(0);
    let guesses = codes::launch(&world, victim, Manner::EachCode, (QUIET, DAY), &mut random);
    let attack = stuff(&world, scale.of(10_000), &mut random).await?;
    let half = Plan { scale: plan.scale.half(), ..plan };
    campaign(half, Bots::Plain, &mut random)?.launch(&world, QUIET, &mut random);
    world.agenda.run().await?;
    Ok(Mixed { bill: world.carrier.to_attackers(), attack, guesses, fortunes })
}
