//! How what is around the server is judged: the way to it, its database, its carriers and its money.

use chrono::TimeDelta;
use sqlx::postgres::PgSslMode;

use crate::config::{AppEnv, ProviderSettings};

use super::facts::{Contents, DatabaseFacts, Facts};
use super::lifetimes::shown;
use super::requirement::Verdict;

/// Of requests to the guarded routes from one address, in 15 minutes or at that rate: what the default is
/// five times of.
const GUARDED_IN_15_MINUTES_MAX: u64 = 100;
/// A key is replaced while a replica runs; so much later it should have been.
const LATE: TimeDelta = TimeDelta::days(1);

type Judge = (&'static str, fn(&Facts) -> Verdict);

/// Nothing of a developer's.
pub(super) const PRODUCTION: Judge =
    ("`APP_ENV=production`, no console, no test numbers", |facts| {
        let settings = &facts.settings;
        let console =
            settings.carriers.providers.iter().any(|it| matches!(it, ProviderSettings::Console));
        let (why, mend) = if settings.app_env != AppEnv::Production {
            (
                "APP_ENV is not production: what lets anybody in is not refused",
                "set APP_ENV=production",
            )
        } else if console {
            ("VERIFICATION_PROVIDER=console shows codes", "name a carrier")
        } else if !settings.otp.test_numbers.is_empty() {
            ("TEST_PHONE_NUMBERS lets anybody in who knows one", "unset TEST_PHONE_NUMBERS")
        } else {
            return Verdict::Holds(
                "APP_ENV=production refuses the console and test numbers".to_owned(),
            );
        };
        Verdict::does_not_hold(why, mend)
    });

/// TLS in front.
pub(super) const HTTPS: Judge = ("`BASE_URL` is https", |facts| {
    let url = facts.settings.base_url.as_deref().unwrap_or("not set");
    let why = format!("BASE_URL is {url}");
    let mend = "put a proxy that ends TLS in front, and set BASE_URL to its https address";
    Verdict::of(url.starts_with("https:"), why, mend)
});

/// Whose word about addresses is taken.
pub(super) const PROXIES: Judge =
    ("`TRUSTED_PROXIES` names the proxies in front, and not the whole Internet", |facts| {
        let proxies = &facts.settings.proxies;
        let mend = "set TRUSTED_PROXIES to the networks of the proxies in front, and no others";
        if proxies.trusts_everybody() {
            let why = "TRUSTED_PROXIES has /0: any client can make up its address";
            return Verdict::does_not_hold(why, mend);
        }
        let why = if proxies.is_empty() {
            "TRUSTED_PROXIES is not set: behind a proxy all clients share the limits of its address"
        } else {
            "TRUSTED_PROXIES is set"
        };
        Verdict::of(!proxies.is_empty(), why, mend)
    });

/// Pages that are read over TLS.
pub(super) const ORIGINS: Judge = ("`FRONTEND_URL` has https origins only", |facts| {
    let shown = |origin: &axum::http::HeaderValue| origin.to_str().unwrap_or_default().to_owned();
    let plain = facts.settings.origins.iter().map(shown).find(|it| !it.starts_with("https:"));
    match plain {
        None => Verdict::Holds("no page that is sent in the clear may call".to_owned()),
        Some(origin) => Verdict::does_not_hold(
            format!("FRONTEND_URL has {origin}: what is between can change that page"),
            "serve it by https, and list that address",
        ),
    }
});

/// The limit by address that stands before everything.
pub(super) const REQUESTS: Judge =
    ("`RATE_LIMIT_AUTH_MAX_REQUESTS` lets 100 in 15 minutes through at most", |facts| {
        let limit = facts.settings.auth_limit;
        let (requests, seconds) = (u64::from(limit.requests.get()), limit.window.as_secs().max(1));
        let why = format!("{requests} requests to the guarded routes in {seconds} s");
        let holds = requests * 900 <= GUARDED_IN_15_MINUTES_MAX * seconds;
        Verdict::of(holds, why, "set RATE_LIMIT_AUTH_MAX_REQUESTS=20")
    });

/// Where texts may go.
pub(super) const COUNTRIES: Judge = ("`ALLOWED_COUNTRIES` is a list", |facts| {
    let countries = facts.settings.otp.allowed_countries.as_ref();
    let why = match countries {
        None => "ALLOWED_COUNTRIES=*: texts go to the dearest destinations there are".to_owned(),
        Some(countries) => format!("ALLOWED_COUNTRIES has {}", countries.len()),
    };
    Verdict::of(countries.is_some(), why, "list the countries of your people in ALLOWED_COUNTRIES")
});

/// What texts may cost.
pub(super) const BUDGET: Judge = ("an `SMS_BUDGET_*` is set", |facts| {
    let has_budget = facts.settings.money.has_budget();
    let why =
        if has_budget { "a budget is set" } else { "no SMS_BUDGET_* is set: no bill is too high" };
    Verdict::of(has_budget, why, "set SMS_BUDGET_DAILY")
});

/// Whether the other side of the connection is the database.
pub(super) const DATABASE_TLS: Judge =
    ("`sslmode=verify-full`, or a database on this machine", |facts| {
        let options = &facts.settings.database;
        let here = ["localhost", "127.0.0.1", "::1"].contains(&options.get_host());
        if here || options.get_socket().is_some() {
            return Verdict::Holds("the database is on this machine".to_owned());
        }
        let mode = options.get_ssl_mode();
        let holds = matches!(mode, PgSslMode::VerifyFull);
        let mend =
            "set sslmode=verify-full (DB_SSLMODE), with sslrootcert where the authority is yours";
        Verdict::of(holds, format!("sslmode is {}", word(mode)), mend)
    });

fn word(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}

/// The schema of this version.
pub(super) const SCHEMA: Judge = ("the migrations of this version are applied", |facts| {
    by_database(facts, |database| match &database.schema_fault {
        None => Verdict::Holds("every migration is applied".to_owned()),
        Some(fault) => Verdict::does_not_hold(fault, "ringfence migrate run, as the owner"),
    })
});

/// No more rights than needed.
pub(super) const ROLE: Judge =
    ("the role of `DATABASE_URL` has the grants of docs/operations.md and no more", |facts| {
        by_database(facts, |database| {
            let rights = &database.rights;
            let named = |what: &str, tables: &[String]| {
                let first = tables.first().map_or("", String::as_str);
                format!("{what} {} tables, such as {first}", tables.len())
            };
            let excess = if !rights.attributes.is_empty() {
                format!("has {}", rights.attributes.join(", "))
            } else if !rights.owned.is_empty() {
                named("owns", &rights.owned)
            } else if rights.can_create {
                "can make tables".to_owned()
            } else if !rights.excessive.is_empty() {
                named("has TRUNCATE, REFERENCES or TRIGGER on", &rights.excessive)
            } else if rights.writes_migrations {
                "can write _sqlx_migrations".to_owned()
            } else {
                let why = format!("{} can read and write rows, and nothing else", rights.role);
                return Verdict::Holds(why);
            };
            let mend = "serve as a role with the grants of docs/operations.md, not as the owner";
            Verdict::does_not_hold(format!("{} {excess}", rights.role), mend)
        })
    });

/// Keys that follow one another.
pub(super) const SIGNING_KEY: Judge = (
    "`SIGNING_KEY_MAX_AGE` is a time, and the key that signs is not older; or `JWT_SECRET`",
    |facts| {
        if facts.settings.jwt_secret.is_some() {
            return Verdict::NotApplicable(
                "JWT_SECRET is set, and no other key is in use".to_owned(),
            );
        }
        let Some(age_max) = facts.settings.key_rules.max_age else {
            let why = "SIGNING_KEY_MAX_AGE=never: a key that leaked would sign for ever";
            return Verdict::does_not_hold(why, "set SIGNING_KEY_MAX_AGE=90d");
        };
        by_contents(facts, |contents| {
            let Some(since) = contents.signs_since else {
                return Verdict::Holds("no key yet: the first start makes one".to_owned());
            };
            let age = contents.read_at - since;
            let holds = age <= age_max + LATE;
            let why = format!(
                "the key has signed for {} days, of SIGNING_KEY_MAX_AGE={}",
                age.num_days(),
                shown(age_max)
            );
            Verdict::of(holds, why, "ringfence keys rotate; does any replica run?")
        })
    },
);

/// One master key.
pub(super) const SECRET_KEY: Judge = ("`SECRET_KEY` has one entry", |facts| {
    let keys = facts.settings.keyring.count();
    let why = format!("SECRET_KEY has {keys}");
    let mend = "take the old key off once nothing is under it: docs/operations.md";
    Verdict::of(keys == 1, why, mend)
});

/// No hash of another system.
pub(super) const HASHES: Judge = ("every account has a hash of ours", |facts| {
    by_contents(facts, |contents| {
        let count = contents.foreign_hashes;
        let why = format!("{count} accounts have a hash that another system has made");
        let mend = "each is renewed at its owner's next login; reset those that never come";
        Verdict::of(count == 0, why, mend)
    })
});

pub(super) fn by_database(facts: &Facts, judge: impl FnOnce(&DatabaseFacts) -> Verdict) -> Verdict {
    match &facts.database {
        Ok(database) => judge(database),
        Err(_) => Verdict::does_not_hold("the database could not be asked", "see that it can be"),
    }
}

pub(super) fn by_contents(facts: &Facts, judge: impl FnOnce(&Contents) -> Verdict) -> Verdict {
    by_database(facts, |database| match &database.contents {
        Some(contents) => judge(contents),
        None => Verdict::does_not_hold(
            "the tables could not be read",
            "apply the migrations, and the grants of docs/operations.md",
        ),
    })
}
