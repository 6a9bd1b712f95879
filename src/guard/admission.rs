//! Deciding on a code and charging it; taking that back; and the code that is entered.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, PgPool};
use tracing::info;

use crate::foundation::{Block, PhoneNumber};

use super::rules::{Record, ScopeKind};
use super::scopes::{Scopes, block_key, number_mac};
use super::store::{self, Decision, Place};
use super::verdict::{self, Objection, Records};
use super::{Guard, Mode};

/// Within this time after a code its number is proven by it, or it never is: no code is good for
/// longer than ten minutes.
pub(super) const ENTERED_WITHIN: TimeDelta = TimeDelta::hours(1);

/// A code that somebody asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where it is to go.
    pub number: PhoneNumber,
    /// Where it was asked for.
    pub block: Block,
    /// It goes to the person who has proven this number before. Such a number cannot be made up: no scope
    /// refuses it, and it is charged to none. The caps on a number bound it.
    pub is_proven: bool,
}

/// Whether whoever asks has given the proof that a doubt asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Not yet.
    None,
    /// They have.
    Given,
}

/// What is to become of a code.
#[derive(Debug)]
pub enum Admission {
    /// Send it, and tell what became of that.
    Send(Admitted),
    /// Ask for a proof first. Nothing was charged.
    Doubt,
    /// Do not send it before then.
    Refuse {
        /// What is closed.
        scope: ScopeKind,
        /// When one more code will be sent, to see.
        retry_at: DateTime<Utc>,
    },
    /// `BLOCKED_PREFIXES` has the number.
    Blocked,
}

/// A code that may be sent, and was charged to its scopes.
#[derive(Debug)]
#[must_use = "what became of it is to be told"]
pub struct Admitted(Option<i64>);

impl Guard {
    /// Decides on a code and, where it may be sent, charges it to its scopes: with their rows held, so
    /// that of those who ask at once no more are let through than there is room for.
    pub async fn admit(
        &self,
        database: &PgPool,
        asked: &Asked,
        proof: Proof,
    ) -> sqlx::Result<Admission> {
        let now = self.clock.now();
        let mode = self.rules.mode;
        let code = Code::of(self, asked);
        if self.blocked_by(&asked.number).is_some() {
            if mode != Mode::Off {
                code.note(database, BLOCKED, now).await?;
            }
            info!(number = %asked.number, "no code is sent: BLOCKED_PREFIXES has the number");
            return Ok(Admission::Blocked);
        }
        if mode == Mode::Off {
            return Ok(Admission::Send(Admitted(None)));
        }
        if asked.is_proven {
            return code.let_go(database, now).await;
        }
        // Most refusals need no lock: whoever floods a closed scope makes nobody wait.
        let standing = code.standing(database, now).await?;
        let judged = verdict::judge(&standing.records, &standing.asked, proof == Proof::Given, now);
        let charge = match judged {
            Ok(()) => Charge { asked: &standing.asked, proof, doubted_by: None },
            // Who only watches lets everybody pass as if they had given the proof.
            Err(Objection::Doubt(kind)) if mode == Mode::Record => {
                Charge { asked: &standing.asked, proof: Proof::Given, doubted_by: Some(kind) }
            }
            Err(objection) => return code.turn_away(database, objection, mode, now).await,
        };
        match code.charge(database, &charge, now).await? {
            Ok(admitted) => Ok(Admission::Send(admitted)),
            // Another was faster.
            Err(objection) => code.turn_away(database, objection, mode, now).await,
        }
    }

    /// The code has certainly not been sent: it is as if nobody had asked.
    pub async fn take_back(
        &self,
        database: &PgPool,
        admitted: Admitted,
        asked: &Asked,
    ) -> sqlx::Result<()> {
        let Admitted(Some(id)) = admitted else { return Ok(()) };
        let now = self.clock.now();
        let code = Code::of(self, asked);
        let mut transaction = database.begin().await?;
        if let Some(charged) = store::delete_decision(&mut transaction, id).await? {
            let refunds = code.places(&kinds(&charged)).into_iter().map(|place| (place, 1));
            change(&mut transaction, refunds.collect(), now, |record, kind, _| {
                record.refunded(&kind.rule(), now)
            })
            .await?;
        }
        transaction.commit().await
    }

    /// The carrier `provider` has taken the code.
    pub async fn note_sent(
        &self,
        database: &PgPool,
        admitted: &Admitted,
        provider: &str,
    ) -> sqlx::Result<()> {
        let Admitted(Some(id)) = admitted else { return Ok(()) };
        store::note_provider(database, *id, provider).await
    }

    /// A right code was entered for `number`: what was sent to it within the hour is paid, in the scopes
    /// that it was charged to. Of several who enter it one pays.
    pub async fn note_entered(&self, database: &PgPool, number: &PhoneNumber) -> sqlx::Result<()> {
        if self.rules.mode == Mode::Off {
            return Ok(());
        }
        let now = self.clock.now();
        let mac = number_mac(&self.keyring, number);
        let mut transaction = database.begin().await?;
        let sends = store::mark_verified(&mut transaction, &mac, now - ENTERED_WITHIN, now).await?;
        let mut payments: BTreeMap<Place, u32> = BTreeMap::new();
        for send in sends {
            let scopes = Scopes::of(&self.keyring, number, Some(send.block));
            for place in places(&scopes, &kinds(&send.charged)) {
                *payments.entry(place).or_default() += 1;
            }
        }
        change(&mut transaction, payments, now, |record, kind, sends| {
            record.paid(&kind.rule(), sends, now)
        })
        .await?;
        transaction.commit().await
    }
}

/// In `guard_decisions.outcome`.
const SEND: &str = "send";
const DOUBT: &str = "doubt";
const REFUSE: &str = "refuse";

const BLOCKED: Decision<'static> = Decision {
    outcome: REFUSE,
    is_enforced: true,
    decided_by: Some("blocked_prefix"),
    opens_at: None,
    charged: &[],
};

/// A code on its way through the guard.
struct Code<'a> {
    number: &'a PhoneNumber,
    mac: Vec<u8>,
    scopes: Scopes,
}

/// How a code is charged.
struct Charge<'a> {
    asked: &'a [ScopeKind],
    proof: Proof,
    /// Who would have asked for a proof, where `GUARD=record` did not.
    doubted_by: Option<ScopeKind>,
}

/// What is known before anything is locked.
pub(super) struct Standing {
    pub(super) records: Records,
    pub(super) asked: Vec<ScopeKind>,
}

/// How `scopes` stand, and which of them have a say on the number with that HMAC.
pub(super) async fn standing(
    database: &PgPool,
    scopes: &Scopes,
    mac: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Standing> {
    let all = places(scopes, &ScopeKind::ALL);
    let records = store::read_scopes(database, &all).await?;
    let is_resend = store::was_sent_to(database, mac, now - ENTERED_WITHIN).await?;
    let mut asked = verdict::asked(&records, is_resend, now);
    asked.retain(|kind| scopes.key(*kind).is_some());
    Ok(Standing { records, asked })
}

impl<'a> Code<'a> {
    fn of(guard: &Guard, asked: &'a Asked) -> Self {
        let block = Some(block_key(asked.block));
        Self {
            number: &asked.number,
            mac: number_mac(&guard.keyring, &asked.number),
            scopes: Scopes::of(&guard.keyring, &asked.number, block),
        }
    }

    async fn standing(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Standing> {
        standing(database, &self.scopes, &self.mac, now).await
    }

    /// Judges again with the rows held, and charges.
    async fn charge(
        &self,
        database: &PgPool,
        charge: &Charge<'_>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Result<Admitted, Objection>> {
        let Charge { asked, proof, doubted_by } = *charge;
        let mut transaction = database.begin().await?;
        let held = store::hold_scopes(&mut transaction, &self.places(asked), now).await?;
        let records = held.iter().map(|(place, record)| (place.kind, *record)).collect();
        if let Err(objection) = verdict::judge(&records, asked, proof == Proof::Given, now) {
            transaction.rollback().await?;
            return Ok(Err(objection));
        }
        let charged = held.into_iter().map(|(place, record)| {
            let record = record.charged(&place.kind.rule(), now);
            (place, record)
        });
        store::write_scopes(&mut transaction, &charged.collect::<Vec<_>>()).await?;
        let names: Vec<_> = asked.iter().map(|kind| kind.as_str().to_owned()).collect();
        let decision = Decision {
            outcome: if doubted_by.is_some() { DOUBT } else { SEND },
            is_enforced: doubted_by.is_none(),
            decided_by: doubted_by.map(ScopeKind::as_str),
            opens_at: None,
            charged: &names,
        };
        let id = store::add(&mut *transaction, &self.scopes, &self.mac, &decision, now).await?;
        transaction.commit().await?;
        Ok(Ok(Admitted(Some(id))))
    }

    /// Writes it down without a charge.
    async fn let_go(&self, database: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Admission> {
        let id = store::add(database, &self.scopes, &self.mac, &LET_GO, now).await?;
        Ok(Admission::Send(Admitted(Some(id))))
    }

    /// Says no, or that a proof is wanted; with `GUARD=record` only writes down that it would.
    async fn turn_away(
        &self,
        database: &PgPool,
        objection: Objection,
        mode: Mode,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Admission> {
        let is_enforced = mode == Mode::On;
        let (outcome, scope, opens_at, admission) = match objection {
            Objection::Doubt(scope) => (DOUBT, scope, None, Admission::Doubt),
            Objection::Refuse(scope, retry_at) => {
                (REFUSE, scope, Some(retry_at), Admission::Refuse { scope, retry_at })
            }
        };
        let decided_by = Some(scope.as_str());
        let decision = Decision { outcome, is_enforced, decided_by, opens_at, charged: &[] };
        let id = self.note(database, decision, now).await?;
        let (number, scope) = (self.number, scope.as_str());
        info!(%number, outcome, scope, ?opens_at, is_enforced, "the guard has decided on a code");
        Ok(if is_enforced { admission } else { Admission::Send(Admitted(Some(id))) })
    }

    async fn note(
        &self,
        database: &PgPool,
        decision: Decision<'_>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<i64> {
        store::add(database, &self.scopes, &self.mac, &decision, now).await
    }

    fn places(&self, kinds: &[ScopeKind]) -> Vec<Place> {
        places(&self.scopes, kinds)
    }
}

const LET_GO: Decision<'static> =
    Decision { outcome: SEND, is_enforced: true, decided_by: None, opens_at: None, charged: &[] };

/// Holds the rows, in the order that everybody holds them in, and writes what `change` makes of them.
async fn change(
    connection: &mut PgConnection,
    counted: BTreeMap<Place, u32>,
    now: DateTime<Utc>,
    change: impl Fn(Record, ScopeKind, u32) -> Record,
) -> sqlx::Result<()> {
    if counted.is_empty() {
        return Ok(());
    }
    let held: Vec<_> = counted.keys().cloned().collect();
    let records = store::hold_scopes(connection, &held, now).await?;
    let changed: Vec<_> = records
        .into_iter()
        .map(|(place, record)| {
            let count = counted.get(&place).copied().unwrap_or_default();
            let record = change(record, place.kind, count);
            (place, record)
        })
        .collect();
    store::write_scopes(connection, &changed).await
}

fn places(scopes: &Scopes, kinds: &[ScopeKind]) -> Vec<Place> {
    let named = kinds.iter().filter_map(|&kind| Some((kind, scopes.key(kind)?)));
    named.map(|(kind, key)| Place { kind, key: key.to_owned() }).collect()
}

fn kinds(names: &[String]) -> Vec<ScopeKind> {
    names.iter().filter_map(|name| ScopeKind::parse(name)).collect()
}
