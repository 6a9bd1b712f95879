//! Where the ledger and the budgets meet: what a message costs is noted and counted together.

use std::sync::PoisonError;

use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tracing::{debug, error, warn};

use chrono::{DateTime, Utc};

use crate::foundation::MessageId;

use super::Otp;
use super::ledger::{self, News, State, Told};
use super::money::{Amount, BudgetScope, Currency, Money, Postings, Warning};
use super::providers::receipt::{Fate, Receipt};
use super::send::SendError;

/// That a budget is nearly spent, or spent. Told once of a budget, by one of all replicas.
#[derive(Clone, Debug)]
pub struct BudgetNews {
    /// Which: `day`, `month`, or `country:` and the country.
    pub scope: String,
    /// Whether nothing is left; otherwise less than a fifth is.
    pub is_exhausted: bool,
}

impl Otp {
    /// Notes that a message came to nothing, or that nobody can tell. Returns what is to be given
    /// back: the price, where it has certainly not been sent.
    pub(super) async fn note_failure(
        &self,
        connection: &mut PgConnection,
        message: MessageId,
        news: News<'static>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Postings> {
        let has_moved = ledger::advance(connection, message, news, now).await?;
        let mut postings = Postings::default();
        if !has_moved || news.state != State::Failed {
            return Ok(postings);
        }
        if let Some(change) = ledger::waive(connection, message).await? {
            postings.add(change.country.as_ref(), change.created_at, change.micros);
        }
        Ok(postings)
    }

    /// Books what [`Self::note_failure`] said is to be given back.
    pub(super) async fn give_money_back(
        &self,
        connection: &mut PgConnection,
        postings: &Postings,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        Money::book(connection, postings, self.money.currency(), now).await
    }

    /// Ends a transaction in which a message was entered: with it, or without, where a budget has
    /// no room. Tells the log what one of all replicas is to tell.
    pub(super) async fn conclude(
        &self,
        database: &PgPool,
        transaction: Transaction<'_, Postgres>,
        entered: Result<Vec<Warning>, SendError>,
        now: DateTime<Utc>,
    ) -> Result<(), SendError> {
        let refusal = match entered {
            Ok(warnings) => {
                transaction.commit().await?;
                for warning in &warnings {
                    self.warn(warning);
                }
                return Ok(());
            }
            Err(refusal) => refusal,
        };
        // At once: the rows stay locked until then.
        transaction.rollback().await?;
        if let SendError::BudgetExhausted { scope, retry_at } = &refusal {
            let connection = &mut *database.acquire().await?;
            if self.money.mark_exhausted(connection, scope, now).await? {
                self.note_budget(scope, true);
                error!(
                    scope = scope.key(),
                    budget = %self.money.cap(scope).unwrap_or_default(),
                    currency = %self.money.currency(),
                    until = %retry_at,
                    "the budget is spent: no more messages are sent in its scope"
                );
            }
        }
        Err(refusal)
    }

    /// What has become of budgets since this was last asked: for whoever writes it down.
    pub fn take_budget_news(&self) -> Vec<BudgetNews> {
        std::mem::take(&mut *self.budget_news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note_budget(&self, scope: &BudgetScope, is_exhausted: bool) {
        let news = BudgetNews { scope: scope.key(), is_exhausted };
        self.budget_news.lock().unwrap_or_else(PoisonError::into_inner).push(news);
    }

    fn warn(&self, Warning { scope, spent, cap }: &Warning) {
        self.note_budget(scope, false);
        warn!(
            scope = scope.key(),
            %spent,
            budget = %cap,
            currency = %self.money.currency(),
            "80 % of the budget for messages are spent"
        );
    }

    /// Notes the price that a receipt tells, if it does. Nothing at all is believed once the message
    /// has come to its end only: before that it means that nobody has counted yet.
    pub(super) async fn note_price(
        &self,
        connection: &mut PgConnection,
        message: MessageId,
        receipt: &Receipt,
    ) -> sqlx::Result<()> {
        let Some(told) = &receipt.price else { return Ok(()) };
        let amount = Amount::from_micros(told.amount_micros);
        let (Some(price), Ok(currency)) = (amount, told.currency.parse()) else { return Ok(()) };
        let is_too_early = price == Amount::ZERO && matches!(receipt.fate, Fate::Sent);
        if !is_too_early {
            self.settle(connection, message, price, &currency).await?;
        }
        Ok(())
    }

    /// Notes what a carrier says that a message has cost, once; the budgets of the day and the
    /// month in which it was sent are corrected by the difference. `false`: it was told before, or
    /// nobody knows the message, or the price is in another currency, in which case the estimate
    /// stays.
    ///
    /// To be called last in a transaction, and for one message in it: budgets are locked then.
    pub async fn settle(
        &self,
        connection: &mut PgConnection,
        message: MessageId,
        price: Amount,
        currency: &Currency,
    ) -> sqlx::Result<bool> {
        let change = match ledger::settle(connection, message, price, currency).await? {
            Told::Noted(change) => change,
            Told::OtherCurrency { ours } => {
                debug!(
                    %message, %price, %currency, ours,
                    "the carrier's price is in another currency: the estimate stays"
                );
                return Ok(false);
            }
            Told::Before => return Ok(false),
        };
        let mut postings = Postings::default();
        postings.add(change.country.as_ref(), change.created_at, change.micros);
        Money::book(connection, &postings, currency, self.clock.now()).await?;
        Ok(true)
    }
}
