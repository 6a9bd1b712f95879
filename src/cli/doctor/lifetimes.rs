//! How sessions and tokens are judged: for how long they are good, and what signs them.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::facts::Facts;
use super::requirement::Verdict;

/// Whoever checks tokens by the key set alone takes them for so long after their session has ended. The same
/// bound as docs/hardening.md argues for.
const TOKEN_LIFETIME_MAX: TimeDelta = TimeDelta::hours(1);
/// NIST SP 800-63B-4, 2.1.3 and 2.2.3.
const OVERALL_AAL1: TimeDelta = TimeDelta::days(30);
const OVERALL_AAL2: TimeDelta = TimeDelta::hours(24);
const IDLE_AAL2: TimeDelta = TimeDelta::hours(1);
/// RFC 8725, 3.5 by way of RFC 2104: a key of HMAC that nobody finds by trying.
const SECRET_BITS_MIN: f64 = 128.0;

type Judge = (&'static str, fn(&Facts) -> Verdict);

/// Sessions end where they are not used.
pub(super) const IDLE: Judge = ("`JWT_EXPIRES_IN` is at most `SESSION_IDLE_TTL`", |facts| {
    let (idle, token) = (facts.settings.sessions.idle, facts.settings.key_rules.token_lifetime);
    let why = format!("SESSION_IDLE_TTL={}, JWT_EXPIRES_IN={}", shown(idle), shown(token));
    Verdict::of(token <= idle, why, "set JWT_EXPIRES_IN=15m: a token outlives an idle session")
});

/// … and some time after their login in any case.
pub(super) const ABSOLUTE: Judge = ("`JWT_EXPIRES_IN` of 1h at most", |facts| {
    let (absolute, token) =
        (facts.settings.sessions.absolute, facts.settings.key_rules.token_lifetime);
    let why = format!("SESSION_ABSOLUTE_TTL={}, JWT_EXPIRES_IN={}", shown(absolute), shown(token));
    Verdict::of(token <= TOKEN_LIFETIME_MAX, why, "set JWT_EXPIRES_IN=15m")
});

/// A token of a session that has ended is soon worth nothing anywhere.
pub(super) const SHORT_TOKENS: Judge = ("`JWT_EXPIRES_IN` of 1h at most", |facts| {
    let token = facts.settings.key_rules.token_lifetime;
    let why = format!(
        "refused here within a second; elsewhere for JWT_EXPIRES_IN={} at most",
        shown(token)
    );
    Verdict::of(token <= TOKEN_LIFETIME_MAX, why, "set JWT_EXPIRES_IN=15m")
});

/// NIST, AAL1.
pub(super) const MONTH: Judge = ("`SESSION_ABSOLUTE_TTL` of 30d at most", |facts| {
    let absolute = facts.settings.sessions.absolute;
    let why = format!("SESSION_ABSOLUTE_TTL={}", shown(absolute));
    Verdict::of(absolute <= OVERALL_AAL1, why, "set SESSION_ABSOLUTE_TTL=30d or less")
});

/// NIST, AAL2.
pub(super) const DAY_AND_HOUR: Judge =
    ("`SESSION_ABSOLUTE_TTL` of 24h and `SESSION_IDLE_TTL` of 1h at most", |facts| {
        let rules = &facts.settings.sessions;
        let holds = rules.absolute <= OVERALL_AAL2 && rules.idle <= IDLE_AAL2;
        let (absolute, idle) = (shown(rules.absolute), shown(rules.idle));
        let why = format!("SESSION_ABSOLUTE_TTL={absolute}, SESSION_IDLE_TTL={idle}");
        Verdict::of(holds, why, "set SESSION_ABSOLUTE_TTL=24h and SESSION_IDLE_TTL=1h")
    });

/// Whether the key that signs can be guessed.
pub(super) const KEY_ENTROPY: Judge =
    ("`JWT_SECRET` is not set, or looks as if it was drawn at random", |facts| {
        let Some(secret) = &facts.settings.jwt_secret else {
            return Verdict::Holds("keys are drawn from the system's generator".to_owned());
        };
        // Its length is checked when it is read. A sentence, or a word again and again, is long, too.
        let holds = bits(secret.expose_secret()) >= SECRET_BITS_MIN;
        let why =
            if holds { "JWT_SECRET looks random" } else { "JWT_SECRET repeats itself too much" };
        Verdict::of(holds, why, "unset JWT_SECRET, or make one: openssl rand -base64 48")
    });

/// Whether whoever checks a token could have made it.
pub(super) const NO_SHARED_SECRET: Judge = ("`JWT_SECRET` is not set", |facts| {
    let is_shared = facts.settings.jwt_secret.is_some();
    let why = if is_shared {
        "JWT_SECRET is set: each service that checks tokens can make them"
    } else {
        "tokens are signed by keys that do not leave the server"
    };
    Verdict::of(!is_shared, why, "unset JWT_SECRET; services take the keys from the key set")
});

/// What a text of such characters would have been drawn from: an upper bound of its entropy.
fn bits(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1;
    }
    let all = f64::from(counts.values().sum::<u32>());
    counts.values().map(|&count| f64::from(count) * (all / f64::from(count)).log2()).sum()
}

/// As the settings have it: `15m`, `30d`.
pub(super) fn shown(time: TimeDelta) -> String {
    let seconds = time.num_seconds();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let whole = units.iter().find(|(unit, _)| seconds % unit == 0);
    whole.map_or_else(|| format!("{seconds}s"), |(unit, name)| format!("{}{name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_secret_is_told_from_one_that_repeats_itself() {
        assert!(bits("l5GmTQ8fJcVn0yZxW2oKeR7uB4aHsD6pIq1wXt3EgYM=") > SECRET_BITS_MIN);
        assert!(bits("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08") > 128.0);
        for weak in ["hunter2-hunter2-hunter2-hunter2-", &"a".repeat(500), "", "0123456789"] {
            assert!(bits(weak) < SECRET_BITS_MIN, "{weak}");
        }
    }

    #[test]
    fn times_are_shown_as_they_are_set() {
        let all = [(900, "15m"), (86_400, "1d"), (5_400, "90m"), (61, "61s"), (7_200, "2h")];
        for (seconds, text) in all {
            assert_eq!(shown(TimeDelta::seconds(seconds)), text);
        }
    }
}
