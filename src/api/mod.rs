//! The HTTP API: a file's path is its URL. Only here are there HTTP status codes.

mod admin;
pub mod bearer;
mod health;
mod limits;
pub(crate) mod numbers;
pub mod openapi;
mod problems;
mod trail;
mod unattended;
mod v1;
mod webhooks;
mod well_known;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{Edge, Kind, Problem, RateLimits, with_layers};
use crate::otp::providers::console::Console;
use crate::pages;
use crate::state::AppState;

/// The application's routes, behind all layers.
///
/// `with_demo`: also the demo page at `/`. `inbox`: also the messages of the console provider.
pub fn router(
    state: AppState,
    edge: &Edge,
    limits: &RateLimits,
    with_demo: bool,
    inbox: Option<Console>,
) -> Router {
    let (guarded, _) = guarded_routes().merge(admin_routes()).split_for_parts();
    let (open, _) = open_routes().split_for_parts();
    let api = limits.limit_auth(guarded).merge(open);
    let api = limits.limit_api(api);
    let (unlimited, _) = unlimited_routes().split_for_parts();

    let pages = pages::docs_router(openapi::document_bytes()).merge(pages::email_router());
    let pages = pages.merge(pages::solver_router());
    let mut router = api.merge(unlimited).merge(pages);
    if with_demo {
        router = router.merge(pages::demo_router());
    }
    if let Some(console) = inbox {
        router = router.merge(pages::inbox_router(console));
    }
    let router = router
        .fallback(async || Problem::new(Kind::NotFound))
        .method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed));
    // Carriers are no browsers: no CORS, and no limit by address, of which they have few.
    let (webhooks, _) = webhook_routes().split_for_parts();
    let webhooks =
        webhooks.method_not_allowed_fallback(async || Problem::new(Kind::MethodNotAllowed));
    let webhooks = with_layers(webhooks, &Edge { origins: Vec::new(), ..edge.clone() });
    with_layers(router, edge).merge(webhooks).with_state(state)
}

/// The routes that take guesses or cost money: under the stricter limit.
fn guarded_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::auth::register::register))
        .routes(routes!(v1::auth::login::login))
        .routes(routes!(v1::auth::request_otp::request_otp))
        .routes(routes!(v1::auth::verify_otp::verify_otp))
        .routes(routes!(v1::auth::password::change::change))
        .routes(routes!(v1::auth::password::forgot::forgot))
        .routes(routes!(v1::auth::password::reset::reset))
        .routes(routes!(v1::auth::phone::undo::undo_phone))
        .routes(routes!(v1::profile::delete::delete_profile))
        .routes(routes!(v1::profile::phone::change_phone))
        .routes(routes!(v1::profile::phone::confirm::confirm_phone))
        .routes(routes!(v1::profile::totp::begin_totp, v1::profile::totp::remove_totp))
        .routes(routes!(v1::profile::totp::confirm::confirm_totp))
        .routes(routes!(v1::auth::verify_email::verify_email))
        .routes(routes!(v1::profile::email::change_email))
}

/// The routes of administrators: under the stricter limit, too.
fn admin_routes() -> OpenApiRouter<AppState> {
    use v1::admin::users;
    OpenApiRouter::new()
        .routes(routes!(users::list::list, users::create::create))
        .routes(routes!(users::show::show, users::delete::delete))
        .routes(routes!(users::lock::lock))
        .routes(routes!(users::unlock::unlock))
        .routes(routes!(users::roles::set_roles))
        .routes(routes!(users::reset_password::reset_password))
        .routes(routes!(users::sessions::sessions, users::sessions::end_all))
        .routes(routes!(users::sessions::end_one))
}

/// The other routes of the API.
fn open_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(v1::auth::session::session))
        .routes(routes!(v1::auth::refresh::refresh))
        .routes(routes!(v1::auth::logout::logout))
        .routes(routes!(v1::auth::sessions::sessions))
        .routes(routes!(v1::auth::sessions::end_session))
        .routes(routes!(v1::auth::revoke::revoke))
        .routes(routes!(v1::profile::profile))
        .routes(routes!(v1::profile::edit::edit_profile))
        .routes(routes!(v1::profile::export::export_profile))
}

/// The routes that carriers call.
fn webhook_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::report::report))
        .routes(routes!(webhooks::answer::answer))
}

/// The routes that machines poll, or ask for all their users.
fn unlimited_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(well_known::jwks))
        .routes(routes!(v1::auth::introspect::introspect))
        .routes(routes!(well_known::metadata))
}
