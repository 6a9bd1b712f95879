//! `/webhooks/{provider}/{secret}/answer/{token}`: what to say in a call, told once.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use tracing::warn;

use crate::http::Problem;
use crate::otp::providers::callback::Receiver;
use crate::otp::providers::plivo;
use crate::state::AppState;

use super::{Received, refused};

/// The words of a call
///
/// Plivo asks when somebody has picked up, and is told once. Signed (V3).
#[utoipa::path(post, path = "/webhooks/{provider}/{secret}/answer/{token}", tag = "carriers",
    operation_id = "callAnswer",
    params(
        ("provider" = String, Path, description = "`plivo`."),
        ("secret" = String, Path, description = "That of the webhook."),
        ("token" = String, Path, description = "What to say, sealed."),
    ),
    responses(
        (status = 200, description = "Plivo XML.", content_type = "text/xml", body = String),
        (status = 404, description = "Not believed, told before, or too late."),
        (status = 413, description = "A body has at most 16 KiB."),
    ))]
pub(in crate::api) async fn answer(
    State(app): State<AppState>,
    path: Result<Path<(String, String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((provider, secret, token)) = path.map_err(|_| refused())?;
    let Some(Receiver::Plivo(callbacks)) = app.webhooks.receiver(&provider, &secret) else {
        return Err(refused());
    };
    let received = Received::read(request, &app.webhooks.links).await?;
    if !callbacks.is_of_a_call(&received.callback()) {
        warn!(provider = plivo::NAME, "a request for the words of a call is not signed by Plivo");
        return Err(refused());
    }
    let speech = app.otp.speak(&app.database, &token).await?.ok_or_else(refused)?;
    let xml = plivo::answer_xml(&speech.code, &speech.language);
    let headers = [(CONTENT_TYPE, "text/xml; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    Ok((headers, xml.to_string()).into_response())
}
