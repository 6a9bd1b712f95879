//! Builds the application out of the settings. Knows every room.

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use sqlx::PgPool;

use crate::api;
use crate::config::{AppEnv, ProviderSettings, Settings};
use crate::database::DatabaseWatch;
use crate::foundation::{Clock, Entropy};
use crate::http::{Edge, RateLimits};
use crate::otp::providers::callback::Receiver;
use crate::otp::providers::console::Console;
use crate::otp::providers::infobip::Infobip;
use crate::otp::providers::outbound;
use crate::otp::providers::plivo::{self, Plivo};
use crate::otp::providers::sinch::{self, Sinch};
use crate::otp::{Otp, Provider, WebhookLinks};
use crate::passwords::{Hasher, PoolSize};
use crate::state::{App, AppState, Webhooks};
use crate::tokens::{AccessTokens, SigningKeys};

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
        let keys = match &settings.jwt_secret {
            Some(secret) => SigningKeys::shared(secret),
            None => SigningKeys::load(&database, &settings.keyring, clock.now()).await?,
        };
        let edge = Edge {
            is_https: base_url.starts_with("https:"),
            proxies: settings.proxies,
            origins: settings.origins,
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let keyring = Arc::new(settings.keyring);
        let is_development = settings.app_env == AppEnv::Development;
        let links = WebhookLinks::new(Arc::clone(&keyring), &base_url)?;
        let receivers = receivers(&settings.provider)?;
        let (provider, console) = provider(settings.provider, is_development, &links)?;
        let pool_size = PoolSize::for_this_machine(settings.argon2);
        let state = AppState::new(App {
            database,
            database_watch: DatabaseWatch::default(),
            hasher: Hasher::start(settings.argon2, pool_size)
                .context("the hashing threads cannot be started")?,
            password_policy: settings.passwords,
            otp: Otp::new(settings.otp, provider, keyring, clock.clone(), entropy.clone()),
            tokens: AccessTokens::new(keys, base_url, settings.token_lifetime, entropy.clone()),
            login: settings.login,
            webhooks: Webhooks { links, receivers },
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

/// What reads the callbacks of the provider in use.
fn receivers(settings: &ProviderSettings) -> anyhow::Result<Vec<Receiver>> {
    Ok(match settings {
        ProviderSettings::Console => Vec::new(),
        ProviderSettings::Sinch(settings) => {
            let callbacks = sinch::Callbacks::new(settings);
            let callbacks = callbacks.context("the SINCH_ settings are not right")?;
            vec![Receiver::Sinch(Box::new(callbacks))]
        }
        ProviderSettings::Infobip(_) => vec![Receiver::Infobip],
        ProviderSettings::Plivo(settings) => {
            vec![Receiver::Plivo(plivo::Callbacks::new(settings))]
        }
    })
}

/// The provider, and the console apart where that is it: its messages can be looked at.
fn provider(
    settings: ProviderSettings,
    is_development: bool,
    links: &WebhookLinks,
) -> anyhow::Result<(Provider, Option<Console>)> {
    Ok(match settings {
        ProviderSettings::Console => {
            let console = Console::new(is_development);
            (Provider::Delivery(Arc::new(console.clone())), Some(console))
        }
        ProviderSettings::Sinch(settings) => {
            let client = outbound::http_client().context("the HTTP client cannot be made")?;
            let sinch =
                Sinch::new(settings, client).context("the SINCH_ settings are not right")?;
            (Provider::Hosted(Arc::new(sinch)), None)
        }
        ProviderSettings::Infobip(settings) => {
            let client = outbound::http_client().context("the HTTP client cannot be made")?;
            let infobip =
                Infobip::new(settings, client).context("the INFOBIP_ settings are not right")?;
            (Provider::Hosted(Arc::new(infobip)), None)
        }
        ProviderSettings::Plivo(settings) => {
            let client = outbound::http_client().context("the HTTP client cannot be made")?;
            let plivo =
                Plivo::new(settings, client).context("the PLIVO_ settings are not right")?;
            (Provider::Delivery(Arc::new(plivo.with_webhooks(links))), None)
        }
    })
}
