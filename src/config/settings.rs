//! All settings, as the rest of the program takes them.

use std::collections::HashSet;
use std::net::IpAddr;

use axum::http::HeaderValue;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;

use crate::emails;
use crate::foundation::{Country, Keyring};
use crate::http::{RateLimit, TrustedProxies};
use crate::otp;
use crate::passwords::{Argon2Cost, PasswordPolicy};
use crate::places::Places;
use crate::proofs;
use crate::sessions;
use crate::state::LoginRules;
use crate::tokens::IntrospectionClients;
use crate::tokens::KeyRules;

use super::providers::{self, CarrierSettings};
use super::reader::{InForce, Reader, SettingsError};
use super::telemetry::{self, Telemetry};
use super::{Environment, challenge, email, guard, money, places, sections, texts};

/// Everything that the environment decides.
#[derive(Debug)]
pub struct Settings {
    /// `APP_ENV`.
    pub app_env: AppEnv,
    /// `HOST` and `PORT`: where to listen.
    pub host: IpAddr,
    /// `PORT`; 0 lets the system choose.
    pub port: u16,
    /// `BASE_URL`, where it is set.
    pub base_url: Option<String>,
    /// `DATABASE_URL`, or `DB_HOST` and its like.
    pub database: PgConnectOptions,
    /// `DB_POOL_MAX`.
    pub pool_size: u32,
    /// `AUTO_MIGRATE`.
    pub auto_migrate: bool,
    /// `REDIS_URL`.
    pub code_store: otp::CodeStore,
    /// `SECRET_KEY`.
    pub keyring: Keyring,
    /// `JWT_SECRET`.
    pub jwt_secret: Option<SecretString>,
    /// `SESSION_ABSOLUTE_TTL`, `SESSION_IDLE_TTL`, `JWT_EXPIRES_IN`.
    pub sessions: sessions::Rules,
    /// `INTROSPECTION_CLIENTS`.
    pub introspection_clients: IntrospectionClients,
    /// `JWT_ALGORITHM`, `SIGNING_KEY_MAX_AGE`, `JWT_EXPIRES_IN`; idle with `JWT_SECRET`.
    pub key_rules: KeyRules,
    /// `RATE_LIMIT_MAX_REQUESTS` in `RATE_LIMIT_WINDOW_MS`.
    pub api_limit: RateLimit,
    /// `RATE_LIMIT_AUTH_MAX_REQUESTS` in `RATE_LIMIT_WINDOW_MS`.
    pub auth_limit: RateLimit,
    /// `FRONTEND_URL`.
    pub origins: Vec<HeaderValue>,
    /// `TRUSTED_PROXIES`.
    pub proxies: TrustedProxies,
    /// `VERIFICATION_PROVIDER`, what each needs, and `PROVIDER_ROUTES`.
    pub carriers: CarrierSettings,
    /// `OTP_*`, `ALLOWED_COUNTRIES`, `TEST_PHONE_NUMBERS`, `ANDROID_APP_HASHES`.
    pub otp: otp::Rules,
    /// `GUARD`, `BLOCKED_PREFIXES`.
    pub guard: crate::guard::Rules,
    /// `SMS_*`: what messages cost, and how much of it there may be.
    pub money: otp::Money,
    /// `SMTP_URL` and `EMAIL_FROM`. `None`: no e-mails are sent.
    pub email: Option<emails::Settings>,
    /// `OTP_POLICY`, `LOGIN_TICKET`, `USER_ENUMERATION`, `DEFAULT_REGION`.
    pub login: LoginRules,
    /// `ARGON2_*`.
    pub argon2: Argon2Cost,
    /// `PASSWORD_*`.
    pub passwords: PasswordPolicy,
    /// `GEOIP_FILE`. `None`: nobody is told places.
    pub places: Option<Places>,
    /// `CHALLENGE`, `CHALLENGE_WHEN`, `TURNSTILE_*`, `HCAPTCHA_*`.
    pub proofs: proofs::Settings,
    /// `METRICS_ADDR`, `OTEL_*`: who sees what it does.
    pub telemetry: Telemetry,
}

/// What looking after the signing keys needs.
#[derive(Debug)]
pub struct KeySettings {
    /// `DATABASE_URL`, or `DB_HOST` and its like.
    pub database: PgConnectOptions,
    /// `SECRET_KEY`.
    pub keyring: Keyring,
    /// What keys there shall be.
    pub rules: KeyRules,
    /// Whether `JWT_SECRET` is set, so that none of the keys is in use.
    pub is_shared: bool,
    /// `SESSION_IDLE_TTL`: for how long what a key has derived is brought back.
    pub session_idle: chrono::TimeDelta,
}

/// What explaining the guard needs.
#[derive(Debug)]
pub struct GuardSettings {
    /// `DATABASE_URL`, or `DB_HOST` and its like.
    pub database: PgConnectOptions,
    /// `SECRET_KEY`.
    pub keyring: Keyring,
    /// `GUARD`, `BLOCKED_PREFIXES`.
    pub rules: crate::guard::Rules,
    /// `ALLOWED_COUNTRIES`: `None` for all.
    pub allowed_countries: Option<HashSet<Country>>,
    /// `DEFAULT_REGION`: where national phone numbers are from.
    pub default_region: Option<Country>,
}

/// What accounts are made and changed by on the command line.
#[derive(Debug)]
pub struct AccountSettings {
    /// `DATABASE_URL`, or `DB_HOST` and its like.
    pub database: PgConnectOptions,
    /// `DEFAULT_REGION`: where national phone numbers are from.
    pub default_region: Option<Country>,
    /// `ARGON2_*`.
    pub argon2: Argon2Cost,
    /// `PASSWORD_*`.
    pub passwords: PasswordPolicy,
}

/// Where the server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppEnv {
    /// For real people: nothing that weakens it is accepted.
    Production,
    /// On a developer's machine.
    Development,
    /// In a test run.
    Test,
}

impl AppEnv {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.word(
            "APP_ENV",
            &[
                ("production", Self::Production),
                ("development", Self::Development),
                ("test", Self::Test),
            ],
        )
    }
}

impl Settings {
    /// Reads everything, or tells everything that is wrong.
    pub fn read(environment: &Environment) -> Result<(Self, InForce), SettingsError> {
        let mut reader = Reader::new(environment);
        let settings = Self::read_all(&mut reader);
        reader.finish(settings)
    }

    /// Reads what concerns the database only: all that the migrations need.
    pub fn read_database(environment: &Environment) -> Result<PgConnectOptions, SettingsError> {
        let mut reader = Reader::new(environment);
        let database = sections::database(&mut reader);
        reader.finish(database).map(|(database, _)| database.options)
    }

    /// Reads what accounts are made and changed by, without a server.
    pub fn read_accounts(environment: &Environment) -> Result<AccountSettings, SettingsError> {
        let mut reader = Reader::new(environment);
        let database = sections::database(&mut reader);
        let login = sections::login(&mut reader);
        let server = sections::server(&mut reader, false);
        let base_url = server.as_ref().and_then(|server| server.base_url.as_deref());
        let passwords = sections::passwords(&mut reader, base_url);
        let all = database.zip(login).zip(passwords);
        let settings = all.map(|((database, login), (argon2, passwords))| AccountSettings {
            database: database.options,
            default_region: login.default_region,
            argon2,
            passwords,
        });
        reader.finish(settings).map(|(settings, _)| settings)
    }

    /// Reads what concerns the database, `SECRET_KEY`, the guard and where codes go.
    pub fn read_guard(environment: &Environment) -> Result<GuardSettings, SettingsError> {
        let mut reader = Reader::new(environment);
        let database = sections::database(&mut reader);
        let tokens = sections::tokens(&mut reader);
        let rules = guard::guard(&mut reader);
        let allowed_countries = guard::allowed_countries(&mut reader);
        let login = sections::login(&mut reader);
        let all = database.zip(tokens).zip(rules).zip(allowed_countries).zip(login);
        let settings = all.map(|((((database, tokens), rules), countries), login)| {
            let allowed_countries = countries.into_iter().collect();
            let (database, keyring) = (database.options, tokens.keyring);
            let default_region = login.default_region;
            GuardSettings { database, keyring, rules, allowed_countries, default_region }
        });
        reader.finish(settings).map(|(settings, _)| settings)
    }

    /// Reads `GEOIP_FILE`: all that showing places needs.
    pub fn read_places(environment: &Environment) -> Result<Option<Places>, SettingsError> {
        let mut reader = Reader::new(environment);
        let places = places::places(&mut reader);
        reader.finish(Some(places)).map(|(places, _)| places)
    }

    /// Reads `SECRET_KEY` and `BASE_URL`: all that the addresses of webhooks need.
    pub fn read_webhooks(
        environment: &Environment,
    ) -> Result<(Keyring, Option<String>), SettingsError> {
        let mut reader = Reader::new(environment);
        let tokens = sections::tokens(&mut reader);
        let server = sections::server(&mut reader, false);
        let both = tokens.zip(server).map(|(tokens, server)| (tokens.keyring, server.base_url));
        reader.finish(both).map(|(both, _)| both)
    }

    /// Reads what concerns the database, `SECRET_KEY`, the signing keys and the life of sessions: all
    /// that looking after keys needs.
    pub fn read_keys(environment: &Environment) -> Result<KeySettings, SettingsError> {
        let mut reader = Reader::new(environment);
        let database = sections::database(&mut reader);
        let tokens = sections::tokens(&mut reader);
        let lifetime = tokens.as_ref().map(|tokens| tokens.key_rules.token_lifetime);
        let sessions = sections::sessions(&mut reader, lifetime);
        let all = database.zip(tokens).zip(sessions);
        let settings = all.map(|((database, tokens), sessions)| KeySettings {
            database: database.options,
            keyring: tokens.keyring,
            rules: tokens.key_rules,
            is_shared: tokens.jwt_secret.is_some(),
            session_idle: sessions.idle,
        });
        reader.finish(settings).map(|(settings, _)| settings)
    }

    /// Every section is read before any is given up, so that all faults are found.
    fn read_all(reader: &mut Reader<'_>) -> Option<Self> {
        let app_env = AppEnv::read(reader);
        let is_production = app_env == Some(AppEnv::Production);
        let server = sections::server(reader, is_production);
        let database = sections::database(reader);
        let code_store = sections::code_store(reader);
        let tokens = sections::tokens(reader);
        let lifetime = tokens.as_ref().map(|tokens| tokens.key_rules.token_lifetime);
        let sessions = sections::sessions(reader, lifetime);
        let introspection_clients = sections::introspection_clients(reader);
        let edge = sections::edge(reader);
        let india_dlt = texts::india_dlt(reader);
        let is_registered_in_india = india_dlt.is_some();
        let carriers = providers::carriers(reader, is_production, india_dlt.as_ref());
        let names = carriers.as_ref().map_or(&[][..], |carriers| &carriers.names);
        let money = money::money(reader, names);
        let otp = sections::otp(reader, is_production, is_registered_in_india);
        let guard = guard::guard(reader);
        let email = email::email(reader);
        let login = sections::login(reader);
        let base_url = server.as_ref().and_then(|server| server.base_url.as_deref());
        let passwords = sections::passwords(reader, base_url);
        let places = places::places(reader);
        let proofs = challenge::challenge(reader);
        let telemetry = telemetry::telemetry(reader);

        let (server, database, tokens, edge) = (server?, database?, tokens?, edge?);
        let (argon2, passwords) = passwords?;
        Some(Self {
            app_env: app_env?,
            host: server.host,
            port: server.port,
            base_url: server.base_url,
            database: database.options,
            pool_size: database.pool_size,
            auto_migrate: database.auto_migrate,
            code_store,
            keyring: tokens.keyring,
            jwt_secret: tokens.jwt_secret,
            sessions: sessions?,
            introspection_clients,
            key_rules: tokens.key_rules,
            api_limit: edge.api_limit,
            auth_limit: edge.auth_limit,
            origins: edge.origins,
            proxies: edge.proxies,
            carriers: carriers?,
            otp: otp?,
            guard: guard?,
            money: money?,
            email,
            login: login?,
            argon2,
            passwords,
            places,
            proofs: proofs?,
            telemetry,
        })
    }

    /// How the world reaches us, without a slash at the end; the issuer of tokens. Without
    /// `BASE_URL` it is this machine at the port that we listen on.
    pub fn base_url(&self, port: u16) -> String {
        self.base_url.clone().unwrap_or_else(|| format!("http://localhost:{port}"))
    }
}
