//! The settings, subject by subject: names, defaults, bounds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr as _;
use std::time::Duration;

use axum::http::HeaderValue;
use chrono::TimeDelta;
use reqwest::Url;
use secrecy::SecretString;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::foundation::{Country, Keyring, PhoneNumber};
use crate::http::{RateLimit, TrustedProxies};
#[cfg(feature = "redis")]
use crate::otp::RedisStore;
use crate::otp::{Channel, CodeStore, OtpCode, Rules};
use crate::passwords::{Argon2Cost, Composition, PasswordPolicy};
use crate::sessions;
use crate::state::{Enumeration, LoginRules, OtpPolicy};
use crate::tokens::IntrospectionClients;
use crate::tokens::{KeyRules, SigningAlgorithm};

use super::reader::Reader;
use super::{guard, texts};

/// What the libraries tell at `info` is of no use to operators.
pub const DEFAULT_LOG_LEVEL: &str = "info,sqlx=warn,reqwest_retry=error";

const YES_NO: [(&str, bool); 2] = [("false", false), ("true", true)];
/// RFC 7518, 3.2: a key of at least the size of the hash.
const JWT_SECRET_BYTES_MIN: usize = 32;
/// A sliding window keeps each event; more than this would make its row large.
const CAP_MAX: u32 = 1000;

pub(super) struct Server {
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) base_url: Option<String>,
}

pub(super) fn server(reader: &mut Reader<'_>, is_production: bool) -> Option<Server> {
    let host = reader.or("HOST", "127.0.0.1", str::parse);
    let port = reader.or("PORT", "3000", str::parse);
    reader.or("LOG_LEVEL", DEFAULT_LOG_LEVEL, |text| tracing_subscriber::EnvFilter::try_new(text));
    if is_production && !reader.has("BASE_URL") {
        reader.fault("BASE_URL", "is required in production: tokens name it as their issuer");
    }
    let base_url = reader.or("BASE_URL", "", |text| match text {
        "" => Ok(None),
        text => parse_base_url(text).map(Some),
    });
    Some(Server { host: host?, port: port?, base_url: base_url? })
}

/// `http(s)://host[:port]`, without the slash at the end.
fn parse_base_url(text: &str) -> Result<String, &'static str> {
    let wrong = "an http or https URL is wanted, for instance https://auth.example.com";
    let url = Url::parse(text).map_err(|_| wrong)?;
    let plain = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host() && plain;
    usable.then(|| url.as_str().trim_end_matches('/').to_owned()).ok_or(wrong)
}

pub(super) struct Database {
    pub(super) options: PgConnectOptions,
    pub(super) pool_size: u32,
    pub(super) auto_migrate: bool,
}

pub(super) fn database(reader: &mut Reader<'_>) -> Option<Database> {
    reader.known(&["DATABASE_URL", "DB_HOST", "DB_PORT", "DB_USER", "DB_NAME", "DB_SSLMODE"]);
    reader.known(&["DB_PASSWORD"]);
    let options = if reader.has("DB_HOST") && !reader.has("DATABASE_URL") {
        database_by_parts(reader)
    } else {
        let mend = "for instance postgres://user:password@localhost/ringfence (or set DB_HOST)";
        reader.required_secret("DATABASE_URL", mend, parse_database_url)
    };
    let pool_size = reader.number("DB_POOL_MAX", "10", 1..=1000);
    let auto_migrate = reader.word("AUTO_MIGRATE", &YES_NO);
    Some(Database { options: options?, pool_size: pool_size?, auto_migrate: auto_migrate? })
}

/// The library would take any scheme.
fn parse_database_url(text: &str) -> Result<PgConnectOptions, &'static str> {
    let wrong = "is no postgres:// URL";
    let has_scheme = text.starts_with("postgres://") || text.starts_with("postgresql://");
    if !has_scheme {
        return Err(wrong);
    }
    PgConnectOptions::from_str(text).map_err(|_| wrong)
}

fn database_by_parts(reader: &mut Reader<'_>) -> Option<PgConnectOptions> {
    let word = |text: &str| Ok::<_, &str>(text.to_owned());
    let host = reader.or("DB_HOST", "", word);
    let port = reader.or("DB_PORT", "5432", str::parse);
    let user = reader.or("DB_USER", "ringfence", word);
    let name = reader.or("DB_NAME", "ringfence", word);
    let password = reader.secret("DB_PASSWORD", word);
    let ssl_mode = reader.or("DB_SSLMODE", "prefer", |text| {
        PgSslMode::from_str(text)
            .map_err(|_| "one of disable, allow, prefer, require, verify-ca, verify-full is wanted")
    });
    let options = PgConnectOptions::new_without_pgpass()
        .host(&host?)
        .port(port?)
        .username(&user?)
        .database(&name?)
        .ssl_mode(ssl_mode?);
    Some(match password {
        Some(password) => options.password(&password),
        None => options,
    })
}

/// PostgreSQL, unless `REDIS_URL` is set.
pub(super) fn code_store(reader: &mut Reader<'_>) -> CodeStore {
    #[cfg(feature = "redis")]
    let store = reader
        .secret("REDIS_URL", |url| RedisStore::parse(url).map(Box::new).map(CodeStore::Redis));
    #[cfg(not(feature = "redis"))]
    let store = reader.secret("REDIS_URL", |_| {
        Err("there is no Redis in this build of ringfence; build it with --features redis")
    });
    store.unwrap_or_default()
}

pub(super) struct Tokens {
    pub(super) keyring: Keyring,
    pub(super) jwt_secret: Option<SecretString>,
    pub(super) key_rules: KeyRules,
}

pub(super) fn tokens(reader: &mut Reader<'_>) -> Option<Tokens> {
    let mend = "make one with: openssl rand -base64 32";
    let keyring = reader.required_secret("SECRET_KEY", mend, Keyring::parse);
    let jwt_secret = reader.secret("JWT_SECRET", |text| match text.len() {
        JWT_SECRET_BYTES_MIN.. => Ok(SecretString::from(text)),
        bytes => Err(format!("has {bytes} bytes; at least {JWT_SECRET_BYTES_MIN} are wanted")),
    });
    if reader.has("JWT_SECRET") && reader.has("JWT_ALGORITHM") {
        reader.fault("JWT_ALGORITHM", "cannot be chosen with JWT_SECRET, which means HS256");
    }
    let algorithm =
        reader.word("JWT_ALGORITHM", &SigningAlgorithm::ALL.map(|it| (it.as_str(), it)));
    let max_age = reader.or("SIGNING_KEY_MAX_AGE", "90d", parse_max_age);
    let token_lifetime = reader.or("JWT_EXPIRES_IN", "15m", parse_lifetime);
    let key_rules =
        KeyRules { algorithm: algorithm?, max_age: max_age?, token_lifetime: token_lifetime? };
    Some(Tokens { keyring: keyring?, jwt_secret, key_rules })
}

/// `90d`, `2160h`: from a day to ten years; `never`.
fn parse_max_age(text: &str) -> Result<Option<TimeDelta>, &'static str> {
    if text == "never" {
        return Ok(None);
    }
    let bounds = Duration::from_hours(24)..=Duration::from_hours(3650 * 24);
    let age = humantime::parse_duration(text).ok().filter(|age| bounds.contains(age));
    let age = age.and_then(|age| TimeDelta::from_std(age).ok());
    age.map(Some).ok_or("a time like 90d from 1d to 3650d, or never, is wanted")
}

/// `900` (seconds), `15m`, `12h`, `7d`: from a minute to a year.
fn parse_lifetime(text: &str) -> Result<TimeDelta, &'static str> {
    let seconds = text.parse().ok().map(Duration::from_secs);
    let duration = seconds.or_else(|| humantime::parse_duration(text).ok());
    let bounds = Duration::from_mins(1)..=Duration::from_hours(365 * 24);
    duration
        .filter(|duration| bounds.contains(duration))
        .and_then(|duration| TimeDelta::from_std(duration).ok())
        .ok_or("seconds or a time like 15m, 12h or 7d is wanted, from 1m to 365d")
}

/// `access_token`: `JWT_EXPIRES_IN`.
pub(super) fn sessions(
    reader: &mut Reader<'_>,
    access_token: Option<TimeDelta>,
) -> Option<sessions::Rules> {
    let absolute = reader.or("SESSION_ABSOLUTE_TTL", "30d", parse_lifetime);
    let idle = reader.or("SESSION_IDLE_TTL", "14d", parse_lifetime);
    let (absolute, idle) = (absolute?, idle?);
    if idle > absolute {
        let fault = "is longer than SESSION_ABSOLUTE_TTL, and would never be reached";
        reader.fault("SESSION_IDLE_TTL", fault);
    }
    Some(sessions::Rules { absolute, idle, access_token: access_token? })
}

/// Nobody, where there are none.
pub(super) fn introspection_clients(reader: &mut Reader<'_>) -> IntrospectionClients {
    reader.secret("INTROSPECTION_CLIENTS", IntrospectionClients::parse).unwrap_or_default()
}

pub(super) struct Edge {
    pub(super) api_limit: RateLimit,
    pub(super) auth_limit: RateLimit,
    pub(super) origins: Vec<HeaderValue>,
    pub(super) proxies: TrustedProxies,
}

pub(super) fn edge(reader: &mut Reader<'_>) -> Option<Edge> {
    let window = reader.number("RATE_LIMIT_WINDOW_MS", "900000", 1000..=86_400_000);
    let api = reader.number("RATE_LIMIT_MAX_REQUESTS", "100", 1..=1_000_000_000);
    let fifth = (api.unwrap_or(100) / 5).max(1).to_string();
    let auth = reader.number("RATE_LIMIT_AUTH_MAX_REQUESTS", &fifth, 1..=1_000_000_000);
    let origins = reader.list("FRONTEND_URL", "", parse_origin);
    let networks = reader.list("TRUSTED_PROXIES", "", |text| {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(ipnet::IpNet::from));
        network.map_err(|_| format!("{text:?} is no network like 10.0.0.0/8"))
    });
    let window = Duration::from_millis(u64::from(window?));
    let limit = |requests| Some(RateLimit { requests: NonZeroU32::new(requests)?, window });
    Some(Edge {
        api_limit: limit(api?)?,
        auth_limit: limit(auth?)?,
        origins: origins?,
        proxies: TrustedProxies::new(networks?),
    })
}

fn parse_origin(text: &str) -> Result<HeaderValue, String> {
    let wrong = || format!("{text:?} is no origin like https://app.example.com");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    let usable = matches!(url.scheme(), "http" | "https") && matches!(url.path(), "" | "/");
    let origin = usable.then(|| HeaderValue::from_str(&origin).ok()).flatten();
    origin.ok_or_else(wrong)
}

pub(super) fn otp(
    reader: &mut Reader<'_>,
    is_production: bool,
    is_registered_in_india: bool,
) -> Option<Rules> {
    let length = reader.number("OTP_LENGTH", "6", 6..=10);
    let lifetime = reader.number("OTP_TTL_SECONDS", "300", 30..=600);
    let attempts = reader.number("OTP_MAX_ATTEMPTS", "5", 1..=20);
    let wait = reader.number("OTP_RESEND_SECONDS", "120", 0..=86_400);
    let number_hourly = reader.number("OTP_MAX_PER_NUMBER_HOURLY", "5", 1..=CAP_MAX);
    let number_daily = reader.number("OTP_MAX_PER_NUMBER_DAILY", "10", 1..=CAP_MAX);
    let address_hourly = reader.number("OTP_MAX_PER_ADDRESS_HOURLY", "20", 1..=CAP_MAX);
    let wrong = reader.number("OTP_WRONG_PER_HOUR", "10", 1..=CAP_MAX);
    let default_channel = reader
        .word("SINCH_VERIFICATION_METHOD", &[("sms", Channel::Sms), ("callout", Channel::Call)]);
    let countries = guard::allowed_countries(reader);
    let test_numbers = reader.list("TEST_PHONE_NUMBERS", "", parse_test_number);
    if is_production && test_numbers.as_ref().is_some_and(|numbers| !numbers.is_empty()) {
        reader.fault(
            "TEST_PHONE_NUMBERS",
            "lets anybody in who knows it and is refused in production",
        );
    }
    let code = length.zip(lifetime);
    let code = code.map(|(digits, seconds)| texts::Code { digits: digits as usize, seconds });
    let texts = texts::texts(reader, code.as_ref(), is_registered_in_india);
    let countries = countries?;
    Some(Rules {
        length: length? as usize,
        lifetime: TimeDelta::seconds(i64::from(lifetime?)),
        attempts: i16::try_from(attempts?).ok()?,
        resend_wait: TimeDelta::seconds(i64::from(wait?)),
        per_number_hourly: number_hourly?,
        per_number_daily: number_daily?,
        per_address_hourly: address_hourly?,
        wrong_per_hour: wrong?,
        default_channel: default_channel?,
        allowed_countries: countries.into_iter().collect(),
        test_numbers: test_numbers?.into_iter().collect::<HashMap<_, _>>(),
        texts: texts?,
    })
}

fn parse_test_number(text: &str) -> Result<(String, OtpCode), String> {
    let wrong = || format!("{text:?} is not like +15550100=123456");
    let (number, code) = text.split_once('=').ok_or_else(wrong)?;
    let number = PhoneNumber::from_e164(number.trim()).ok_or_else(wrong)?;
    let code = OtpCode::parse(code).map_err(|_| wrong())?;
    Ok((number.e164().to_owned(), code))
}

pub(super) fn login(reader: &mut Reader<'_>) -> Option<LoginRules> {
    let otp_policy = reader.word(
        "OTP_POLICY",
        &[
            ("enrollment", OtpPolicy::Enrollment),
            ("always", OtpPolicy::Always),
            ("new-device", OtpPolicy::NewDevice),
        ],
    );
    let ticket_required = reader.word("LOGIN_TICKET", &[("optional", false), ("required", true)]);
    let enumeration = reader.word(
        "USER_ENUMERATION",
        &[
            ("conceal", Enumeration::Conceal),
            ("strict", Enumeration::Strict),
            ("reveal", Enumeration::Reveal),
        ],
    );
    let default_region = reader.or("DEFAULT_REGION", "", |text| match text {
        "" => Ok(None),
        text => text.parse::<Country>().map(Some).map_err(|()| "an ISO country code is wanted"),
    });
    Some(LoginRules {
        otp_policy: otp_policy?,
        ticket_required: ticket_required?,
        enumeration: enumeration?,
        default_region: default_region?,
    })
}

/// What the product is called, and so the first word that a password must not be made of.
const PRODUCT: &str = "ringfence";
/// A shorter part of a host's name would be in too many good passwords.
const CONTEXT_WORD_MIN_LENGTH: usize = 4;

/// `base_url`: whose host's name is one that passwords must not be made of.
pub(super) fn passwords(
    reader: &mut Reader<'_>,
    base_url: Option<&str>,
) -> Option<(Argon2Cost, PasswordPolicy)> {
    let memory = reader.number("ARGON2_MEMORY_KIB", "19456", Argon2Cost::MEMORY_KIB);
    let iterations = reader.number("ARGON2_ITERATIONS", "2", Argon2Cost::ITERATIONS);
    let parallelism = reader.number("ARGON2_PARALLELISM", "1", Argon2Cost::PARALLELISM);
    let min_length = reader.number("PASSWORD_MIN_LENGTH", "8", 8..=64);
    let composition = reader.word(
        "PASSWORD_COMPOSITION",
        &[("none", Composition::None), ("mixed", Composition::Mixed)],
    );
    let own_words = reader.list("PASSWORD_CONTEXT_WORDS", "", |word| {
        let length = word.chars().count();
        let is_fine = (CONTEXT_WORD_MIN_LENGTH..=64).contains(&length);
        is_fine.then(|| word.to_owned()).ok_or("words of 4 to 64 characters are wanted")
    });
    let cost = Argon2Cost::new(memory?, iterations?, parallelism?)
        .map_err(|error| reader.fault("ARGON2_MEMORY_KIB", error.to_string()));
    let policy = PasswordPolicy::new(min_length? as usize, composition?)
        .map_err(|error| reader.fault("PASSWORD_MIN_LENGTH", error.to_string()));
    let own_words = own_words?;
    let words = own_words.iter().map(String::as_str).chain([PRODUCT]);
    let policy =
        policy.ok()?.with_context_words(words.chain(host_words(base_url.unwrap_or_default())));
    Some((cost.ok()?, policy))
}

/// The parts of the host's name but for the last, `com` and its like: of `https://auth.acme.example`
/// `auth` and `acme`. None of an IP address.
fn host_words(base_url: &str) -> impl Iterator<Item = &str> {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let name = host.split([':', '/']).next().unwrap_or_default();
    let parts = name.rsplit('.').skip(1);
    parts.filter(|part| {
        part.chars().count() >= CONTEXT_WORD_MIN_LENGTH && part.contains(char::is_alphabetic)
    })
}
