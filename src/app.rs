//! Builds the application out of the settings. Knows every room.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::http::HeaderValue;
use reqwest::Url;
use secrecy::SecretString;
use sqlx::PgPool;
use tracing::info;

use crate::api;
use crate::audit::{Gathered, Sealer};
use crate::config::{AppEnv, CarrierSettings, ProviderSettings, Settings};
use crate::database::DatabaseWatch;
use crate::emails::Emails;
use crate::foundation::{Clock, Entropy, Keyring, outbound};
use crate::guard::Guard;
use crate::http::{Edge, RateLimit, RateLimits};
#[cfg(feature = "aws")]
use crate::otp::providers::aws_sns::AwsSns;
use crate::otp::providers::callback::Receiver;
use crate::otp::providers::console::Console;
use crate::otp::providers::infobip::Infobip;
use crate::otp::providers::plivo::{self, Plivo};
use crate::otp::providers::sinch::{self, Sinch};
use crate::otp::{Carriers, CodeStore, Money, Otp, Provider, WebhookLinks};
use crate::passwords::{Argon2Cost, Guesses, Hasher, PoolSize};
use crate::proofs::{self, Proofs};
use crate::rate_limits::SharedLimits;
use crate::sessions::Sessions;
use crate::state::{App, AppState, Webhooks};
use crate::tokens::{AccessTokens, KeyRules, SigningKeys};
use crate::totp::Totp;

/// A built application: what requests reach, and the way in.
pub struct Application {
    /// What requests reach.
    pub state: AppState,
    /// The messages that were "sent", where the console provider is in use.
    pub console: Option<Console>,
    /// The coarse limits, for the housekeeping.
    pub limits: RateLimits,
    router: Router,
}

impl Application {
    /// Builds it on a database whose schema is current. `base_url` is how the world reaches it.
    pub async fn build(
        settings: Settings,
        database: PgPool,
        clock: Clock,
        base_url: String,
    ) -> anyhow::Result<Self> {
        let entropy = Entropy::default();
        let keyring = Arc::new(settings.keyring);
        let (secret, rules) = (settings.jwt_secret.as_ref(), settings.key_rules);
        let token_lifetime = rules.token_lifetime;
        let keys = signing_keys(secret, rules, &database, &keyring, &clock).await?;
        let mut page_origins = settings.origins.clone();
        page_origins.extend(HeaderValue::from_str(&base_url));
        let (proxies, origins) = (settings.proxies, settings.origins);
        let edge = Edge::new(&base_url, proxies, origins, clock.clone(), entropy.clone());
        tell_prices(&settings.money);
        let is_development = settings.app_env == AppEnv::Development;
        let webhooks = webhooks(&settings.carriers.providers, &keyring, &base_url)?;
        let (carriers, console) = carriers(settings.carriers, is_development, &webhooks.links)?;
        let proofs = proofs(settings.proofs, &page_origins, &keyring, &entropy)?;
        let (codes, limit) = (&settings.code_store, settings.auth_limit);
        let shared_limits = shared_limits(codes, &database, &keyring, limit);
        let state = AppState::new(App {
            database,
            database_watch: DatabaseWatch::default(),
            hasher: hasher(settings.argon2)?,
            guesses: Guesses::new(Arc::clone(&keyring)),
            password_policy: settings.passwords,
            sessions: Sessions::new(settings.sessions, Arc::clone(&keyring), entropy.clone()),
            shared_limits,
            guard: Guard::new(settings.guard, Arc::clone(&keyring), clock.clone()),
            totp: Totp::new(Arc::clone(&keyring), entropy.clone()),
            otp: Otp::new(
                settings.otp,
                settings.money,
                carriers,
                settings.code_store,
                Arc::clone(&keyring),
                clock.clone(),
                entropy.clone(),
            ),
            emails: Emails::new(
                settings.email,
                Arc::clone(&keyring),
                base_url.clone(),
                clock.clone(),
                entropy.clone(),
            )?,
            tokens: AccessTokens::new(keys, base_url, token_lifetime, entropy.clone()),
            sealer: Sealer::new(Arc::clone(&keyring)),
            introspection_refusals: Gathered::default(),
            places: settings.places,
            introspection_clients: settings.introspection_clients,
            page_origins,
            proofs,
            login: settings.login,
            webhooks,
            clock,
            entropy,
        });
        let limits = RateLimits::new(settings.api_limit, settings.auth_limit);
        let inbox = console.clone().filter(|_| is_development);
        let router = api::router(state.clone(), &edge, &limits, is_development, inbox);
        Ok(Self { state, console, limits, router })
    }

    /// The way in: for [`crate::http::serve`].
    pub fn router(&self) -> Router {
        self.router.clone()
    }
}

/// What signs access tokens: `JWT_SECRET` where it is set, otherwise keys of our own.
async fn signing_keys(
    secret: Option<&SecretString>,
    rules: KeyRules,
    database: &PgPool,
    keyring: &Arc<Keyring>,
    clock: &Clock,
) -> anyhow::Result<SigningKeys> {
    Ok(match secret {
        Some(secret) => SigningKeys::shared(secret),
        None => SigningKeys::load(database, Arc::clone(keyring), rules, clock.now()).await?,
    })
}

fn hasher(cost: Argon2Cost) -> anyhow::Result<Hasher> {
    Hasher::start(cost, PoolSize::for_this_machine(cost))
        .context("the hashing threads cannot be started")
}

/// Challenges, and the proofs that they were met on one of our pages.
fn proofs(
    settings: proofs::Settings,
    page_origins: &[HeaderValue],
    keyring: &Arc<Keyring>,
    entropy: &Entropy,
) -> anyhow::Result<Proofs> {
    let client = outbound::http_client().context("the HTTP client cannot be made")?;
    let hosts = page_origins.iter().filter_map(host).collect();
    Ok(Proofs::new(settings, hosts, Arc::clone(keyring), client, entropy.clone()))
}

/// The host of a page.
fn host(origin: &HeaderValue) -> Option<String> {
    let url = Url::parse(origin.to_str().ok()?).ok()?;
    url.host_str().map(str::to_owned)
}

/// The limits that replicas share, in the store where codes live.
fn shared_limits(
    codes: &CodeStore,
    database: &PgPool,
    keyring: &Arc<Keyring>,
    limit: RateLimit,
) -> SharedLimits {
    let factor = limit.factor_over_default();
    #[cfg(feature = "redis")]
    if let Some(redis) = codes.redis() {
        return SharedLimits::in_redis(Arc::clone(redis), Arc::clone(keyring), factor);
    }
    #[cfg(not(feature = "redis"))]
    let CodeStore::Postgres = codes;
    SharedLimits::in_postgres(database.clone(), Arc::clone(keyring), factor)
}

/// Where carriers call back, and what reads it.
fn webhooks(
    providers: &[ProviderSettings],
    keyring: &Arc<Keyring>,
    base_url: &str,
) -> anyhow::Result<Webhooks> {
    let links = WebhookLinks::new(Arc::clone(keyring), base_url)?;
    Ok(Webhooks { links, receivers: receivers(providers)? })
}

/// What reads the callbacks of the carriers in use.
fn receivers(providers: &[ProviderSettings]) -> anyhow::Result<Vec<Receiver>> {
    let receivers = providers.iter().filter_map(|settings| match settings {
        ProviderSettings::Console => None,
        #[cfg(feature = "aws")]
        // Tells of deliveries nowhere but in CloudWatch.
        ProviderSettings::AwsSns(_) => None,
        ProviderSettings::Sinch(settings) => Some(
            sinch::Callbacks::new(settings)
                .map(|callbacks| Receiver::Sinch(Box::new(callbacks)))
                .context("the SINCH_ settings are not right"),
        ),
        ProviderSettings::Infobip(_) => Some(Ok(Receiver::Infobip)),
        ProviderSettings::Plivo(settings) => {
            Some(Ok(Receiver::Plivo(plivo::Callbacks::new(settings))))
        }
    });
    receivers.collect()
}

/// A budget is as good as the prices that it is counted by.
fn tell_prices(money: &Money) {
    let prices = money.prices();
    if money.has_budget() {
        info!(
            currency = %prices.currency(),
            as_of = %prices.as_of(),
            are_estimates = prices.is_built_in(),
            "messages are counted at the prices of this table"
        );
    }
}

/// The carriers, and the console apart where it is one of them: its messages can be looked at.
pub(crate) fn carriers(
    settings: CarrierSettings,
    is_development: bool,
    links: &WebhookLinks,
) -> anyhow::Result<(Carriers, Option<Console>)> {
    let client = outbound::http_client().context("the HTTP client cannot be made")?;
    let mut console = None;
    let providers = settings.providers.into_iter().map(|settings| match settings {
        ProviderSettings::Console => {
            let console = console.insert(Console::new(is_development));
            Ok(Provider::Delivery(Arc::new(console.clone())))
        }
        ProviderSettings::Sinch(settings) => Sinch::new(settings, client.clone())
            .map(|sinch| Provider::Hosted(Arc::new(sinch)))
            .context("the SINCH_ settings are not right"),
        ProviderSettings::Infobip(settings) => Infobip::new(settings, client.clone())
            .map(|infobip| Provider::Hosted(Arc::new(infobip)))
            .context("the INFOBIP_ settings are not right"),
        #[cfg(feature = "aws")]
        ProviderSettings::AwsSns(settings) => AwsSns::new(&settings, client.clone())
            .map(|sns| Provider::Delivery(Arc::new(sns)))
            .context("the AWS_ or SNS_ settings are not right"),
        ProviderSettings::Plivo(settings) => Plivo::new(settings, client.clone())
            .map(|plivo| Provider::Delivery(Arc::new(plivo.with_webhooks(links))))
            .context("the PLIVO_ settings are not right"),
    });
    let providers = providers.collect::<anyhow::Result<_>>()?;
    Ok((Carriers::new(providers, settings.routes), console))
}
