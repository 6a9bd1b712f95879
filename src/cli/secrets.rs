//! `ringfence secrets`: what is kept under which key of `SECRET_KEY`, and writing it under the first.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::Subcommand;
use serde::Serialize;
use sqlx::PgPool;

use crate::audit;
use crate::config::{Environment, KeySettings, Settings};
use crate::database;
use crate::emails;
use crate::foundation::{Clock, KeptUnder, Renewed};
use crate::otp;
use crate::sessions;
use crate::tokens;
use crate::totp;

/// So long after another key came first replicas may still be at work that were not restarted, and write under the
/// one before. Stands in docs/secrets.md.
const ROLL_OUT: TimeDelta = TimeDelta::hours(1);

#[derive(Subcommand)]
pub(super) enum Secrets {
    /// Show what is kept under which key of `SECRET_KEY`, and whether one can be given up. Reads the whole
    /// ledger of messages.
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Encrypt under the first key of `SECRET_KEY` whatever another one has encrypted, in small steps and
    /// beside servers at work. Broken off, it goes on where it was.
    Rotate,
}

/// Something that needs a key.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    SigningKeys,
    TotpSeeds,
    Emails,
    Codes,
    Sessions,
    /// Sessions by their first token, for which no key is noted: they may be of any key that was first before.
    FirstTokens,
    LedgerNumbers,
    AuditLog,
}

/// What makes a key free of it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Mend {
    /// `secrets rotate`.
    Rotate,
    /// Time: it runs out.
    Wait,
    /// Nothing needs to: only whoever looks by hand would miss the key.
    Nothing,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    kind: Kind,
    rows: i64,
    mend: Mend,
    /// From when on none of it is worth anything.
    until: Option<DateTime<Utc>>,
}

/// One key, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// `null`: first refresh tokens, for which no key is noted.
    key_id: Option<String>,
    writes: bool,
    in_secret_key: bool,
    /// Whether nothing is lost without it.
    can_go: bool,
    kept: Vec<Kept>,
}

pub(super) async fn run(environment: &Environment, secrets: Secrets) -> anyhow::Result<()> {
    let settings = Settings::read_keys(environment)?;
    let pool = database::pool(settings.database.clone(), 1);
    database::require_current(&pool).await?;
    let now = Clock::default().now();
    let mut unreadable = 0;
    if let Secrets::Rotate = secrets {
        unreadable = rotate(&pool, &settings).await?;
    }
    let keys = status(&pool, &settings, now).await?;
    pool.close().await;
    match secrets {
        Secrets::Status { json: true } => {
            let mut out = std::io::stdout().lock();
            serde_json::to_writer_pretty(&mut out, &keys)?;
            writeln!(out).context("nobody listens")?;
        }
        _ => print(&keys).context("nobody listens")?,
    }
    anyhow::ensure!(
        unreadable == 0,
        "{unreadable} could not be read; is the key that wrote them still in SECRET_KEY?"
    );
    Ok(())
}

/// Returns how many could not be read.
async fn rotate(pool: &PgPool, settings: &KeySettings) -> anyhow::Result<u64> {
    let keyring = &settings.keyring;
    let of_keys = tokens::renew_encryption(pool, keyring).await?;
    let of_seeds = totp::renew_encryption(pool, keyring).await?;
    let of_emails = emails::renew_encryption(pool, keyring).await?;
    let mut out = std::io::stdout().lock();
    let all = [("signing keys", of_keys), ("seeds of apps", of_seeds), ("e-mails", of_emails)];
    for (words, Renewed { rows, .. }) in all {
        writeln!(out, "{rows} {words} encrypted anew").context("nobody listens")?;
    }
    Ok(of_keys.unreadable + of_seeds.unreadable + of_emails.unreadable)
}

async fn status(
    pool: &PgPool,
    settings: &KeySettings,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<Line>> {
    let all = [
        (Kind::SigningKeys, tokens::kept_under(pool).await?),
        (Kind::TotpSeeds, totp::kept_under(pool).await?),
        (Kind::Emails, emails::kept_under(pool).await?),
        (Kind::Codes, otp::codes_kept_under(pool, now).await?),
        (Kind::Sessions, sessions::kept_under(pool, settings.session_idle, now).await?),
        (Kind::LedgerNumbers, otp::numbers_kept_under(pool).await?),
        (Kind::AuditLog, audit::kept_under(pool).await?),
    ];
    let mut of_keys: BTreeMap<Option<String>, Vec<Kept>> =
        settings.keyring.ids().map(|id| (Some(id.to_owned()), Vec::new())).collect();
    for (kind, kept) in all {
        for KeptUnder { key_id, rows, until } in kept {
            let kept = Kept { kind, rows, mend: kind.mend(), until };
            of_keys.entry(key_id).or_default().push(kept);
        }
    }
    let KeptUnder { rows, until, .. } = first_tokens_of_others(pool, settings, now).await?;
    let (kind, mend) = (Kind::FirstTokens, Kind::FirstTokens.mend());
    for id in settings.keyring.ids().skip(1).filter(|_| rows > 0) {
        of_keys.entry(Some(id.to_owned())).or_default().push(Kept { kind, rows, mend, until });
    }
    Ok(of_keys.into_iter().map(|(id, kept)| Line::of(id, kept, settings)).collect())
}

/// Sessions that live by a first token that another key than the present one may have marked: they began before that
/// one was first everywhere. Each sign-in is an event that is sealed within seconds, so the seals tell when that was.
async fn first_tokens_of_others(
    pool: &PgPool,
    settings: &KeySettings,
    now: DateTime<Utc>,
) -> sqlx::Result<KeptUnder> {
    let since = audit::sealed_alone_since(pool, settings.keyring.current_id()).await?;
    let begun_before = since.map(|since| since + ROLL_OUT);
    sessions::first_tokens(pool, settings.session_idle, begun_before, now).await
}

impl Line {
    fn of(key_id: Option<String>, kept: Vec<Kept>, settings: &KeySettings) -> Self {
        let writes = key_id.as_deref() == Some(settings.keyring.current_id());
        let in_secret_key = settings.keyring.ids().any(|id| Some(id) == key_id.as_deref());
        let can_go = !writes && kept.iter().all(|it| it.mend == Mend::Nothing);
        Self { key_id, writes, in_secret_key, can_go, kept }
    }

    fn state(&self) -> &'static str {
        match self {
            Self { key_id: None, .. } => "no key is noted: any that was in use when they began",
            Self { writes: true, .. } => "writes",
            Self { in_secret_key: false, can_go: true, .. } => "not in SECRET_KEY, and not needed",
            Self { in_secret_key: false, .. } => "NOT IN SECRET_KEY: what is under it is lost",
            Self { can_go: true, .. } => "can go",
            _ => "is needed",
        }
    }
}

impl Kind {
    fn mend(self) -> Mend {
        match self {
            Self::SigningKeys | Self::TotpSeeds | Self::Emails => Mend::Rotate,
            Self::Codes | Self::Sessions | Self::FirstTokens => Mend::Wait,
            Self::LedgerNumbers | Self::AuditLog => Mend::Nothing,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::SigningKeys => "signing keys",
            Self::TotpSeeds => "seeds of apps",
            Self::Emails => "e-mails that wait",
            Self::Codes => "live codes",
            Self::Sessions => "sessions",
            Self::FirstTokens => "first tokens",
            Self::LedgerNumbers => "numbers of the ledger",
            Self::AuditLog => "sealed events",
        }
    }
}

fn print(keys: &[Line]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for key in keys {
        writeln!(out, "{}  {}", key.key_id.as_deref().unwrap_or("-"), key.state())?;
        for Kept { kind, rows, mend, until } in &key.kept {
            let end = match (mend, until) {
                (_, Some(until)) => {
                    format!("until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))
                }
                (Mend::Rotate, None) if !key.writes => "run: ringfence secrets rotate".to_owned(),
                _ => String::new(),
            };
            writeln!(out, "{rows:>10}  {:<21}  {end}", kind.words())?;
        }
    }
    Ok(())
}
