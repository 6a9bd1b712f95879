//! What a request may reach.

use std::ops::Deref;
use std::sync::Arc;

use axum::http::HeaderValue;
use sqlx::PgPool;

use crate::audit::{Gathered, Sealer};
use crate::database::DatabaseWatch;
use crate::emails::Emails;
use crate::foundation::{Clock, Country, Entropy};
use crate::guard::Guard;
use crate::otp::providers::callback::Receiver;
use crate::otp::{Otp, WebhookLinks};
use crate::passwords::{Guesses, Hasher, PasswordPolicy};
use crate::places::Places;
use crate::proofs::Proofs;
use crate::rate_limits::SharedLimits;
use crate::sessions::Sessions;
use crate::tokens::{AccessTokens, IntrospectionClients};
use crate::totp::Totp;

/// The application, shared by all requests.
#[derive(Clone)]
pub struct AppState(Arc<App>);

/// The capabilities and the rules by which the endpoints bring them together.
pub struct App {
    /// PostgreSQL.
    pub database: PgPool,
    /// Whether the database can serve.
    pub database_watch: DatabaseWatch,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// The hashing threads.
    pub hasher: Hasher,
    /// What is counted of wrong passwords.
    pub guesses: Guesses,
    /// What a new password must be.
    pub password_policy: PasswordPolicy,
    /// Limits that all replicas share.
    pub shared_limits: SharedLimits,
    /// Codes.
    pub otp: Otp,
    /// Codes of authenticator apps.
    pub totp: Totp,
    /// Against codes that are asked for to be paid for.
    pub guard: Guard,
    /// What people are told at their addresses.
    pub emails: Emails,
    /// Access tokens.
    pub tokens: AccessTokens,
    /// Sign-ins.
    pub sessions: Sessions,
    /// Where addresses are, for lists of sessions; `None` without `GEOIP_FILE`.
    pub places: Option<Places>,
    /// Chains the audit log.
    pub sealer: Sealer,
    /// Whom nobody knows who asks what a token says.
    pub introspection_refusals: Gathered,
    /// Who may ask what a token says.
    pub introspection_clients: IntrospectionClients,
    /// Whose pages may use the cookie: the origin of `BASE_URL`, and `FRONTEND_URL`.
    pub page_origins: Vec<HeaderValue>,
    /// Challenges, and the proofs that they were met.
    pub proofs: Proofs,
    /// How logins go.
    pub login: LoginRules,
    /// Carriers that call back.
    pub webhooks: Webhooks,
}

/// Carriers that call back.
#[derive(Clone, Debug)]
pub struct Webhooks {
    /// Their addresses.
    pub links: WebhookLinks,
    /// What reads them: those in use only.
    pub receivers: Vec<Receiver>,
}

impl Webhooks {
    /// Who calls `/webhooks/{provider}/{secret}`; `None` where nobody should.
    pub fn receiver(&self, provider: &str, secret: &str) -> Option<&Receiver> {
        let receiver = self.receivers.iter().find(|receiver| receiver.name() == provider)?;
        self.links.knows(provider, secret).then_some(receiver)
    }
}

/// How logins go.
#[derive(Clone, Debug)]
pub struct LoginRules {
    /// `OTP_POLICY`: when a second step is due.
    pub otp_policy: OtpPolicy,
    /// `LOGIN_TICKET=required`: whether a code counts only with its ticket.
    pub ticket_required: bool,
    /// `USER_ENUMERATION`: who is told who has an account.
    pub enumeration: Enumeration,
    /// `DEFAULT_REGION`: where national phone numbers are from.
    pub default_region: Option<Country>,
}

/// When a login asks for a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtpPolicy {
    /// Until the phone is verified.
    Enrollment,
    /// Each time.
    Always,
    /// On a device that has not given a right code before.
    NewDevice,
}

/// Who is told who has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enumeration {
    /// Only `register` tells, with its 409.
    Conceal,
    /// Nothing tells.
    Strict,
    /// `request-otp` and `verify-otp` tell, too.
    Reveal,
}

impl AppState {
    /// Shares the application.
    pub fn new(app: App) -> Self {
        Self(Arc::new(app))
    }
}

impl Deref for AppState {
    type Target = App;

    fn deref(&self) -> &App {
        &self.0
    }
}
