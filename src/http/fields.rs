//! A JSON body, read field by field, so that everything wrong with it is told at once.

use std::fmt::Display;

use axum::body::Body;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Kind, Problem};

/// 16 KiB: far more than any of our requests needs.
const BODY_MAX: usize = 16 * 1024;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field's name.
    pub field: String,
    /// Words for a person.
    pub message: String,
    /// A stable name for programs.
    pub code: &'static str,
}

impl FieldError {
    /// Something is wrong with `field`.
    pub fn new(field: &str, code: &'static str, message: impl Display) -> Self {
        Self { field: field.to_owned(), message: message.to_string(), code }
    }
}

/// The fields of a body that have not been asked for yet, and what is wrong so far.
#[derive(Debug, Default)]
pub struct Fields {
    values: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Fields that came otherwise than in a body.
    pub(super) fn new(values: Map<String, Value>, errors: Vec<FieldError>) -> Self {
        Self { values, errors }
    }

    /// A text that must be there, parsed.
    pub fn required<T, E: Display>(
        &mut self,
        name: &'static str,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.values.get(name).is_none_or(Value::is_null) {
            self.values.remove(name);
            self.error(FieldError::new(name, "required", "This field is required."));
            return None;
        }
        self.optional(name, code, parse)
    }

    /// A text that may be there, parsed. `null` counts as not there.
    pub fn optional<T, E: Display>(
        &mut self,
        name: &'static str,
        code: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.error(FieldError::new(name, code, error));
                None
            }
        }
    }

    /// A text that may be there, as it is.
    pub fn text(&mut self, name: &'static str) -> Option<String> {
        match self.values.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                self.error(FieldError::new(name, "wrong_type", "This field is a string."));
                None
            }
        }
    }

    /// A yes or no that may be there.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.values.remove(name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(flag),
            _ => {
                self.error(FieldError::new(name, "wrong_type", "This field is true or false."));
                None
            }
        }
    }

    /// A list of texts that may be there, each parsed. The first that is wrong is told.
    pub fn list<T, E: Display>(
        &mut self,
        name: &'static str,
        code: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        let entries = match self.values.remove(name)? {
            Value::Null => return None,
            Value::Array(entries) => entries,
            _ => Vec::from([Value::Null]),
        };
        let texts: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
        let Some(texts) = texts else {
            self.error(FieldError::new(name, "wrong_type", "This field is a list of strings."));
            return None;
        };
        match texts.into_iter().map(parse).collect() {
            Ok(values) => Some(values),
            Err(error) => {
                self.error(FieldError::new(name, code, error));
                None
            }
        }
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the field is there and `null`, which is all that there is to read of it then.
    pub fn take_null(&mut self, name: &str) -> bool {
        let is_null = self.values.get(name).is_some_and(Value::is_null);
        if is_null {
            self.values.remove(name);
        }
        is_null
    }

    /// Something else is wrong.
    pub fn error(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    /// The finished request, or everything that is wrong with it. A field that nobody asked for is
    /// wrong too, so that a typing error is never silently dropped.
    pub fn finish<T>(mut self, request: Option<T>) -> Result<T, Problem> {
        let unknown = self.values.keys();
        let unknown =
            unknown.map(|name| FieldError::new(name, "unknown_field", "There is no such field."));
        self.errors.extend(unknown);
        match request {
            Some(request) if self.errors.is_empty() => Ok(request),
            _ => Err(Problem::validation(self.errors)),
        }
    }
}

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(Kind::ContentTypeNotSupported));
        }
        let body = read_body(request.into_body()).await?;
        let invalid = |detail: String| Problem::new(Kind::JsonInvalid).detail(detail);
        match serde_json::from_slice(&body) {
            Ok(Value::Object(values)) => Ok(Self { values, errors: Vec::new() }),
            Ok(_) => Err(invalid("The body is not a JSON object.".to_owned())),
            Err(error) => Err(invalid(format!(
                "The body is not valid JSON: line {}, column {}.",
                error.line(),
                error.column()
            ))),
        }
    }
}

/// For requests that may come without a body: one without `Content-Type` has none.
impl<S: Sync> OptionalFromRequest<S> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            let body = read_body(request.into_body()).await?;
            return if body.is_empty() {
                Ok(None)
            } else {
                Err(Problem::new(Kind::ContentTypeNotSupported))
            };
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

/// Reads a whole body of at most 16 KiB.
pub async fn read_body(body: Body) -> Result<axum::body::Bytes, Problem> {
    match Limited::new(body, BODY_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(Kind::BodyTooLarge)),
        Err(error) => Err(Problem::new(Kind::JsonInvalid)
            .detail("The body ended early.")
            .caused_by(anyhow::anyhow!(error))),
    }
}

/// `application/json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    let Some(Ok(content_type)) = content_type else { return false };
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}
