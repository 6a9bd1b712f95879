//! What messages cost, and how much of it there may be in a day and a month.
//!
//! Owns the table `message_budgets`. A message is counted at its price before its carrier is asked,
//! in the transaction that enters it in the ledger, so that replicas cannot spend the same money
//! twice. Never asks what the ledger adds up to.

mod amount;
mod budgets;
mod prices;
mod store;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::foundation::{Country, PhoneNumber};

use super::Channel;
use super::send::SendError;

pub use amount::{Amount, AmountError, Currency, CurrencyError};
pub use budgets::{BudgetScope, Budgets};
pub(super) use budgets::{Postings, Warning};
pub use prices::{Prices, PricesError};
pub(super) use store::delete_old;

/// The price table and the budgets: both in one currency.
#[derive(Clone, Debug)]
pub struct Money {
    prices: Prices,
    budgets: Budgets,
}

/// What a budget has come to.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// `day`, `month` or `country`.
    pub scope: &'static str,
    /// Millionths of the currency.
    pub micros: i64,
    /// The budget.
    pub cap: Amount,
}

impl Money {
    /// Budgets in the currency of the prices.
    pub fn new(prices: Prices, budgets: Budgets) -> Self {
        Self { prices, budgets }
    }

    /// `SMS_CURRENCY`.
    pub fn currency(&self) -> &Currency {
        self.prices.currency()
    }

    /// What messages are counted at.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Whether anything is bounded.
    pub fn has_budget(&self) -> bool {
        let Budgets { daily, monthly, country_daily } = self.budgets;
        [daily, monthly, country_daily].iter().any(Option::is_some)
    }

    /// What a message to the number costs by the table.
    pub(super) fn price(&self, provider: &str, channel: Channel, number: &PhoneNumber) -> Amount {
        self.prices.of(provider, channel, number.country())
    }

    /// Speaks for the price of a message created at `now`, and books `postings` in the same go.
    /// The caller's transaction undoes all of it where a budget has no room.
    pub(super) async fn reserve(
        &self,
        connection: &mut PgConnection,
        mut postings: Postings,
        country: Option<&Country>,
        price: Amount,
        now: DateTime<Utc>,
    ) -> Result<Vec<Warning>, SendError> {
        postings.add_within(&self.budgets, country, now, price);
        let mut warnings = Vec::new();
        for (account, micros) in postings.in_order() {
            match self.budgets.cap(&account.scope).filter(|_| micros > 0) {
                None => store::correct(connection, account, self.currency(), micros, now).await?,
                Some(cap) => {
                    let entry = store::Entry { account, currency: self.currency(), micros, cap };
                    let Some(taken) = store::take(connection, &entry, now).await? else {
                        return Err(account.scope.exhausted(now));
                    };
                    let is_due = taken.is_unwarned && budgets::is_nearly_spent(taken.spent, cap);
                    if is_due && store::mark_warned(connection, &entry, now).await? {
                        warnings.push(Warning {
                            scope: account.scope.clone(),
                            spent: taken.spent,
                            cap,
                        });
                    }
                }
            }
        }
        Ok(warnings)
    }

    /// Books what has been spent, or not spent after all, whatever the budgets say.
    pub(super) async fn book(
        connection: &mut PgConnection,
        postings: &Postings,
        currency: &Currency,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        for (account, micros) in postings.in_order() {
            store::correct(connection, account, currency, micros, now).await?;
        }
        Ok(())
    }

    /// Notes that a scope has no room. `true` for one caller of all replicas.
    pub(super) async fn mark_exhausted(
        &self,
        connection: &mut PgConnection,
        scope: &BudgetScope,
        now: DateTime<Utc>,
    ) -> sqlx::Result<bool> {
        let account = budgets::Account::at(scope.clone(), now);
        store::mark_exhausted(connection, &account, self.currency(), now).await
    }

    /// What the budgets have come to at `now`, over all replicas: those of today and of this month, and of
    /// the country of which it is most. Only where there is a budget.
    pub(super) async fn spent(
        &self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Vec<Spent>> {
        let mut all = Vec::new();
        for scope in [BudgetScope::Country(None), BudgetScope::Day, BudgetScope::Month] {
            let Some(cap) = self.budgets.cap(&scope) else { continue };
            let account = budgets::Account::at(scope, now);
            let micros = store::most_spent(connection, &account, self.currency()).await?;
            all.push(Spent { scope: account.scope.as_str(), micros, cap });
        }
        Ok(all)
    }

    /// The budget of the scope.
    pub(super) fn cap(&self, scope: &BudgetScope) -> Option<Amount> {
        self.budgets.cap(scope)
    }
}
