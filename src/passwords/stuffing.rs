//! Credential stuffing: whether the wrong passwords of an address block, or of all of them together, are
//! those of people who mistype or of somebody who tries what was stolen elsewhere.
//!
//! People mistype their own password and then get it right, so where there are wrong passwords for many
//! users there are right ones for many more. Who stuffs has wrong ones for nearly all. Users are counted,
//! not tries: a bit for each, and linear counting (Whang et al., 1990) makes a number of the bits. Only the
//! rule; what is counted is in `guesses`.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// How many bits a tally has.
pub(super) const BITS: u16 = 256;
/// How many rows the totals are spread over.
pub(super) const SHARDS: u8 = 8;
/// What is counted together.
const BUCKET: TimeDelta = TimeDelta::minutes(15);
/// How many buckets are looked at, the present one included.
const BUCKETS: i32 = 4;

/// A block with wrong passwords for so many users is looked at. Fewer than that mistype in any office.
const SUSPECT_USERS: f64 = 20.0;
/// … and suspect where there are right ones for fewer than a quarter as many.
const SUSPECT_RATIO: f64 = 4.0;
/// A block with so many is closed for a while …
const CLOSED_USERS: f64 = 100.0;
/// … where there are right ones for fewer than a tenth as many.
const CLOSED_RATIO: f64 = 10.0;
/// All blocks together are looked at from so many users on …
const EVERYWHERE_USERS: i64 = 50;
/// … and suspect where there are right ones for fewer than twice as many.
const EVERYWHERE_RATIO: i64 = 2;

/// What is to be thought of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// People live there.
    Calm,
    /// A right password from a device that is not known needs a code.
    Suspect,
    /// No password from a device that is not known is looked at.
    Closed,
}

/// What was seen of late.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Bits of users in the block with a wrong password, and with a right one.
    pub(super) in_block: (i64, i64),
    /// Users with a wrong password in all blocks, and with a right one.
    pub(super) everywhere: (i64, i64),
}

impl Seen {
    /// What is to be thought of the block.
    pub(super) fn standing(self) -> Standing {
        let (failed, succeeded) = (users(self.in_block.0), users(self.in_block.1));
        if failed >= CLOSED_USERS && failed > succeeded * CLOSED_RATIO {
            Standing::Closed
        } else if failed >= SUSPECT_USERS && failed > succeeded * SUSPECT_RATIO {
            Standing::Suspect
        } else {
            Standing::Calm
        }
    }

    /// Whether somebody stuffs from many blocks.
    pub(super) fn is_under_stuffing(self) -> bool {
        let (failed, succeeded) = self.everywhere;
        failed >= EVERYWHERE_USERS && failed.saturating_mul(EVERYWHERE_RATIO) > succeeded
    }
}

/// About how many users have set so many bits: m ln(m / zero bits).
fn users(bits: i64) -> f64 {
    let size = f64::from(BITS);
    let set = u16::try_from(bits).unwrap_or(0).min(BITS);
    // With no bit left there may be any number of them: as if half a bit were.
    let zero = f64::from(BITS - set).max(0.5);
    size * (size / zero).ln()
}

/// When the bucket that `now` falls into began.
pub(super) fn bucket(now: DateTime<Utc>) -> DateTime<Utc> {
    // Fails beyond the years that nanoseconds can count, where a bucket is as long as an instant.
    now.duration_trunc(BUCKET).unwrap_or(now)
}

/// The buckets that are looked at.
pub(super) fn window(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    (0..BUCKETS).map(|back| bucket(now) - BUCKET * back).collect()
}

/// When the present bucket ends: what is closed may be open then.
pub(super) fn next_bucket(now: DateTime<Utc>) -> DateTime<Utc> {
    bucket(now) + BUCKET
}

/// Buckets before this are looked at no more.
pub(super) fn kept_since(now: DateTime<Utc>) -> DateTime<Utc> {
    bucket(now) - BUCKET * (2 * BUCKETS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_documented_thresholds_are_the_ones_in_force() {
        let text = include_str!("../../docs/operations.md");
        let ratio = |ratio: f64| if ratio > 4.0 { "a tenth as many" } else { "a quarter as many" };
        assert_eq!([SUSPECT_RATIO, CLOSED_RATIO].map(f64::to_bits), [4.0, 10.0].map(f64::to_bits));
        assert_eq!((EVERYWHERE_RATIO, BUCKET * BUCKETS), (2, TimeDelta::hours(1)));
        for row in [
            format!(
                "| one block: wrong ones for {SUSPECT_USERS} users or more, and right ones for fewer than {} |",
                ratio(SUSPECT_RATIO)
            ),
            format!(
                "| one block: {CLOSED_USERS} or more, and right ones for fewer than {} |",
                ratio(CLOSED_RATIO)
            ),
            format!(
                "| all blocks: wrong ones for {EVERYWHERE_USERS} users or more, and right ones for fewer than twice as many |"
            ),
        ] {
            assert!(text.contains(&row), "{row}");
        }
        assert!(text.contains("Of the last hour:"));
    }

    /// How many bits so many users set, as chance commonly has it.
    fn bits(users: u32) -> i64 {
        let left = (1.0 - 1.0 / f64::from(BITS)).powi(i32::try_from(users).unwrap());
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and 256")]
        let set = (f64::from(BITS) * (1.0 - left)).round() as i64;
        set
    }

    fn block(failed: u32, succeeded: u32) -> Standing {
        Seen { in_block: (bits(failed), bits(succeeded)), everywhere: (0, 0) }.standing()
    }

    fn is_everywhere(failed: i64, succeeded: i64) -> bool {
        Seen { in_block: (0, 0), everywhere: (failed, succeeded) }.is_under_stuffing()
    }

    #[test]
    fn bits_are_read_as_about_the_users_that_set_them() {
        for count in [0, 1, 5, 20, 50, 100, 200, 400] {
            let read = users(bits(count));
            let off = (read - f64::from(count)).abs();
            assert!(off <= 2.0 + f64::from(count) / 10.0, "{count} read as {read}");
        }
        assert!(users(256) > 1000.0);
    }

    #[test]
    fn an_office_on_a_bad_morning_is_calm_and_a_list_of_pairs_is_not() {
        for (failed, succeeded) in [(5, 0), (18, 0), (30, 60), (60, 20), (150, 60), (400, 400)] {
            assert_eq!(block(failed, succeeded), Standing::Calm, "{failed} {succeeded}");
        }
        for (failed, succeeded) in [(25, 0), (40, 4), (80, 2), (200, 30)] {
            assert_eq!(block(failed, succeeded), Standing::Suspect, "{failed} {succeeded}");
        }
        for (failed, succeeded) in [(120, 1), (400, 4), (3000, 30)] {
            assert_eq!(block(failed, succeeded), Standing::Closed, "{failed} {succeeded}");
        }
    }

    #[test]
    fn pairs_from_everywhere_are_seen_among_honest_logins() {
        for (failed, succeeded) in [(0, 0), (49, 0), (60, 200), (1000, 5000)] {
            assert!(!is_everywhere(failed, succeeded), "{failed} {succeeded}");
        }
        for (failed, succeeded) in [(50, 0), (60, 100), (4000, 5000)] {
            assert!(is_everywhere(failed, succeeded), "{failed} {succeeded}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bits_more_right_ones_never_look_worse(
            failed in 0_i64..=256, succeeded in 0_i64..256,
        ) {
            let rank = |succeeded| match (Seen { in_block: (failed, succeeded), everywhere: (0, 0) })
                .standing()
            {
                Standing::Calm => 0,
                Standing::Suspect => 1,
                Standing::Closed => 2,
            };
            prop_assert!(rank(succeeded + 1) <= rank(succeeded));
        }

        #[test]
        fn a_bucket_is_looked_at_for_three_quarters_of_an_hour_at_least(seconds in 0_i64..10_000_000) {
            let then = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
            prop_assert!(window(then + TimeDelta::minutes(45)).contains(&bucket(then)));
            prop_assert!(!window(then + TimeDelta::minutes(60)).contains(&bucket(then)));
            prop_assert!(next_bucket(then) > then);
            prop_assert!(window(then).iter().all(|it| *it >= kept_since(then)));
        }
    }
}
