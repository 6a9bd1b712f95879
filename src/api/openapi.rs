//! The `OpenAPI` 3.1 document, generated from the endpoints and completed by what all of them share:
//! problem documents, their codes, and the headers of every answer.

use axum::body::Bytes;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, License, OpenApi, OpenApiBuilder, tag::TagBuilder};
use utoipa::{PartialSchema as _, ToSchema};

use crate::http::{FieldError, Kind};
use crate::proofs::Challenge;

use super::{admin, v1};

/// Every refusal of this API (RFC 9457).
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what http::Problem renders")]
struct ProblemDocument {
    /// Where the kind of problem is described: `/docs#error-` and the code.
    #[schema(example = "/docs#error-otp_invalid")]
    r#type: String,
    /// The same for every problem of the kind.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time.
    detail: String,
    /// The stable name that programs branch on.
    #[schema(example = "otp_invalid")]
    code: String,
    /// Under which the server has logged the request.
    request_id: String,
    /// With `validation_failed`: every field at fault.
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// When to come back, in seconds.
    #[schema(required = false)]
    retry_after: u64,
    /// Guesses left for this code.
    #[schema(required = false)]
    attempts_left: u16,
    /// Until when the code is good.
    #[schema(required = false, format = "date-time")]
    code_expires_at: String,
    /// Which limit is reached.
    #[schema(required = false, example = "otp_sends")]
    limit: String,
    /// What the limit counts by: `address`, `block`, `number`, `number_prefix`, `country`, `user` or `session`.
    #[schema(required = false, example = "number")]
    scope: String,
    /// With `challenge_required`: what to do before the request is sent again.
    #[schema(required = false)]
    challenge: Challenge,
}

/// What every request to a route under `/api` can meet.
const OF_EVERY_ENDPOINT: &[Kind] =
    &[Kind::RequestTimeout, Kind::RateLimited, Kind::InternalError, Kind::DatabaseUnavailable];

/// … and every one with a body.
const OF_EVERY_BODY: &[Kind] =
    &[Kind::JsonInvalid, Kind::ValidationFailed, Kind::BodyTooLarge, Kind::ContentTypeNotSupported];

/// The problems that each operation has to itself.
const OF_OPERATIONS: &[(&str, &[Kind])] = &[
    ("register", v1::auth::register::PROBLEMS),
    ("login", v1::auth::login::PROBLEMS),
    ("requestOtp", v1::auth::request_otp::PROBLEMS),
    ("verifyOtp", v1::auth::verify_otp::PROBLEMS),
    ("verifyEmail", v1::auth::verify_email::PROBLEMS),
    ("changeEmail", v1::profile::email::PROBLEMS),
    ("session", v1::auth::session::PROBLEMS),
    ("refresh", v1::auth::refresh::PROBLEMS),
    ("logout", v1::auth::logout::PROBLEMS),
    ("sessions", v1::auth::sessions::PROBLEMS),
    ("endSession", v1::auth::sessions::END_PROBLEMS),
    ("revoke", v1::auth::revoke::PROBLEMS),
    ("introspect", v1::auth::introspect::PROBLEMS),
    ("changePassword", v1::auth::password::change::PROBLEMS),
    ("forgotPassword", v1::auth::password::forgot::PROBLEMS),
    ("resetPassword", v1::auth::password::reset::PROBLEMS),
    ("undoPhone", v1::auth::phone::undo::PROBLEMS),
    ("profile", v1::profile::PROBLEMS),
    ("editProfile", v1::profile::edit::PROBLEMS),
    ("deleteProfile", v1::profile::delete::PROBLEMS),
    ("exportProfile", v1::profile::export::PROBLEMS),
    ("adminListUsers", v1::admin::users::list::PROBLEMS),
    ("adminCreateUser", v1::admin::users::create::PROBLEMS),
    ("adminShowUser", v1::admin::users::show::PROBLEMS),
    ("adminDeleteUser", v1::admin::users::delete::PROBLEMS),
    ("adminLockUser", v1::admin::users::lock::PROBLEMS),
    ("adminUnlockUser", v1::admin::users::unlock::PROBLEMS),
    ("adminSetRoles", v1::admin::users::roles::PROBLEMS),
    ("adminResetPassword", v1::admin::users::reset_password::PROBLEMS),
    ("adminListSessions", v1::admin::users::sessions::PROBLEMS),
    ("adminEndSessions", v1::admin::users::sessions::END_PROBLEMS),
    ("adminEndSession", v1::admin::users::sessions::END_ONE_PROBLEMS),
    ("changePhone", v1::profile::phone::PROBLEMS),
    ("confirmPhone", v1::profile::phone::confirm::PROBLEMS),
    ("beginTotp", v1::profile::totp::PROBLEMS),
    ("removeTotp", v1::profile::totp::REMOVE_PROBLEMS),
    ("confirmTotp", v1::profile::totp::confirm::PROBLEMS),
];

/// The document.
pub fn document() -> Value {
    let routes =
        super::guarded_routes().merge(super::open_routes()).merge(super::unlimited_routes());
    let routes = routes.merge(super::admin_routes()).merge(super::webhook_routes());
    let (_, generated) = routes.split_for_parts();
    let mut openapi = base();
    openapi.merge(generated);
    let mut document = serde_json::to_value(openapi).unwrap_or_default();
    document["components"]["schemas"]["ProblemDocument"] =
        serde_json::to_value(ProblemDocument::schema()).unwrap_or_default();
    document["components"]["schemas"]["FieldError"] =
        serde_json::to_value(FieldError::schema()).unwrap_or_default();
    document["components"]["schemas"]["Challenge"] =
        serde_json::to_value(Challenge::schema()).unwrap_or_default();
    document["x-error-codes"] = Kind::ALL.iter().map(|kind| describe(*kind)).collect();
    complete_operations(&mut document);
    close_bodies(&mut document);
    document
}

/// The document as it is sent and kept in `docs/openapi.json`.
pub fn document_bytes() -> Bytes {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text.into()
}

fn base() -> OpenApi {
    let mut info = Info::new("Ringfence", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A self-hosted, phone-verified auth server. Register, log in, enter the code that was \
         sent to the phone, and use the access token. Every refusal is a problem document \
         (RFC 9457) with a stable `code`."
            .to_owned(),
    );
    info.license = Some(License::new("Apache-2.0 OR MIT"));
    let tags = [
        ("auth", "Signing up and logging in."),
        ("account", "The signed-in person."),
        ("admin", "For administrators; docs/admin.md says who may."),
        ("tokens", "For services that check tokens themselves."),
        ("carriers", "For the carriers of codes; docs/webhooks.md says how to set them up."),
        ("operations", "For those who run the server."),
    ];
    let tags =
        tags.map(|(name, words)| TagBuilder::new().name(name).description(Some(words)).build());
    let mut openapi = OpenApiBuilder::new().info(info).tags(Some(tags)).build();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let client = SecurityScheme::Http(Http::new(HttpAuthScheme::Basic));
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme("bearer", bearer);
    components.add_security_scheme("client", client);
    openapi
}

fn describe(kind: Kind) -> Value {
    let entry = kind.entry();
    json!({
        "code": entry.code,
        "status": entry.status.as_u16(),
        "title": entry.title,
        "description": entry.description,
    })
}

fn complete_operations(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (path, methods) in paths {
        for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if path.starts_with("/api/") {
                add_problems(operation, path.starts_with("/api/v1/admin/"));
            }
            add_headers(operation, path.starts_with("/api/"));
        }
    }
}

fn add_problems(operation: &mut Value, is_admins: bool) {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let own = OF_OPERATIONS.iter().find(|(operation, _)| *operation == id);
    let has_body = !operation["requestBody"]["content"]["application/json"].is_null();
    let of_body = if has_body { OF_EVERY_BODY } else { &[] };
    let of_admins = if is_admins { admin::PROBLEMS } else { &[] };
    let own = own.map_or(&[][..], |(_, kinds)| kinds);
    if own.contains(&Kind::ChallengeRequired) {
        add_challenge_response(operation);
    }
    let kinds = of_admins.iter().chain(own).chain(of_body).chain(OF_EVERY_ENDPOINT);
    for kind in kinds {
        let entry = kind.entry();
        let response = &mut operation["responses"][entry.status.as_str()];
        if response.is_null() {
            *response = json!({
                "description": "",
                "content": {"application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/ProblemDocument"}
                }},
                "x-error-codes": [],
            });
        }
        let words = response["description"].as_str().unwrap_or_default();
        let words = format!(
            "{words}{}`{}`: {}",
            if words.is_empty() { "" } else { " " },
            entry.code,
            entry.title
        );
        response["description"] = words.into();
        if let Some(codes) = response["x-error-codes"].as_array_mut() {
            codes.push(entry.code.into());
        }
    }
}

/// Where the proof goes that a challenge was met.
fn add_challenge_response(operation: &mut Value) {
    let parameter = json!({
        "name": "Challenge-Response",
        "in": "header",
        "required": false,
        "description": "The proof that the `challenge` of an earlier 428 was met: for `pow` the base64 of a \
            JSON object with its `algorithm`, `challenge`, `salt` and `signature` and the `number`, for a \
            captcha its token. What is longer than 8192 bytes counts as none, and where nobody asks for a \
            proof none is looked at.",
        "schema": {"type": "string"},
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

fn add_headers(operation: &mut Value, is_limited: bool) {
    let responses = operation["responses"].as_object_mut().into_iter().flatten();
    for (status, response) in responses {
        let headers = &mut response["headers"];
        headers["X-Request-Id"] =
            header("Under which the server has logged the request.", "string");
        if is_limited {
            headers["RateLimit-Limit"] = header("Requests in the window.", "integer");
            headers["RateLimit-Remaining"] = header("Requests left.", "integer");
            headers["RateLimit-Reset"] = header("Seconds until all of them are back.", "integer");
        }
        if matches!(status.as_str(), "429" | "503") {
            headers["Retry-After"] = header("When to come back, in seconds.", "integer");
        }
        if status == "401" {
            headers["WWW-Authenticate"] =
                header("RFC 6750; RFC 9470 where a fresh login is asked for.", "string");
        }
    }
}

fn header(description: &str, of_type: &str) -> Value {
    json!({"description": description, "schema": {"type": of_type}})
}

/// A field that we do not know is refused, so the schemas of bodies say so.
fn close_bodies(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations =
        paths.flat_map(|methods| methods.as_object_mut().into_iter().flat_map(Map::values_mut));
    let mut names = Vec::new();
    for operation in operations {
        let schema = operation.pointer_mut("/requestBody/content/application~1json/schema");
        let Some(schema) = schema else { continue };
        // A body that need not be there; where it is, it is no `null`.
        if let Some(body) = schema.pointer("/oneOf/0").cloned() {
            *schema = body;
        }
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        names.extend(name.map(str::to_owned));
    }
    for name in names {
        document["components"]["schemas"][name]["additionalProperties"] = false.into();
    }
}
