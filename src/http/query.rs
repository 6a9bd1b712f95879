//! The parameters of a query (`?limit=20`), read like the fields of a body.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query as Pairs};
use axum::http::Uri;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use super::{FieldError, Fields};

/// The parameters, all of them texts. One that comes twice is wrong: which of the two was meant?
#[derive(Debug)]
pub struct Query(pub Fields);

impl Query {
    fn read(uri: &Uri) -> Self {
        let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(uri);
        let (mut values, mut errors) = (Map::new(), Vec::new());
        for (name, value) in pairs.map(|pairs| pairs.0).unwrap_or_default() {
            if values.contains_key(&name) {
                let message = "Send this parameter once.";
                errors.push(FieldError::new(&name, "ambiguous", message));
            }
            values.insert(name, Value::String(value));
        }
        Self(Fields::new(values, errors))
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Fields {
        Query::read(&format!("/?{query}").parse().unwrap()).0
    }

    #[test]
    fn parameters_are_read_as_browsers_write_them() {
        let mut fields = read("email=a%2Bb%40example.com&name=a+b&empty=&bare");
        assert_eq!(fields.text("email").as_deref(), Some("a+b@example.com"));
        assert_eq!(fields.text("name").as_deref(), Some("a b"));
        assert_eq!(fields.text("empty").as_deref(), Some(""));
        assert_eq!(fields.text("bare").as_deref(), Some(""));
        assert!(fields.finish(Some(())).is_ok());
    }

    #[test]
    fn one_that_comes_twice_or_that_nobody_asks_for_is_refused() {
        let mut fields = read("limit=1&limit=1");
        assert!(fields.text("limit").is_some());
        assert!(fields.finish(Some(())).is_err());
        assert!(read("limits=1").finish(Some(())).is_err());
    }
}
