//! The rules, held against what docs/decisions/0027 says that they cost.

use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

fn may_send(record: Record, rule: &Rule, now: DateTime<Utc>) -> bool {
    !matches!(record.state(rule, now), State::Slowed | State::Closed)
}

/// Somebody asks every minute of a day and enters nothing: how many codes go.
fn sent_in_a_day(kind: ScopeKind, begin: Record) -> u32 {
    let rule = kind.rule();
    let (mut record, mut sent) = (begin, 0);
    for now in (0..24 * 60).map(|minute| at(minute * 60)) {
        if may_send(record, &rule, now) {
            record = record.charged(&rule, now);
            sent += 1;
        }
    }
    sent
}

#[test]
fn a_day_without_an_entered_code_costs_what_the_decision_says() {
    let fresh = ScopeKind::ALL.map(|kind| sent_in_a_day(kind, Record::fresh(at(0))));
    assert_eq!(fresh, [36, 12, 7, 10, 6], "block, country, prefix, range, run");
    let trusted = ScopeKind::ALL.map(|kind| {
        let debt = -kind.rule().credit;
        sent_in_a_day(kind, Record { debt, ..Record::fresh(at(0)) })
    });
    assert_eq!(trusted, [55, 31, 12, 22, 8], "with the best record there is");
}

#[test]
fn a_scope_goes_from_open_over_slowed_to_closed_and_is_tried_again() {
    let rule = ScopeKind::Prefix.rule();
    let mut record = Record::fresh(at(0));
    assert_eq!(record.state(&rule, at(0)), State::Open);
    for _ in 0..2 {
        record = record.charged(&rule, at(0));
    }
    assert_eq!(record.state(&rule, at(0)), State::Doubtful);
    record = record.charged(&rule, at(0));
    assert_eq!(record.state(&rule, at(899)), State::Slowed);
    assert_eq!(record.state(&rule, at(900)), State::Trial);
    record = record.charged(&rule, at(900));
    assert_eq!(record.state(&rule, at(900 + 3599)), State::Slowed);
    record = record.charged(&rule, at(4500));
    assert_eq!(record.state(&rule, at(4500 + 4 * 3600 - 1)), State::Closed);
    assert_eq!(record.state(&rule, at(4500 + 4 * 3600)), State::Trial);
    let entered = record.paid(&rule, 1, at(4600));
    assert!(may_send(entered, &rule, at(4600)), "an entered code opens it");
    assert_eq!(record.state(&rule, at(9 * 86_400)), State::Open, "so does time");
}

#[test]
fn nine_of_ten_entered_are_never_refused() {
    for kind in ScopeKind::ALL {
        let rule = kind.rule();
        let mut record = Record::fresh(at(0));
        for send in 0..1000 {
            let now = at(send * 60);
            assert!(may_send(record, &rule, now), "{kind:?}, send {send}");
            record = record.charged(&rule, now);
            if send % 10 != 0 {
                record = record.paid(&rule, 1, now);
            }
        }
        assert_eq!(record.state(&rule, at(1000 * 60)), State::Trusted);
    }
}

#[test]
fn a_clock_that_is_put_back_by_far_shuts_nobody_out_until_it_has_caught_up() {
    for kind in ScopeKind::ALL {
        let rule = kind.rule();
        let mut record = Record::fresh(at(0));
        while may_send(record, &rule, at(0)) {
            record = record.charged(&rule, at(0));
        }
        let years_before = at(0) - TimeDelta::days(400);
        assert_eq!(record.state(&rule, years_before), State::Trial, "{kind:?}");
        record = record.charged(&rule, years_before);
        assert!(!may_send(record, &rule, years_before), "{kind:?}");
        let later = years_before + rule.half_life * 8;
        assert_eq!(record.state(&rule, later), State::Open, "{kind:?}");
    }
}

#[test]
fn a_clock_that_goes_back_gives_no_room() {
    let rule = ScopeKind::Prefix.rule();
    let mut record = Record::fresh(at(0));
    for _ in 0..3 {
        record = record.charged(&rule, at(0));
    }
    assert!(!may_send(record, &rule, at(-86_400)));
    assert_eq!(record.at(&rule, at(-86_400)), record);
}

#[test]
fn a_country_whose_codes_are_entered_is_tried_again_soon_and_ever_later_until_another_is() {
    let rule = ScopeKind::Country.rule();
    let mut record = Record::fresh(at(0)).charged(&rule, at(0)).paid(&rule, 1, at(0));
    while record.opens_at.is_none() {
        record = record.charged(&rule, at(0));
    }
    let mut now = 0;
    for pause in [60, 120, 240, 480, 960] {
        assert_eq!(record.state(&rule, at(now + pause - 1)), State::Slowed);
        assert_eq!(record.state(&rule, at(now + pause)), State::Trial);
        now += pause;
        record = record.charged(&rule, at(now));
    }
    let entered = record.paid(&rule, 1, at(now)).charged(&rule, at(now));
    assert_eq!(entered.opens_at, Some(at(now + 60)), "it has honest people still");
    let later = entered.charged(&rule, at(now + 86_400)).charged(&rule, at(now + 86_400));
    let later = later.charged(&rule, at(now + 86_400)).opens_at;
    assert!(later > Some(at(now + 86_400 + 300)), "a day later it is like any other");
}

fn narrow() -> impl Strategy<Value = ScopeKind> {
    let narrow = ScopeKind::ALL.into_iter().filter(|kind| !kind.rule().is_wide);
    proptest::sample::select(narrow.collect::<Vec<_>>())
}

fn kinds() -> impl Strategy<Value = ScopeKind> {
    proptest::sample::select(ScopeKind::ALL.to_vec())
}

proptest! {
    /// Whatever is mixed in: beyond the allowance and the trials of a day, each entered code is worth no more
    /// than a few others.
    #[test]
    fn a_few_entered_codes_buy_no_more_than_a_few_others(
        kind in narrow(), entered in proptest::collection::vec(proptest::bool::weighted(0.1), 1..1000)
    ) {
        let rule = kind.rule();
        let (mut record, mut sent, mut paid) = (Record::fresh(at(0)), 0.0, 0.0);
        for (minute, is_entered) in (0..).zip(entered) {
            let now = at(minute * 60);
            if may_send(record, &rule, now) {
                record = record.charged(&rule, now);
                sent += 1.0;
                if is_entered {
                    record = record.paid(&rule, 1, now);
                    paid += 1.0;
                }
            }
        }
        let pauses = 8.0 * (1.0 + paid);
        prop_assert!(sent <= rule.allowance * 3.0 + 2.0 * paid + pauses, "{sent} for {paid}");
    }

    #[test]
    fn debt_and_credit_stay_within_their_bounds_and_shrink_with_time(
        kind in kinds(), steps in proptest::collection::vec((0u8..3, 0i64..40_000), 1..200)
    ) {
        let rule = kind.rule();
        let (mut record, mut now) = (Record::fresh(at(0)), 0);
        for (step, wait) in steps {
            now += wait;
            let before = record.at(&rule, at(now)).debt.abs();
            prop_assert!(before <= record.debt.abs());
            record = match step {
                0 if may_send(record, &rule, at(now)) => record.charged(&rule, at(now)),
                1 => record.paid(&rule, 1, at(now)),
                _ => record.refunded(&rule, at(now)),
            };
            prop_assert!(record.debt >= -rule.credit);
            prop_assert!(record.strikes >= 0);
        }
    }

    #[test]
    fn what_is_taken_back_leaves_no_less_room_than_before(
        kind in kinds(), sends in 0usize..12
    ) {
        let rule = kind.rule();
        let charge = |record: Record, _| record.charged(&rule, at(0));
        let before = (0..sends).fold(Record::fresh(at(0)), charge);
        let after = before.charged(&rule, at(0)).refunded(&rule, at(0));
        prop_assert!((after.debt - before.debt).abs() < 1e-9);
        prop_assert_eq!(after.strikes, before.strikes);
        prop_assert!(may_send(after, &rule, at(0)) || !may_send(before, &rule, at(0)));
    }
}
