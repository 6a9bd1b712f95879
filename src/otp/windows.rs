//! Sliding windows over sends and guesses, kept in PostgreSQL so that they hold over restarts and
//! over all replicas. Each is decided by one statement.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::foundation::{Limited, PhoneNumber, UserId};

/// At most `events` within any `period`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) events: u32,
    pub(super) period: TimeDelta,
}

/// What events are counted for. `Debug` leaves out whose they are.
#[derive(Clone)]
pub(super) struct Subject(String);

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind: Vec<_> = self.0.splitn(3, ':').take(2).collect();
        write!(f, "Subject({}:…)", kind.join(":"))
    }
}

impl Subject {
    pub(super) fn sends_to_user(user: UserId) -> Self {
        Self(format!("send:user:{user}"))
    }

    /// Codes for a new password, of which a user gets fewer than of others.
    pub(super) fn resets_of_user(user: UserId) -> Self {
        Self(format!("send:reset:{user}"))
    }

    pub(super) fn sends_to_number(number: &PhoneNumber) -> Self {
        Self(format!("send:number:{}", number.e164()))
    }

    pub(super) fn sends_from_address(address: Limited) -> Self {
        Self(format!("send:address:{address}"))
    }

    /// Whether sends are counted for an address.
    #[cfg(feature = "redis")]
    pub(super) fn is_address(&self) -> bool {
        self.0.starts_with("send:address:")
    }

    /// Whose events they are.
    #[cfg(feature = "redis")]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn guesses_of_user(user: UserId) -> Self {
        Self(format!("guess:user:{user}"))
    }

    pub(super) fn guesses_of_number(number: &PhoneNumber) -> Self {
        Self(format!("guess:number:{}", number.e164()))
    }

    /// Wrong codes over a year, which nothing takes back.
    pub(super) fn wrong_codes_of_user(user: UserId) -> Self {
        Self(format!("wrong:user:{user}"))
    }

    pub(super) fn wrong_codes_of_number(number: &PhoneNumber) -> Self {
        Self(format!("wrong:number:{}", number.e164()))
    }

    /// Wrong codes of an authenticator app over a year. Sorts behind the guesses, before which it is
    /// locked.
    pub(super) fn wrong_codes_of_app(user: UserId) -> Self {
        Self(format!("wrong:app:{user}"))
    }

    /// All that is counted for a person with those numbers.
    pub(super) fn all_of(user: UserId, numbers: &[PhoneNumber]) -> Vec<Self> {
        let of_user = [
            Self::sends_to_user(user),
            Self::resets_of_user(user),
            Self::guesses_of_user(user),
            Self::wrong_codes_of_user(user),
            Self::wrong_codes_of_app(user),
        ];
        let of_numbers = numbers.iter().flat_map(|number| {
            [
                Self::sends_to_number(number),
                Self::guesses_of_number(number),
                Self::wrong_codes_of_number(number),
            ]
        });
        of_user.into_iter().chain(of_numbers).collect()
    }
}

/// Counts an event at `now` if every window has room for it. `false`: nothing was counted.
///
/// Concurrent calls for one subject wait for each other's transaction, whatever the windows.
pub(super) async fn take(
    connection: &mut PgConnection,
    subject: &Subject,
    windows: &[Window],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let (begins, maxima): (Vec<_>, Vec<_>) =
        windows.iter().map(|window| (now - window.period, i64::from(window.events))).unzip();
    let oldest_kept = begins.iter().min().copied().unwrap_or(now);
    let taken = sqlx::query!(
        r#"
        INSERT INTO otp_windows AS w (subject, events, updated_at)
        VALUES ($1, ARRAY[$2::timestamptz], $2)
        ON CONFLICT (subject) DO UPDATE
        SET events = ARRAY(
                SELECT event FROM unnest(w.events) AS event WHERE event > $3 ORDER BY event
            ) || $2::timestamptz,
            updated_at = $2
        WHERE NOT EXISTS (
            SELECT FROM unnest($4::timestamptz[], $5::bigint[]) AS rule (begins, most)
            WHERE (SELECT count(*) FROM unnest(w.events) AS event WHERE event > rule.begins)
                >= rule.most
        )
        "#,
        subject.0,
        now,
        oldest_kept,
        &begins,
        &maxima,
    )
    .execute(connection)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Notes an event at `now` for each subject, whatever room there is; the newest `kept` of each are kept.
/// Locks as [`give_back`] does.
pub(super) async fn note(
    connection: &mut PgConnection,
    subjects: &[Subject],
    kept: u32,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.0.clone()).collect();
    sqlx::query!(
        r#"
        INSERT INTO otp_windows AS w (subject, events, updated_at)
        SELECT subject, ARRAY[$2::timestamptz], $2
        FROM unnest($1::text[]) AS subject ORDER BY subject DESC
        ON CONFLICT (subject) DO UPDATE
        SET events = (w.events || $2::timestamptz)[greatest(cardinality(w.events) + 2 - $3, 1):],
            updated_at = $2
        "#,
        &subjects,
        now,
        i32::try_from(kept).unwrap_or(i32::MAX),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether `window` has no room for any of `subjects`.
pub(super) async fn is_any_full(
    connection: &mut PgConnection,
    subjects: &[Subject],
    window: Window,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let rows = read(connection, subjects).await?;
    Ok(rows.iter().any(|(_, events)| window.opens_at(events, now).is_some()))
}

/// From when on [`take`] will find room.
pub(super) async fn room_at(
    connection: &mut PgConnection,
    subject: &Subject,
    windows: &[Window],
    now: DateTime<Utc>,
) -> sqlx::Result<DateTime<Utc>> {
    let events =
        sqlx::query_scalar!("SELECT events FROM otp_windows WHERE subject = $1", subject.0)
            .fetch_optional(connection)
            .await?
            .unwrap_or_default();
    let opens = windows.iter().filter_map(|window| window.opens_at(&events, now));
    Ok(opens.max().unwrap_or(now))
}

/// Takes an event counted at `at` back, once, for each subject. Rows are locked in the order in which
/// sends and guesses take them (user, number, address), so that neither waits for the other in a
/// circle.
pub(super) async fn give_back(
    connection: &mut PgConnection,
    subjects: &[Subject],
    at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.0.clone()).collect();
    sqlx::query!(
        r#"
        UPDATE otp_windows
        SET events = events[:array_position(events, $2) - 1]
                || events[array_position(events, $2) + 1:]
        WHERE subject IN (
            SELECT subject FROM otp_windows WHERE subject = ANY ($1) ORDER BY subject DESC FOR UPDATE
        ) AND $2 = ANY (events)
        "#,
        &subjects,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes the event counted at `at` back, once, and forgets what happened before `horizon`, for each
/// subject. Locks as [`give_back`] does.
pub(super) async fn redeem(
    connection: &mut PgConnection,
    subjects: &[Subject],
    at: DateTime<Utc>,
    horizon: DateTime<Utc>,
) -> sqlx::Result<()> {
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.0.clone()).collect();
    sqlx::query!(
        r#"
        UPDATE otp_windows
        SET events = ARRAY(
            SELECT event FROM unnest(events) WITH ORDINALITY AS counted (event, place)
            WHERE event >= $3 AND place IS DISTINCT FROM array_position(events, $2)
            ORDER BY place
        )
        WHERE subject IN (
            SELECT subject FROM otp_windows WHERE subject = ANY ($1) ORDER BY subject DESC FOR UPDATE
        )
        "#,
        &subjects,
        at,
        horizon,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The rows of `subjects`: what is counted, and when it happened.
pub(super) async fn read(
    connection: &mut PgConnection,
    subjects: &[Subject],
) -> sqlx::Result<Vec<(String, Vec<DateTime<Utc>>)>> {
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.0.clone()).collect();
    let rows = sqlx::query!(
        "SELECT subject, events FROM otp_windows WHERE subject = ANY ($1) ORDER BY subject",
        &subjects,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.subject, row.events)).collect())
}

/// Deletes the rows of `subjects`. Locks as [`give_back`] does.
pub(super) async fn forget(
    connection: &mut PgConnection,
    subjects: &[Subject],
) -> sqlx::Result<()> {
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.0.clone()).collect();
    sqlx::query!(
        r#"
        DELETE FROM otp_windows
        WHERE subject IN (
            SELECT subject FROM otp_windows WHERE subject = ANY ($1) ORDER BY subject DESC FOR UPDATE
        )
        "#,
        &subjects,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Deletes the rows over sends whose last event is older than `before`, those over guesses whose last
/// event is older than `guesses_before`, and those over the wrong codes of a year once the newest is older
/// than `wrong_codes_before`.
pub(super) async fn delete_idle(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
    guesses_before: DateTime<Utc>,
    wrong_codes_before: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        DELETE FROM otp_windows
        WHERE updated_at < $1
            AND (subject NOT LIKE 'guess:%' OR updated_at < $2)
            AND (subject NOT LIKE 'wrong:%' OR updated_at < $3)
        "#,
        before,
        guesses_before,
        wrong_codes_before,
    )
    .execute(connection)
    .await?;
    Ok(deleted.rows_affected())
}

impl Window {
    /// When the oldest event in the way leaves the window; `None` where there is room at `now`.
    pub(super) fn opens_at(
        self,
        events: &[DateTime<Utc>],
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let mut within: Vec<_> =
            events.iter().copied().filter(|event| *event > now - self.period).collect();
        within.sort_unstable();
        let in_the_way = within.len().checked_sub(self.events as usize)?;
        within.get(in_the_way).map(|event| *event + self.period)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    proptest! {
        #[test]
        fn a_full_window_opens_no_sooner_and_no_later_than_told(
            events in prop::collection::vec(0_i64..7200, 0..40), most in 1_u32..12
        ) {
            let window = Window { events: most, period: TimeDelta::seconds(3600) };
            let events: Vec<_> = events.into_iter().map(at).collect();
            let counted = |now| events.iter().filter(|event| **event > now - window.period).count();
            let now = at(7200);
            match window.opens_at(&events, now) {
                None => prop_assert!(counted(now) < most as usize),
                Some(opens) => {
                    prop_assert!(counted(now) >= most as usize);
                    prop_assert!(counted(opens) < most as usize);
                    prop_assert!(counted(opens - TimeDelta::microseconds(1)) >= most as usize);
                }
            }
        }
    }
}
