//! The SQL of `password_guesses` and of the tallies over address blocks.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::foundation::Block;

use super::lockout::{self, Rule};
use super::stuffing::{self, Seen};

/// What a guess counts for: one person at a few places, the narrowest first in the order of the alphabet.
pub(super) struct Wanted<'a> {
    pub(super) who: &'a str,
    pub(super) places: &'a [(String, Rule)],
    /// Whose tally is read along.
    pub(super) block: Option<Block>,
}

/// What became of it.
pub(super) struct Counted {
    /// Where it was counted, and how many in a row that makes.
    pub(super) places: Vec<String>,
    pub(super) failures: Vec<i32>,
    /// Where no further one is taken: until when, and whether for good. Empty where a racing guess was
    /// faster.
    pub(super) closed: Vec<String>,
    pub(super) opens_at: Vec<DateTime<Utc>>,
    pub(super) is_shut: Vec<bool>,
    pub(super) seen: Seen,
}

struct Row {
    places: Vec<String>,
    failures: Vec<i32>,
    closed: Vec<String>,
    opens_at: Vec<DateTime<Utc>>,
    is_shut: Vec<bool>,
    block_failed: i64,
    block_succeeded: i64,
    all_failed: i64,
    all_succeeded: i64,
}

/// Counts a guess at every place, or at none where one of them is closed. Of racing guesses that find no
/// wait yet the row decides, each by itself: then some places may be counted and others not.
///
/// A wait that would be longer than any is of a clock that has been put back since, and counts for nothing.
///
/// Its commit does not wait for the disk. A crash of the database can lose the guesses of the last moments
/// (three times `wal_writer_delay`, 0.6 s), which no guesser can cause.
pub(super) async fn take(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Counted> {
    let (numbers, block) = (Numbers::of(wanted, now), wanted.block.map(|it| it.to_string()));
    let row = sqlx::query_as!(
        Row,
        r#"
        WITH asked AS (
            SELECT * FROM unnest($2::text[], $3::integer[], $4::integer[], $5::integer[], $6::timestamptz[])
                AS asked (place, free, steps, most, forget_at)
        ), closed AS (
            SELECT g.place, g.opens_at, g.failures >= asked.most AS is_shut
            FROM password_guesses AS g JOIN asked ON asked.place = g.place
            WHERE g.who = $1 AND (g.failures >= asked.most OR g.failures >= asked.free
                AND g.opens_at > $7 AND g.opens_at <= $7 + interval '1 day')
        ), counted AS (
            INSERT INTO password_guesses AS g (who, place, failures, opens_at, forget_at)
            SELECT $1, asked.place, 1, $7, asked.forget_at
            FROM asked CROSS JOIN set_config('synchronous_commit', 'off', true)
            WHERE NOT EXISTS (SELECT FROM closed) ORDER BY asked.place
            ON CONFLICT (who, place) DO UPDATE
            SET failures = g.failures + 1, forget_at = excluded.forget_at,
                opens_at = (
                    SELECT $7 + make_interval(secs => CASE WHEN g.failures + 1 < asked.free THEN 0
                        ELSE ($8::bigint[])[LEAST(g.failures + 2 - asked.free, asked.steps)] END)
                    FROM asked WHERE asked.place = excluded.place
                )
            WHERE EXISTS (
                SELECT FROM asked WHERE asked.place = excluded.place AND g.failures < asked.most
                    AND (g.failures < asked.free OR g.opens_at <= $7
                        OR g.opens_at > $7 + interval '1 day')
            )
            RETURNING g.place, g.failures
        ), in_block AS (
            SELECT bit_count(bit_or(failed)) AS failed, bit_count(bit_or(succeeded)) AS succeeded
            FROM password_block_tallies WHERE bucket = ANY ($9::timestamptz[]) AND block = $10
        ), everywhere AS (
            SELECT sum(failed)::bigint AS failed, sum(succeeded)::bigint AS succeeded
            FROM password_totals WHERE bucket = ANY ($9)
        )
        SELECT ARRAY(SELECT place FROM counted ORDER BY place) AS "places!",
            ARRAY(SELECT failures FROM counted ORDER BY place) AS "failures!",
            ARRAY(SELECT place FROM closed ORDER BY place) AS "closed!",
            ARRAY(SELECT opens_at FROM closed ORDER BY place) AS "opens_at!",
            ARRAY(SELECT is_shut FROM closed ORDER BY place) AS "is_shut!",
            coalesce(b.failed, 0) AS "block_failed!", coalesce(b.succeeded, 0) AS "block_succeeded!",
            coalesce(e.failed, 0) AS "all_failed!", coalesce(e.succeeded, 0) AS "all_succeeded!"
        FROM in_block AS b, everywhere AS e
        "#,
        wanted.who,
        &numbers.places,
        &numbers.free,
        &numbers.steps,
        &numbers.most,
        &numbers.forget_at,
        now,
        &lockout::waits(),
        &stuffing::window(now),
        block,
    );
    Ok(row.fetch_one(connection).await?.into())
}

/// The rules, a column for each number.
#[derive(Default)]
struct Numbers {
    places: Vec<String>,
    free: Vec<i32>,
    steps: Vec<i32>,
    most: Vec<i32>,
    forget_at: Vec<DateTime<Utc>>,
}

impl Numbers {
    fn of(wanted: &Wanted<'_>, now: DateTime<Utc>) -> Self {
        let mut numbers = Self::default();
        for (place, rule) in wanted.places {
            numbers.places.push(place.clone());
            numbers.free.push(i32::try_from(rule.free).unwrap_or(i32::MAX));
            numbers.steps.push(i32::try_from(rule.steps).unwrap_or(i32::MAX));
            let most = rule.most.and_then(|most| i32::try_from(most).ok());
            numbers.most.push(most.unwrap_or(i32::MAX));
            numbers.forget_at.push(rule.forgotten_at(now));
        }
        numbers
    }
}

impl From<Row> for Counted {
    fn from(row: Row) -> Self {
        Self {
            places: row.places,
            failures: row.failures,
            closed: row.closed,
            opens_at: row.opens_at,
            is_shut: row.is_shut,
            seen: Seen {
                in_block: (row.block_failed, row.block_succeeded),
                everywhere: (row.all_failed, row.all_succeeded),
            },
        }
    }
}

/// Whose password was right or wrong in a block.
pub(super) struct Tallied {
    pub(super) block: Block,
    /// Which bit stands for the user.
    pub(super) bit: u8,
}

/// Forgets what is counted for `who` at `places`, and sets the user's bit in the tally of the block; the
/// totals count a bit once. Commits like [`take`]: what a crash loses is counted as wrong for a while.
pub(super) async fn settle(
    executor: impl PgExecutor<'_>,
    who: &str,
    places: &[String],
    tallied: Option<&Tallied>,
    is_right: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let bit = tallied.map_or(0, |it| i32::from(it.bit));
    let shard = i16::try_from(bit % i32::from(stuffing::SHARDS)).unwrap_or(0);
    sqlx::query!(
        r#"
        WITH forgotten AS (
            DELETE FROM password_guesses
            WHERE (who, place) IN (
                SELECT who, place FROM password_guesses
                WHERE who = $1 AND place = ANY ($2) ORDER BY place FOR UPDATE
            )
        ), noted AS (
            INSERT INTO password_block_tallies AS t (bucket, block, failed, succeeded)
            SELECT $3, $4::text,
                set_bit(0::bit(256), $5, ($6::boolean IS FALSE)::integer),
                set_bit(0::bit(256), $5, ($6 IS TRUE)::integer)
            FROM set_config('synchronous_commit', 'off', true)
            WHERE $4 IS NOT NULL
            ON CONFLICT (bucket, block) DO UPDATE
            SET failed = t.failed | excluded.failed, succeeded = t.succeeded | excluded.succeeded
            WHERE get_bit(CASE WHEN $6 THEN t.succeeded ELSE t.failed END, $5) = 0
            RETURNING t.bucket
        )
        INSERT INTO password_totals AS p (bucket, shard, failed, succeeded)
        SELECT noted.bucket, $7, ($6 IS FALSE)::integer, ($6 IS TRUE)::integer
        FROM noted
        ON CONFLICT (bucket, shard) DO UPDATE
        SET failed = p.failed + excluded.failed, succeeded = p.succeeded + excluded.succeeded
        "#,
        who,
        places,
        stuffing::bucket(now),
        tallied.map(|it| it.block.to_string()),
        bit,
        is_right,
        shard,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Takes back a guess that was counted at `places` and not judged. A wait that it began ends with it.
pub(super) async fn give_back(
    executor: impl PgExecutor<'_>,
    who: &str,
    places: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        UPDATE password_guesses
        SET failures = failures - 1, opens_at = LEAST(opens_at, $3)
        WHERE (who, place) IN (
            SELECT who, place FROM password_guesses
            WHERE who = $1 AND place = ANY ($2) ORDER BY place FOR UPDATE
        ) AND failures > 0
        "#,
        who,
        places,
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// What is counted somewhere.
pub(super) struct Counter {
    pub(super) place: String,
    pub(super) failures: i32,
    pub(super) opens_at: DateTime<Utc>,
    pub(super) forget_at: DateTime<Utc>,
}

/// All that is counted for `who`.
pub(super) async fn read(executor: impl PgExecutor<'_>, who: &str) -> sqlx::Result<Vec<Counter>> {
    sqlx::query_as!(
        Counter,
        r#"
        SELECT place, failures, opens_at, forget_at
        FROM password_guesses
        WHERE who = $1
        ORDER BY place
        "#,
        who,
    )
    .fetch_all(executor)
    .await
}

/// Forgets all that is counted for `who`.
pub(super) async fn forget(executor: impl PgExecutor<'_>, who: &str) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        DELETE FROM password_guesses
        WHERE (who, place) IN (
            SELECT who, place FROM password_guesses WHERE who = $1 ORDER BY place FOR UPDATE
        )
        "#,
        who,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Deletes what has run out. Returns how many rows.
pub(super) async fn delete_expired(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let guesses = sqlx::query!("DELETE FROM password_guesses WHERE forget_at <= $1", now)
        .execute(&mut *connection)
        .await?;
    let kept_since = stuffing::kept_since(now);
    let tallies = sqlx::query!("DELETE FROM password_block_tallies WHERE bucket < $1", kept_since)
        .execute(&mut *connection)
        .await?;
    let totals = sqlx::query!("DELETE FROM password_totals WHERE bucket < $1", kept_since)
        .execute(connection)
        .await?;
    Ok(guesses.rows_affected() + tallies.rows_affected() + totals.rows_affected())
}
