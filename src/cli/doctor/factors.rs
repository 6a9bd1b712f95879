//! How passwords and codes are judged: what the settings make of the two factors.

use crate::config::ProviderSettings;
use crate::passwords::{Argon2Cost, Composition};
use crate::state::{Enumeration, OtpPolicy};

use super::facts::Facts;
use super::requirement::Verdict;

/// NIST SP 800-63B-4, 3.1.1.2: characters of a password that is the only factor.
const LENGTH_ALONE: usize = 15;
/// ASVS 6.2.4: how many of the most used passwords that the policy lets through are to be refused.
const MOST_USED: usize = 3000;
/// OWASP Password Storage Cheat Sheet, Argon2id: memory in KiB, and the least passes with it.
const ARGON2_LEAST: [(u32, u32); 5] =
    [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];
/// Guesses at one code beyond which a code of six digits is no more a matter of luck alone.
const ATTEMPTS_MAX: i16 = 10;
/// Wrong codes in an hour, likewise: in a week the growing wait lets ten times as many through, and 100 is
/// what NIST SP 800-63B-4, 3.2.2 calls the most in a row.
const WRONG_PER_HOUR_MAX: u32 = 10;
/// ASVS 6.5.4: 20 bits are 6 digits.
const DIGITS_MIN: usize = 6;

type Judge = (&'static str, fn(&Facts) -> Verdict);

/// Whether each login needs both factors.
pub(super) const EVERY_LOGIN_BY_CODE: Judge = ("`OTP_POLICY=always`", |facts| {
    let policy = facts.settings.login.otp_policy;
    let why = match policy {
        OtpPolicy::Always => "OTP_POLICY=always: each login takes the password and a code",
        OtpPolicy::NewDevice => {
            "OTP_POLICY=new-device: a token kept on the device takes the place of the code for 90 days"
        }
        OtpPolicy::Enrollment => {
            "OTP_POLICY=enrollment: once the phone is proven, the password alone is enough"
        }
    };
    Verdict::of(policy == OtpPolicy::Always, why, "set OTP_POLICY=always")
});

/// Whether a device token stands in for a factor.
pub(super) const NO_REMEMBERED_DEVICE: Judge = ("`OTP_POLICY` is not `new-device`", |facts| {
    let remembers = facts.settings.login.otp_policy == OtpPolicy::NewDevice;
    let why = if remembers {
        "OTP_POLICY=new-device: a remembered device is asked for no code"
    } else {
        "no device is remembered in place of a factor"
    };
    Verdict::of(!remembers, why, "set OTP_POLICY=always")
});

/// Eight characters, whatever is set.
pub(super) const LENGTH: Judge =
    ("`PASSWORD_MIN_LENGTH` is 8 at least, which is enforced", |facts| {
        let length = facts.settings.passwords.min_length();
        let hint = if length < LENGTH_ALONE { "; 15 are recommended" } else { "" };
        Verdict::of(length >= 8, format!("PASSWORD_MIN_LENGTH={length}{hint}"), "set 8 or more")
    });

/// Fifteen, where the password is all that a login takes.
pub(super) const LENGTH_BY_FACTORS: Judge =
    ("`OTP_POLICY=always`, or `PASSWORD_MIN_LENGTH` of 15 at least", |facts| {
        let length = facts.settings.passwords.min_length();
        let is_one_of_two = facts.settings.login.otp_policy == OtpPolicy::Always;
        let why = if is_one_of_two {
            format!("PASSWORD_MIN_LENGTH={length}, always beside a code (OTP_POLICY=always)")
        } else {
            format!("PASSWORD_MIN_LENGTH={length}, and the password can be the only factor")
        };
        let mend = "set OTP_POLICY=always, or PASSWORD_MIN_LENGTH=15";
        Verdict::of(is_one_of_two || length >= LENGTH_ALONE, why, mend)
    });

/// No composition rule.
pub(super) const COMPOSITION: Judge = ("`PASSWORD_COMPOSITION=none`", |facts| {
    let (is_free, word) = match facts.settings.passwords.composition() {
        Composition::None => (true, "none"),
        Composition::Mixed => (false, "mixed"),
    };
    let why = format!("PASSWORD_COMPOSITION={word}");
    Verdict::of(is_free, why, "set PASSWORD_COMPOSITION=none; raise the length instead")
});

/// The list, as far as the least length lets it count.
pub(super) const MOST_USED_REFUSED: Judge =
    ("`PASSWORD_MIN_LENGTH` of 9 at most: of the list, 3,852 are as long", |facts| {
        let policy = &facts.settings.passwords;
        let (length, entries) = (policy.min_length(), policy.most_used_in_reach());
        let why = format!("{entries} of the list have the {length} characters asked for");
        let mend = "set PASSWORD_MIN_LENGTH=9 or 8, with OTP_POLICY=always";
        Verdict::of(entries >= MOST_USED, why, mend)
    });

/// The cost of a hash.
pub(super) const HASH_COST: Judge = (
    "`ARGON2_*` cost no less than OWASP's least (19 MiB and 2 passes, or one of its equals)",
    |facts| {
        let cost = facts.settings.argon2;
        let (memory, passes, lanes) = (cost.memory_kib(), cost.iterations(), cost.parallelism());
        let why = format!("Argon2id with {memory} KiB, {passes} passes, {lanes} lanes");
        Verdict::of(is_costly(cost), why, "set ARGON2_MEMORY_KIB=19456 and ARGON2_ITERATIONS=2")
    },
);

fn is_costly(cost: Argon2Cost) -> bool {
    ARGON2_LEAST
        .iter()
        .any(|(memory, passes)| cost.memory_kib() >= *memory && cost.iterations() >= *passes)
}

/// Codes whose making can be seen from here.
pub(super) const CODES_OF_OURS: Judge =
    ("Plivo or AWS SNS carries the codes: Sinch and Infobip make their own", |facts| {
        match carriers_own_codes(facts) {
            None => Verdict::Holds("codes are drawn here, from the system's generator".to_owned()),
            Some(carrier) => Verdict::does_not_hold(
                format!("{carrier} draws the codes itself, and cannot be looked at"),
                "have Plivo or AWS SNS carry codes, or take the carrier's word for it",
            ),
        }
    });

/// Six digits.
pub(super) const CODE_LENGTH: Judge = (
    "`OTP_LENGTH` is 6 at least, which is enforced; Plivo or AWS SNS carries the codes",
    |facts| {
        let digits = facts.settings.otp.length;
        match carriers_own_codes(facts) {
            None => Verdict::of(digits >= DIGITS_MIN, format!("OTP_LENGTH={digits}"), "set 6"),
            Some(carrier) => Verdict::does_not_hold(
                format!("the length of {carrier}'s own codes is set with {carrier}"),
                "have Plivo or AWS SNS carry codes, or see to 6 digits there",
            ),
        }
    },
);

fn carriers_own_codes(facts: &Facts) -> Option<&'static str> {
    facts.settings.carriers.providers.iter().find_map(|provider| match provider {
        ProviderSettings::Sinch(_) => Some("Sinch"),
        ProviderSettings::Infobip(_) => Some("Infobip"),
        _ => None,
    })
}

/// Ten minutes at most.
pub(super) const CODE_LIFETIME: Judge =
    ("`OTP_TTL_SECONDS` is 600 at most, which is enforced", |facts| {
        let seconds = facts.settings.otp.lifetime.num_seconds();
        let why = format!("OTP_TTL_SECONDS={seconds}");
        Verdict::of(seconds <= 600, why, "set OTP_TTL_SECONDS=600 or less")
    });

/// A code and the login that asked for it.
pub(super) const BOUND_BY_TICKET: Judge = ("`LOGIN_TICKET=required`", |facts| {
    let is_required = facts.settings.login.ticket_required;
    let why = if is_required {
        "LOGIN_TICKET=required; logins that one password begins within the wait share their code"
    } else {
        "LOGIN_TICKET=optional: a code also counts for a login that waits at the same address"
    };
    Verdict::of(is_required, why, "set LOGIN_TICKET=required")
});

/// How many guesses there are.
pub(super) const GUESSES: Judge =
    ("`OTP_WRONG_PER_HOUR` of 10 and `OTP_MAX_ATTEMPTS` of 10 at most", |facts| {
        let (hourly, attempts) = (facts.settings.otp.wrong_per_hour, facts.settings.otp.attempts);
        let holds = hourly <= WRONG_PER_HOUR_MAX && attempts <= ATTEMPTS_MAX;
        let why = format!("OTP_WRONG_PER_HOUR={hourly}, OTP_MAX_ATTEMPTS={attempts}");
        Verdict::of(holds, why, "set OTP_WRONG_PER_HOUR=10 and OTP_MAX_ATTEMPTS=5")
    });

/// Whether people hear of what happens to their account.
pub(super) const NOTICES: Judge = ("`SMTP_URL` is set", |facts| {
    let sends = facts.settings.email.is_some();
    let why =
        if sends { "SMTP_URL is set" } else { "SMTP_URL is not set: nobody is told anything" };
    Verdict::of(sends, why, "set SMTP_URL and EMAIL_FROM")
});

/// Whether people hear of an unknown device.
pub(super) const DEVICE_NOTICES: Judge =
    ("`SMTP_URL` is set and `OTP_POLICY=new-device`", |facts| {
        let sends = facts.settings.email.is_some();
        let knows = facts.settings.login.otp_policy == OtpPolicy::NewDevice;
        let why = match (sends, knows) {
            (true, true) => "people are told of each sign-in on a device that was not known",
            (false, _) => "SMTP_URL is not set: nobody is told anything",
            (true, false) => "devices are known, and news, with OTP_POLICY=new-device only",
        };
        Verdict::of(
            sends && knows,
            why,
            "nothing to set that keeps 6.3.3: wait for a later version",
        )
    });

/// Whether a wrong guess tells who has an account.
pub(super) const NOBODY_DEDUCED: Judge = ("`USER_ENUMERATION` is not `reveal`", |facts| {
    let (conceals, word) = match facts.settings.login.enumeration {
        Enumeration::Conceal => (true, "conceal"),
        Enumeration::Strict => (true, "strict"),
        Enumeration::Reveal => (false, "reveal"),
    };
    let why = format!("USER_ENUMERATION={word}");
    Verdict::of(conceals, why, "set USER_ENUMERATION=conceal or strict")
});
