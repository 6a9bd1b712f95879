//! Which budgets there are, of which day or month they are, and in which order their rows are
//! locked.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, Utc};

use crate::foundation::Country;
use crate::otp::send::SendError;

use super::amount::Amount;

/// What messages may cost; `None` where there is no bound. Days and months are those of UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Budgets {
    /// `SMS_BUDGET_DAILY`: in a day, to all countries.
    pub daily: Option<Amount>,
    /// `SMS_BUDGET_MONTHLY`: in a month, to all countries.
    pub monthly: Option<Amount>,
    /// `SMS_BUDGET_PER_COUNTRY_DAILY`: in a day, to any one country.
    pub country_daily: Option<Amount>,
}

/// What a budget is for. In the order in which rows are locked: the ones that all messages share
/// come last and are held for the shortest time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetScope {
    /// A day's messages to one country; `None`: to numbers that belong to none.
    Country(Option<Country>),
    /// A day's messages.
    Day,
    /// A month's messages.
    Month,
}

impl BudgetScope {
    /// As the API has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Country(_) => "country",
            Self::Day => "day",
            Self::Month => "month",
        }
    }

    /// As the database has it.
    pub(in crate::otp) fn key(&self) -> String {
        match self {
            Self::Country(Some(country)) => format!("country:{country}"),
            Self::Country(None) => "country:".to_owned(),
            Self::Day | Self::Month => self.as_str().to_owned(),
        }
    }

    /// The first day of the period that `at` is in.
    fn period(&self, at: DateTime<Utc>) -> NaiveDate {
        let day = at.date_naive();
        match self {
            Self::Country(_) | Self::Day => day,
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// When the period that `at` is in ends.
    fn ends_at(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let begins = self.period(at);
        let ends = match self {
            Self::Country(_) | Self::Day => begins.checked_add_days(Days::new(1)),
            Self::Month => begins.checked_add_months(Months::new(1)),
        };
        ends.map_or(at, |day| day.and_time(NaiveTime::MIN).and_utc())
    }

    /// That there is no room in it at `now`.
    pub(super) fn exhausted(&self, now: DateTime<Utc>) -> SendError {
        SendError::BudgetExhausted { scope: self.clone(), retry_at: self.ends_at(now) }
    }
}

impl Budgets {
    pub(super) fn cap(&self, scope: &BudgetScope) -> Option<Amount> {
        match scope {
            BudgetScope::Country(_) => self.country_daily,
            BudgetScope::Day => self.daily,
            BudgetScope::Month => self.monthly,
        }
    }
}

/// One row of the budgets: a scope in a period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    pub(super) scope: BudgetScope,
    pub(super) period: NaiveDate,
}

impl Account {
    pub(super) fn at(scope: BudgetScope, at: DateTime<Utc>) -> Self {
        let period = scope.period(at);
        Self { scope, period }
    }
}

/// What one transaction books, in millionths, put together first: every transaction then locks the
/// rows in the same order, and none waits for another in a circle.
#[derive(Clone, Debug, Default)]
pub(in crate::otp) struct Postings(BTreeMap<Account, i64>);

impl Postings {
    /// Books `micros` (less than nothing: gives back) for a message created at `created_at`, in
    /// every scope that it counts in.
    pub(in crate::otp) fn add(
        &mut self,
        country: Option<&Country>,
        created_at: DateTime<Utc>,
        micros: i64,
    ) {
        for scope in scopes(country) {
            *self.0.entry(Account::at(scope, created_at)).or_default() += micros;
        }
    }

    /// Books a price where there is a budget, and nowhere else.
    pub(super) fn add_within(
        &mut self,
        budgets: &Budgets,
        country: Option<&Country>,
        created_at: DateTime<Utc>,
        price: Amount,
    ) {
        for scope in scopes(country).into_iter().filter(|scope| budgets.cap(scope).is_some()) {
            *self.0.entry(Account::at(scope, created_at)).or_default() += price.micros();
        }
    }

    /// What is to be booked, in the order of locking.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (&Account, i64)> {
        self.0.iter().map(|(account, micros)| (account, *micros)).filter(|(_, micros)| *micros != 0)
    }
}

fn scopes(country: Option<&Country>) -> [BudgetScope; 3] {
    [BudgetScope::Country(country.cloned()), BudgetScope::Day, BudgetScope::Month]
}

/// A budget of which four fifths are spent.
#[derive(Debug)]
pub(in crate::otp) struct Warning {
    pub(in crate::otp) scope: BudgetScope,
    pub(in crate::otp) spent: Amount,
    pub(in crate::otp) cap: Amount,
}

/// Whether 80 % are spent.
pub(super) fn is_nearly_spent(spent: Amount, cap: Amount) -> bool {
    // An amount has room for ten times its most.
    spent.micros().saturating_mul(10) >= cap.micros().saturating_mul(8)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn days_and_months_end_where_the_next_begin() {
        for (scope, now, period, ends) in [
            (BudgetScope::Day, "2026-12-31T23:59:59.999999Z", "2026-12-31", "2027-01-01T00:00:00Z"),
            (BudgetScope::Month, "2026-12-31T23:59:59Z", "2026-12-01", "2027-01-01T00:00:00Z"),
            (BudgetScope::Month, "2028-02-29T12:00:00Z", "2028-02-01", "2028-03-01T00:00:00Z"),
            (BudgetScope::Day, "2028-02-28T00:00:00Z", "2028-02-28", "2028-02-29T00:00:00Z"),
            (
                BudgetScope::Country(None),
                "2026-01-31T00:00:00Z",
                "2026-01-31",
                "2026-02-01T00:00:00Z",
            ),
        ] {
            assert_eq!(scope.period(at(now)).to_string(), period);
            assert_eq!(scope.ends_at(at(now)), at(ends));
        }
    }

    #[test]
    fn four_fifths_are_nearly_all() {
        let amount = |micros| Amount::from_micros(micros).unwrap();
        assert!(is_nearly_spent(amount(80), amount(100)));
        assert!(!is_nearly_spent(amount(79), amount(100)));
        assert!(is_nearly_spent(Amount::of_units(800_000_000), Amount::of_units(1_000_000_000)));
    }

    #[test]
    fn a_message_that_changes_carriers_is_booked_by_the_difference() {
        let budgets = Budgets { daily: Amount::from_micros(100), ..Budgets::default() };
        let now = at("2026-03-04T05:06:07Z");
        let booked = |old: i64, new: i64, days: i64| {
            let mut postings = Postings::default();
            postings.add(None, now - TimeDelta::days(days), -old);
            postings.add_within(&budgets, None, now, Amount::from_micros(new).unwrap());
            let rows = postings.in_order();
            rows.map(|(account, micros)| {
                format!("{} {} {micros}", account.scope.key(), account.period)
            })
            .collect::<Vec<_>>()
        };
        let month = "month 2026-03-01 -7";
        assert_eq!(
            booked(7, 9, 0),
            ["country: 2026-03-04 -7", "day 2026-03-04 2", month],
            "where there is no budget there is at most something to give back"
        );
        assert_eq!(
            booked(7, 9, 1),
            ["country: 2026-03-03 -7", "day 2026-03-03 -7", "day 2026-03-04 9", month],
            "at midnight the days are two"
        );
        assert_eq!(booked(0, 0, 0), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn every_moment_is_in_its_period(seconds in 0_i64..4_000_000_000) {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            for scope in scopes(None) {
                let begins = scope.period(now).and_time(NaiveTime::MIN).and_utc();
                let ends = scope.ends_at(now);
                prop_assert!(begins <= now && now < ends);
                prop_assert_eq!(scope.period(ends - TimeDelta::microseconds(1)), scope.period(now));
                prop_assert_eq!(scope.period(ends), ends.date_naive());
            }
        }
    }
}
