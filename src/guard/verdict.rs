//! What the scopes of one code say together. No IO.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::rules::{Record, ScopeKind, State};

/// What is known of the scopes; of one that is missing nothing is.
pub(super) type Records = BTreeMap<ScopeKind, Record>;

/// Why a code is not simply sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// Only for whoever gives a proof; the scope that asks for it.
    Doubt(ScopeKind),
    /// Not before then; the scope that is closed for longest.
    Refuse(ScopeKind, DateTime<Utc>),
}

/// The scopes that have a say. A trusted one vouches for those around it: so what is sent to bad prefixes
/// counts against their range and country only until these prefixes are shut, and never against
/// those who are in good ones.
pub(super) fn asked(records: &Records, is_resend: bool, now: DateTime<Utc>) -> Vec<ScopeKind> {
    let is_trusted = |kind| state(records, kind, now) == State::Trusted;
    let mut asked = vec![ScopeKind::Block, ScopeKind::Prefix];
    // Another code to the same number is no sequence.
    if !is_resend {
        asked.push(ScopeKind::Run);
    }
    if !is_trusted(ScopeKind::Prefix) {
        asked.push(ScopeKind::Range);
        if !is_trusted(ScopeKind::Range) {
            asked.push(ScopeKind::Country);
        }
    }
    asked.sort_unstable();
    asked
}

/// What `asked` say.
pub(super) fn judge(
    records: &Records,
    asked: &[ScopeKind],
    has_proof: bool,
    now: DateTime<Utc>,
) -> Result<(), Objection> {
    // A wide scope is tried again with newcomers only: whose prefix and block have shown what comes of codes
    // had their turn. So an attacker uses up prefixes and addresses, and honest people soon open it.
    let is_newcomer = [ScopeKind::Block, ScopeKind::Prefix]
        .into_iter()
        .all(|kind| records.get(&kind).is_none_or(|record| record.owes_nothing(&kind.rule(), now)));
    let closed = asked.iter().filter_map(|&kind| {
        let record = records.get(&kind)?;
        match state(records, kind, now) {
            State::Slowed | State::Closed => record.opens_at.map(|opens_at| (opens_at, kind)),
            State::Trial if kind.rule().is_wide && !is_newcomer => {
                Some((record.another_try(&kind.rule(), now), kind))
            }
            _ => None,
        }
    });
    if let Some((opens_at, kind)) = closed.max() {
        return Err(Objection::Refuse(kind, opens_at));
    }
    let doubts =
        |kind: &&ScopeKind| matches!(state(records, **kind, now), State::Doubtful | State::Trial);
    match asked.iter().find(doubts) {
        Some(&kind) if !has_proof => Err(Objection::Doubt(kind)),
        _ => Ok(()),
    }
}

/// How a scope stands.
pub(super) fn state(records: &Records, kind: ScopeKind, now: DateTime<Utc>) -> State {
    let record = records.get(&kind).copied().unwrap_or(Record::fresh(now));
    record.state(&kind.rule(), now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after the beginning.
    fn at(minutes: f64) -> DateTime<Utc> {
        let begin = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        begin
            + chrono::TimeDelta::from_std(std::time::Duration::from_secs_f64(minutes * 60.0))
                .unwrap()
    }

    /// Whatever the guard would have in its table.
    #[derive(Default)]
    struct World(BTreeMap<(ScopeKind, String), Record>);

    /// The names of a code's scopes, in the order of [`ScopeKind::ALL`].
    type Names = [String; 5];

    impl World {
        fn records(&self, names: &Names) -> Records {
            let scopes = ScopeKind::ALL.into_iter().zip(names);
            let records =
                scopes.filter_map(|(kind, name)| Some((kind, *self.0.get(&(kind, name.clone()))?)));
            records.collect()
        }

        /// Somebody asks for a code and, where it goes, enters it or not.
        fn ask(
            &mut self,
            names: &Names,
            (proves, is_entered): (bool, bool),
            now: DateTime<Utc>,
        ) -> bool {
            let records = self.records(names);
            let asked = asked(&records, false, now);
            if judge(&records, &asked, proves, now).is_err() {
                return false;
            }
            for kind in asked {
                let place = ScopeKind::ALL.iter().position(|it| *it == kind).unwrap();
                let record = records.get(&kind).copied().unwrap_or(Record::fresh(now));
                let record = record.charged(&kind.rule(), now);
                let record = if is_entered { record.paid(&kind.rule(), 1, now) } else { record };
                self.0.insert((kind, names[place].clone()), record);
            }
            true
        }
    }

    /// A number of the world: 20 ranges of 1000 prefixes in each country.
    fn names(country: usize, prefix: usize, number: usize, block: usize) -> Names {
        let prefix = prefix % 20_000;
        [
            format!("b{block}"),
            format!("c{country}"),
            format!("c{country}p{prefix}"),
            format!("c{country}r{}", prefix / 1000),
            format!("c{country}p{prefix}n{}", number % 10_000 / 100),
        ]
    }

    /// What came of a day.
    #[derive(Default, Debug)]
    struct Day {
        asked_by_attackers: u32,
        /// … and not entered.
        sent_to_attackers: u32,
        honest: u32,
        honest_sent: u32,
    }

    /// A first day: of 15,000 codes asked for by attackers, from 10,000 addresses in 500 blocks, to 200
    /// prefixes in `attacked` countries, one in `entered_one_in` entered, by bots that work for proofs or not; and of
    /// 2,000 honest sign-ups in five other countries, or from `overlap` on in those.
    fn day(attacked: usize, overlap: usize, entered_one_in: usize, bots_prove: bool) -> Day {
        let (mut world, mut day) = (World::default(), Day::default());
        for turn in 0..15_000u32 {
            let now = at(f64::from(turn) * 1440.0 / 15_000.0);
            let turn = usize::try_from(turn).unwrap();
            let (country, prefix) =
                (overlap + turn % attacked, 97 * (turn / attacked % (200 / attacked)));
            let number = turn * 7919;
            day.asked_by_attackers += 1;
            let is_entered = entered_one_in != 0 && turn % entered_one_in == 0;
            let attack = names(country, prefix + 500, number, turn * 31 % 500);
            let is_sent = world.ask(&attack, (bots_prove, is_entered), now);
            day.sent_to_attackers += u32::from(is_sent && !is_entered);
            if turn % 15 < 2 {
                // One of 14 never enters it.
                let person = turn / 15 * 2 + turn % 15;
                let prefix = person * 6151 % 20_000;
                let honest = names(person % 5, prefix, person * 104_729, 1000 + person % 700);
                let enters = person % 14 != 0;
                day.honest += u32::from(enters);
                day.honest_sent += u32::from(world.ask(&honest, (true, enters), now) && enters);
            }
        }
        day
    }

    #[test]
    fn pumping_of_200_prefixes_in_other_countries_costs_less_than_a_hundredth() {
        let day = day(8, 100, 0, true);
        assert!(day.sent_to_attackers * 100 <= day.asked_by_attackers, "{day:?}");
        assert!(day.honest_sent * 100 >= day.honest * 99, "{day:?}");
    }

    #[test]
    fn one_entered_code_in_twenty_does_not_help_much() {
        let day = day(8, 100, 20, true);
        assert!(day.sent_to_attackers * 50 <= day.asked_by_attackers, "{day:?}");
        assert!(day.honest_sent * 100 >= day.honest * 99, "{day:?}");
    }

    /// Where nothing is known of anybody yet: the hardest case, since all are newcomers.
    #[test]
    fn pumping_on_the_first_day_in_the_countries_of_honest_people_is_bounded() {
        let day = day(5, 0, 0, true);
        assert!(day.sent_to_attackers * 50 <= day.asked_by_attackers, "{day:?}");
        assert!(day.honest_sent * 5 >= day.honest, "{day:?}");
    }

    #[test]
    fn bots_that_work_for_no_proof_keep_nobody_out_even_on_the_first_day() {
        let day = day(5, 0, 0, false);
        assert!(day.sent_to_attackers * 30 <= day.asked_by_attackers, "{day:?}");
        assert!(day.honest_sent * 100 >= day.honest * 95, "{day:?}");
    }

    fn owing(debt: f64) -> Record {
        Record { debt, ..Record::fresh(at(0.0)) }
    }

    fn shut(kind: ScopeKind) -> Record {
        let mut record = Record::fresh(at(0.0));
        while record.opens_at.is_none() {
            record = record.charged(&kind.rule(), at(0.0));
        }
        record
    }

    #[test]
    fn a_prefix_that_has_proven_itself_is_open_in_a_closed_country() {
        let records = BTreeMap::from([
            (ScopeKind::Country, shut(ScopeKind::Country)),
            (ScopeKind::Range, shut(ScopeKind::Range)),
            (ScopeKind::Prefix, owing(-0.5)),
        ]);
        let asked = asked(&records, false, at(0.0));
        assert_eq!(judge(&records, &asked, false, at(0.0)), Ok(()));
    }

    #[test]
    fn a_prefix_never_seen_is_not_while_its_country_is_closed() {
        let records = BTreeMap::from([(ScopeKind::Country, shut(ScopeKind::Country))]);
        let asked = asked(&records, false, at(0.0));
        let refused = judge(&records, &asked, true, at(0.0));
        let opens_at = at(5.0);
        assert_eq!(refused, Err(Objection::Refuse(ScopeKind::Country, opens_at)));
    }

    #[test]
    fn a_bad_prefix_is_shut_in_a_good_country() {
        let records = BTreeMap::from([
            (ScopeKind::Country, owing(-20.0)),
            (ScopeKind::Range, owing(-12.0)),
            (ScopeKind::Prefix, shut(ScopeKind::Prefix)),
        ]);
        let asked = asked(&records, false, at(0.0));
        let refused = judge(&records, &asked, true, at(0.0));
        assert!(matches!(refused, Err(Objection::Refuse(ScopeKind::Prefix, _))), "{refused:?}");
    }

    #[test]
    fn a_doubt_is_for_those_without_a_proof() {
        let records = BTreeMap::from([(ScopeKind::Block, owing(8.0))]);
        let asked = asked(&records, false, at(0.0));
        let doubt = Err(Objection::Doubt(ScopeKind::Block));
        assert_eq!(judge(&records, &asked, false, at(0.0)), doubt);
        assert_eq!(judge(&records, &asked, true, at(0.0)), Ok(()));
    }

    #[test]
    fn another_code_to_the_same_number_is_no_sequence() {
        let records = BTreeMap::from([(ScopeKind::Run, shut(ScopeKind::Run))]);
        assert!(asked(&records, false, at(0.0)).contains(&ScopeKind::Run));
        assert!(!asked(&records, true, at(0.0)).contains(&ScopeKind::Run));
    }
}
