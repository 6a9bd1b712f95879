//! The extractor of those who bring a valid access token. Reads no database while the replica hears of
//! the sessions that end, unless the token names a key that is new to us.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};

use crate::http::{Kind, Problem, STEP_UP_MAX_AGE, note_user};
use crate::sessions::Method;
use crate::state::AppState;
use crate::tokens::Claims;

/// What the bearer's token says.
#[derive(Clone, Debug)]
pub struct Bearer(pub Arc<Claims>);

impl FromRequestParts<AppState> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let token = token(&parts.headers)?;
        let claims = state
            .tokens
            .check(&state.database, token, state.clock.now())
            .await
            .map_err(|error| Problem::new(Kind::TokenInvalid).caused_by(error))?;
        let known = state.sessions.revocations();
        if known.has_ended(&state.database, claims.sid, claims.good_for()).await? {
            return Err(Problem::new(Kind::TokenInvalid).detail("The session has ended."));
        }
        note_user(&claims.sub);
        Ok(Self(claims))
    }
}

impl Bearer {
    /// Whether the token comes of a login with a code, at most [`STEP_UP_MAX_AGE`] ago. Refreshing a token
    /// does not make its login younger.
    pub(super) fn shows_fresh_code(&self, now: DateTime<Utc>) -> bool {
        let Self(claims) = self;
        let has_code = claims.amr.iter().any(|method| method == Method::OneTimeCode.as_str());
        let age = now.timestamp().saturating_sub(claims.auth_time);
        has_code && age <= STEP_UP_MAX_AGE.num_seconds()
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1): one header, the scheme in any case, one
/// or more spaces (RFC 9110, 11.4), a `b64token`.
pub fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| Problem::new(Kind::TokenMissing))?;
    let only = values.next().is_none();
    let token = only.then(|| read(value)).flatten();
    token.ok_or_else(|| Problem::new(Kind::TokenInvalid))
}

fn read(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    let is_b64token = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    let well_formed = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && token.bytes().all(is_b64token);
    well_formed.then_some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_headers(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        token(&headers).ok().map(str::to_owned)
    }

    #[test]
    fn a_bearer_header_is_read_and_everything_else_refused() {
        assert_eq!(read_headers(&["Bearer a.b-c_d~e+f/g="]).as_deref(), Some("a.b-c_d~e+f/g="));
        assert_eq!(read_headers(&["bEARER   abc"]).as_deref(), Some("abc"));
        for values in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearerabc"],
            &["Basic YTpi"],
            &["Bearer a b"],
            &["Bearer abc,Bearer def"],
            &["Bearer abc", "Bearer def"],
        ] {
            assert_eq!(read_headers(values), None, "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(value in "[ -~\\t]*") {
            let read = read_headers(&[&value]);
            if let Some(token) = read {
                prop_assert!(value.ends_with(&token));
                prop_assert!(!token.contains(' '));
            }
        }

        #[test]
        fn every_token_is_read_back(token in "[A-Za-z0-9._~+/=-]{1,200}") {
            let header = format!("Bearer {token}");
            prop_assert_eq!(read_headers(&[&header]), Some(token));
        }
    }
}
