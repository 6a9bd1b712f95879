//! The life of a signing key, as times alone tell it: published ahead, signing, retired, over.
//!
//! Nothing happens to a key at those moments; every replica sees them come by its own clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// For how long others may keep the key set: `Cache-Control: max-age`.
pub const KEY_SET_MAX_AGE: Duration = Duration::from_mins(5);
/// How often each replica reads the keys anew.
pub const RELOAD_PERIOD: Duration = Duration::from_secs(30);
/// For how long a key is in the key set before it signs: whoever keeps the set for an hour, twelve
/// times as long as we say, still meets no key that he does not know.
pub(super) const PUBLISHED_AHEAD: TimeDelta = TimeDelta::hours(1);
/// How long after its last token has run out a key is kept: clocks may differ, and a replica may
/// have been late to see the successor.
pub(super) const KEPT_AFTER: TimeDelta = TimeDelta::minutes(10);
/// `JWT_EXPIRES_IN` is a year at most.
const TOKEN_SECONDS_MAX: i64 = 365 * 24 * 60 * 60;

const _: () = assert!(
    PUBLISHED_AHEAD.num_seconds().cast_unsigned()
        >= 2 * (KEY_SET_MAX_AGE.as_secs() + RELOAD_PERIOD.as_secs()),
    "a key would sign before everybody can know it"
);

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published, and does not sign yet.
    Next,
    /// Signs.
    Signing,
    /// Verifies until its last token has run out.
    Retired,
    /// Its last token has run out: it is about to be deleted.
    Over,
}

/// The times of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// When its successor begins to sign; `None` while it has none.
    pub retired_at: Option<DateTime<Utc>>,
    /// The longest life of its tokens, in seconds; `None`: not known yet.
    pub token_seconds: Option<i32>,
}

impl KeyState {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Over => "over",
        }
    }
}

impl Life {
    /// Where the key stands at `now`.
    pub fn state(&self, now: DateTime<Utc>) -> KeyState {
        let is_over = self.verifies_until().is_some_and(|end| end <= now);
        match self.retired_at {
            _ if is_over => KeyState::Over,
            Some(end) if end <= now => KeyState::Retired,
            _ if self.signs_from > now => KeyState::Next,
            _ => KeyState::Signing,
        }
    }

    /// Until when its tokens are accepted; `None` while no end is in sight.
    pub fn verifies_until(&self) -> Option<DateTime<Utc>> {
        let seconds = self.token_seconds.map_or(TOKEN_SECONDS_MAX, i64::from);
        Some(self.retired_at? + TimeDelta::seconds(seconds) + KEPT_AFTER)
    }

    /// Whether its private half is of use, now or later.
    pub(super) fn will_sign(&self, now: DateTime<Utc>) -> bool {
        matches!(self.state(now), KeyState::Next | KeyState::Signing)
    }

    /// Whether a key that has no successor should get one, so that it signs for `max_age` at most.
    pub(super) fn is_old(&self, max_age: Option<TimeDelta>, now: DateTime<Utc>) -> bool {
        max_age.is_some_and(|max_age| now >= self.signs_from + max_age - PUBLISHED_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Keys whose reigns follow one another, the last without an end.
    fn chain(reigns: &[i64]) -> Vec<Life> {
        let mut begin = 0;
        let mut lives: Vec<_> = reigns
            .iter()
            .map(|reign| {
                let signs_from = at(begin);
                begin += reign;
                Life { signs_from, retired_at: Some(at(begin)), token_seconds: Some(900) }
            })
            .collect();
        lives.push(Life { signs_from: at(begin), retired_at: None, token_seconds: Some(900) });
        lives
    }

    proptest! {
        #[test]
        fn at_any_time_one_key_signs_and_whoever_signed_a_good_token_is_still_there(
            reigns in prop::collection::vec(0..5_000_i64, 0..8),
            signed in 0..50_000_i64,
            later in 0..900_i64,
        ) {
            let lives = chain(&reigns);
            let signing: Vec<_> =
                lives.iter().filter(|life| life.state(at(signed)) == KeyState::Signing).collect();
            prop_assert_eq!(signing.len(), 1);
            // A token of 900 s is checked before it has run out.
            prop_assert_ne!(signing[0].state(at(signed + later)), KeyState::Over);
        }
    }

    #[test]
    fn a_key_goes_from_next_to_over_to_the_moment() {
        let life = Life { signs_from: at(100), retired_at: Some(at(200)), token_seconds: Some(60) };
        let over = 200 + 60 + KEPT_AFTER.num_seconds();
        for (seconds, state) in [
            (99, KeyState::Next),
            (100, KeyState::Signing),
            (199, KeyState::Signing),
            (200, KeyState::Retired),
            (over - 1, KeyState::Retired),
            (over, KeyState::Over),
        ] {
            assert_eq!(life.state(at(seconds)), state, "{seconds}");
        }
    }

    #[test]
    fn a_key_is_replaced_when_it_has_signed_for_so_long_and_not_later() {
        let life = Life { signs_from: at(0), retired_at: None, token_seconds: None };
        let day = TimeDelta::days(1);
        let due = at(0) + day - PUBLISHED_AHEAD;
        assert!(!life.is_old(Some(day), due - TimeDelta::microseconds(1)));
        assert!(life.is_old(Some(day), due));
        assert!(!life.is_old(None, due + TimeDelta::days(10_000)));
    }

    #[test]
    fn a_retired_key_of_which_nothing_is_known_is_kept_as_long_as_any_token_can_live() {
        let life = Life { signs_from: at(0), retired_at: Some(at(0)), token_seconds: None };
        assert_eq!(life.state(at(TOKEN_SECONDS_MAX)), KeyState::Retired);
    }
}
