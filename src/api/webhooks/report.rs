//! `POST /webhooks/{provider}/{secret}`: what a carrier reports, and the one question of Sinch.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use tracing::warn;

use crate::http::Problem;
use crate::otp::providers::callback::Event;
use crate::state::AppState;

use super::{Received, refused};

/// A carrier's report
///
/// What became of a message or call, in the carrier's own form; Sinch also asks whether a verification
/// may be sent. Signed as the carrier signs. What is not believed gets the answer of an unknown path.
#[utoipa::path(post, path = "/webhooks/{provider}/{secret}", tag = "carriers",
    operation_id = "carrierReport",
    params(
        ("provider" = String, Path, description = "As in `VERIFICATION_PROVIDER`."),
        ("secret" = String, Path, description = "From `ringfence providers webhooks`."),
    ),
    responses(
        (status = 200, description = "To a question of Sinch: whether it may send."),
        (status = 204, description = "Noted."),
        (status = 404, description = "Not believed, or not understood."),
        (status = 413, description = "A body has at most 16 KiB."),
    ))]
pub(in crate::api) async fn report(
    State(app): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path((provider, secret)) = path.map_err(|_| refused())?;
    let receiver = app.webhooks.receiver(&provider, &secret).ok_or_else(refused)?;
    let provider = receiver.name();
    let request = Received::read(request, &app.webhooks.links).await?;
    let event = receiver.read(&request.callback(), app.clock.now()).map_err(|refusal| {
        warn!(provider, refusal = &refusal as &dyn std::error::Error, "a callback is refused");
        refused()
    })?;
    match event {
        Event::Receipts(receipts) => {
            for receipt in &receipts {
                app.otp.note_receipt(&app.database, provider, receipt).await?;
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Event::MaySend(intended) => {
            let is_expected = app.otp.is_expected(&app.database, &intended).await?;
            if !is_expected {
                warn!(provider, "a verification that nobody here has started is denied");
            }
            let action = if is_expected { "allow" } else { "deny" };
            Ok(Json(json!({ "action": action })).into_response())
        }
    }
}
