//! The coarse limits: requests per client address, counted in this process.
//!
//! They keep a flood from the database. The limits that hold over all replicas are those of
//! `rate_limits`, and of `otp` for what costs money or lets people in.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response};
use axum::middleware::map_response;
use axum::response::IntoResponse as _;
use governor::middleware::StateInformationMiddleware;
use tower_governor::governor::{GovernorConfig, GovernorConfigBuilder};
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::foundation::{ClientAddress, Limited};

use super::{Kind, Problem, RoomLeft};

/// The default of `RATE_LIMIT_WINDOW_MS`.
const DEFAULT_WINDOW: Duration = Duration::from_mins(15);
/// … and of `RATE_LIMIT_AUTH_MAX_REQUESTS`.
const DEFAULT_AUTH_REQUESTS: u128 = 20;
/// What `tower_governor` calls the headers.
const GOVERNOR_LIMIT: &str = "x-ratelimit-limit";
const GOVERNOR_REMAINING: &str = "x-ratelimit-remaining";

/// So many requests from one address within a window; room comes back evenly over it.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// How many.
    pub requests: NonZeroU32,
    /// The window.
    pub window: Duration,
}

/// The two limits: `RATE_LIMIT_MAX_REQUESTS` and `RATE_LIMIT_AUTH_MAX_REQUESTS`.
#[derive(Clone, Debug)]
pub struct RateLimits {
    api: Limiter,
    auth: Limiter,
}

#[derive(Clone, Debug)]
struct Limiter {
    name: &'static str,
    limit: RateLimit,
    config: Arc<GovernorConfig<ByClientAddress, StateInformationMiddleware>>,
}

#[derive(Clone, Copy, Debug)]
struct ByClientAddress;

impl RateLimits {
    /// Limits with nothing counted yet.
    pub fn new(api: RateLimit, auth: RateLimit) -> Self {
        Self { api: Limiter::new("requests", api), auth: Limiter::new("auth_requests", auth) }
    }

    /// Puts the routes of `router` under the limit of the whole API.
    pub fn limit_api<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        self.api.wrap(router)
    }

    /// Puts the routes of `router` under the stricter limit.
    pub fn limit_auth<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        self.auth.wrap(router)
    }

    /// Forgets the addresses that have all their room back, so that memory does not grow for ever.
    pub fn forget_idle(&self) {
        for limiter in [&self.api, &self.auth] {
            limiter.config.limiter().retain_recent();
            limiter.config.limiter().shrink_to_fit();
        }
    }
}

impl Limiter {
    fn new(name: &'static str, limit: RateLimit) -> Self {
        let mut builder =
            GovernorConfigBuilder::default().key_extractor(ByClientAddress).use_headers();
        builder.period(limit.period()).burst_size(limit.requests.get());
        match builder.finish() {
            Some(config) => Self { name, limit, config: Arc::new(config) },
            None => unreachable!("neither the period nor the number of requests is zero"),
        }
    }

    fn wrap<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        let Self { name, limit, .. } = *self;
        let layer = GovernorLayer::new(Arc::clone(&self.config))
            .error_handler(move |error| refuse(name, error));
        let rename =
            map_response(
                move |response: Response<Body>| async move { limit.rename_headers(response) },
            );
        router.layer((rename, layer))
    }
}

impl RateLimit {
    /// How many times as much it allows as the limit of the auth routes does by default, 20 in a quarter of
    /// an hour; at least 1. Whoever raises that one has more people behind one address, or tests under
    /// load, and means the limits that replicas share, too.
    pub fn factor_over_default(self) -> u32 {
        let default = DEFAULT_WINDOW.as_millis() / DEFAULT_AUTH_REQUESTS;
        let factor = u128::from(self.requests.get()) * default / self.window.as_millis().max(1);
        u32::try_from(factor).unwrap_or(u32::MAX).max(1)
    }

    /// After how long room for one request comes back; never zero.
    fn period(self) -> Duration {
        (self.window / self.requests.get()).max(Duration::from_nanos(1))
    }

    /// Turns the library's headers into the field's.
    fn rename_headers(self, mut response: Response<Body>) -> Response<Body> {
        let headers = response.headers_mut();
        let limit = headers.remove(GOVERNOR_LIMIT);
        let remaining = headers.remove(GOVERNOR_REMAINING);
        let (Some(limit), Some(remaining)) = (limit, remaining) else { return response };
        let left = read(&remaining);
        let used = self.requests.get().saturating_sub(left);
        let reset = self.period().saturating_mul(used).as_secs_f64().ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a window of seconds"
        )]
        let reset = reset as u64;
        let (limit, remaining) = (u64::from(read(&limit)), u64::from(left));
        RoomLeft { limit, remaining, reset }.tell(headers);
        response
    }
}

fn read(value: &HeaderValue) -> u32 {
    value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn refuse(limit: &'static str, error: GovernorError) -> Response<Body> {
    match error {
        GovernorError::TooManyRequests { wait_time, headers } => {
            // The library rounds down; who comes back then comes too early.
            let seconds = wait_time + 1;
            let problem = Problem::new(Kind::RateLimited)
                .detail(format!("Too many requests. Try again in {seconds} s."))
                .with("limit", limit)
                .with("scope", "address")
                .retry_after(seconds);
            let mut response = problem.into_response();
            let told = headers.unwrap_or_default().into_iter();
            let told = told.filter_map(|(name, value)| Some((name?, value)));
            let told = told
                .filter(|(name, _)| [GOVERNOR_LIMIT, GOVERNOR_REMAINING].contains(&name.as_str()));
            response.headers_mut().extend(told);
            response
        }
        error => Problem::internal(error).into_response(),
    }
}

impl KeyExtractor for ByClientAddress {
    type Key = Limited;

    fn extract<T>(&self, request: &Request<T>) -> Result<Limited, GovernorError> {
        let address = request.extensions().get::<ClientAddress>();
        address.map(|address| address.limited()).ok_or(GovernorError::UnableToExtractKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(requests: u32, window: Duration) -> u32 {
        let requests = NonZeroU32::new(requests).unwrap();
        RateLimit { requests, window }.factor_over_default()
    }

    #[test]
    fn what_replicas_share_grows_with_the_limit_of_the_auth_routes_and_never_shrinks() {
        assert_eq!(factor(20, DEFAULT_WINDOW), 1);
        assert_eq!(factor(2, DEFAULT_WINDOW), 1);
        assert_eq!(factor(200, DEFAULT_WINDOW), 10);
        assert_eq!(factor(20, Duration::from_mins(3)), 5);
        assert_eq!(factor(20, Duration::from_hours(24)), 1);
        assert_eq!(factor(u32::MAX, Duration::from_secs(1)), u32::MAX);
    }
}
