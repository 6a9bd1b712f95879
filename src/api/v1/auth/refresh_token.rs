//! How a refresh token travels: in the body, or, for browsers, in a cookie that no script can read.
//!
//! A browser sends a cookie along with whatever request a page makes it send. `SameSite=Strict` keeps
//! other sites from that; pages of one's own site that one does not trust with it are kept out by
//! their origin.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderName, HeaderValue, ORIGIN, SET_COOKIE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};

use crate::foundation::whole_seconds_until;
use crate::http::{Fields, Kind, Problem};
use crate::sessions::IssuedRefresh;
use crate::state::App;

/// `__Host-`: a browser takes it over TLS only, for this host and no other, and for every path.
const COOKIE_NAME: &str = "__Host-ringfence-refresh";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// `refreshTokenIn`: where a client wants its refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum RefreshTokenIn {
    #[default]
    Body,
    Cookie,
}

/// A refresh token on its way out.
pub(super) struct Handed {
    /// For the body.
    pub(super) text: Option<String>,
    /// For how many seconds it is good, unless it is used.
    pub(super) expires_in: u64,
    cookie: Option<HeaderValue>,
}

/// An answer, and what becomes of the cookie with it.
pub(in crate::api) struct WithCookie<T> {
    answer: T,
    cookie: Option<HeaderValue>,
}

impl RefreshTokenIn {
    /// The field, which may be there.
    pub(super) fn read(fields: &mut Fields) -> Self {
        let wanted =
            fields.optional("refreshTokenIn", "refresh_token_in_invalid", |text| match text {
                "body" => Ok(Self::Body),
                "cookie" => Ok(Self::Cookie),
                _ => Err("Either \"body\" or \"cookie\"."),
            });
        wanted.unwrap_or_default()
    }

    /// With a cookie, the page that asks must be one of ours.
    pub(super) fn require_own_page(self, app: &App, headers: &HeaderMap) -> Result<(), Problem> {
        let is_allowed = match self {
            Self::Body => true,
            Self::Cookie => is_own_page(&app.page_origins, headers),
        };
        is_allowed.then_some(()).ok_or_else(|| Problem::new(Kind::OriginNotAllowed))
    }

    /// Makes the token ready to travel.
    pub(super) fn hand(self, refresh: &IssuedRefresh, now: DateTime<Utc>) -> Handed {
        let expires_in = whole_seconds_until(refresh.expires_at, now);
        let text = refresh.text.expose();
        match self {
            Self::Body => Handed { text: Some(text.to_owned()), expires_in, cookie: None },
            Self::Cookie => {
                let cookie = format!("{COOKIE_NAME}={text}; Max-Age={expires_in}; {ATTRIBUTES}");
                Handed { text: None, expires_in, cookie: sensitive(&cookie) }
            }
        }
    }
}

impl Handed {
    /// Puts the cookie, if there is one, beside the answer.
    pub(super) fn with<T>(self, answer: T) -> WithCookie<T> {
        WithCookie { answer, cookie: self.cookie }
    }
}

impl<T> WithCookie<T> {
    /// An answer that says nothing of the cookie.
    pub(super) fn untouched(answer: T) -> Self {
        Self { answer, cookie: None }
    }

    /// An answer that takes the cookie away.
    pub(super) fn cleared(answer: T) -> Self {
        Self { answer, cookie: sensitive(&format!("{COOKIE_NAME}=; Max-Age=0; {ATTRIBUTES}")) }
    }

    /// The same with another answer.
    pub(super) fn map<U>(self, to: impl FnOnce(T) -> U) -> WithCookie<U> {
        WithCookie { answer: to(self.answer), cookie: self.cookie }
    }
}

impl<T: IntoResponse> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = self.answer.into_response();
        if let Some(cookie) = self.cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }
}

/// The token in the cookie. Two cookies of one name are none: a browser has but one.
pub(super) fn in_cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value);
    let value = found.next().filter(|value| !value.is_empty())?;
    found.next().is_none().then(|| value.to_owned())
}

/// Whether the request was made by a page of ours. Browsers send `Origin` with every POST; where it is
/// not on the list, a page of this very host is known by `Sec-Fetch-Site`, which no script can set.
fn is_own_page(origins: &[HeaderValue], headers: &HeaderMap) -> bool {
    let is_listed = headers.get(ORIGIN).is_some_and(|origin| origins.contains(origin));
    is_listed || headers.get(SEC_FETCH_SITE).is_some_and(|site| site == "same-origin")
}

fn sensitive(cookie: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let read = |line: &str| in_cookie(&headers(&[(COOKIE, line)]));
        assert_eq!(read("a=b; __Host-ringfence-refresh=abc; c=d").as_deref(), Some("abc"));
        assert_eq!(read("__Host-ringfence-refresh=abc").as_deref(), Some("abc"));
        for line in [
            "",
            "a=b",
            "__Host-ringfence-refresh=",
            "x__Host-ringfence-refresh=abc",
            "__host-ringfence-refresh=abc",
            "__Host-ringfence-refresh=abc; __Host-ringfence-refresh=def",
        ] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }

    #[test]
    fn only_pages_of_ours_may_use_the_cookie() {
        let ours = [HeaderValue::from_static("https://app.example.com")];
        let is_own = |pairs: &[(HeaderName, &str)]| is_own_page(&ours, &headers(pairs));
        assert!(is_own(&[(ORIGIN, "https://app.example.com")]));
        assert!(is_own(&[(SEC_FETCH_SITE, "same-origin")]));
        assert!(!is_own(&[]));
        for origin in ["null", "https://example.com", "https://app.example.com.evil.test"] {
            assert!(!is_own(&[(ORIGIN, origin)]), "{origin}");
        }
        for site in ["same-site", "cross-site", "none"] {
            assert!(!is_own(&[(SEC_FETCH_SITE, site)]), "{site}");
        }
    }

    proptest! {
        #[test]
        fn any_line_of_cookies_is_read_or_refused(line in "[ -~]{0,200}") {
            if let Some(value) = in_cookie(&headers(&[(COOKIE, &line)])) {
                prop_assert!(!value.is_empty() && !value.contains(';'));
            }
        }
    }
}
