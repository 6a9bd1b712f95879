//! A form body, `application/x-www-form-urlencoded`: what the OAuth endpoints take instead of JSON.
//!
//! Parameters that nobody asked for are ignored, and one that comes twice is refused (RFC 6749, 3.2).

use std::collections::HashMap;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;

use super::fields::read_body;
use super::{Kind, Problem};

/// OAuth's requests have two or three.
const PARAMETERS_MAX: usize = 32;

/// The parameters of a form.
#[derive(Debug)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// The parameter, if it is there. One without a value is not there (RFC 6749, 3.2).
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name).filter(|value| !value.is_empty())
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut parameters = HashMap::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let (name, value) = (halves.next()?, halves.next().unwrap_or_default());
            let is_new = parameters.insert(decode(name)?, decode(value)?).is_none();
            if !is_new || parameters.len() > PARAMETERS_MAX {
                return None;
            }
        }
        Some(Self(parameters))
    }
}

/// Percent-encoding with `+` for a blank. `None`: broken, or not UTF-8.
fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = text.iter().copied();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
                high << 4 | low
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Problem::new(Kind::ContentTypeNotSupported)
                .detail("Send a form: application/x-www-form-urlencoded."));
        }
        let body = read_body(request.into_body()).await?;
        Self::parse(&body).ok_or_else(Self::invalid)
    }
}

impl Form {
    /// RFC 6749, 5.2, in a problem document: `error` is for OAuth's clients.
    pub fn invalid() -> Problem {
        Problem::new(Kind::FormInvalid).with("error", "invalid_request")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let mut form = Form::parse(b"token=a%2Fb+c%C3%A9&token_type_hint=&x").unwrap();
        assert_eq!(form.take("token").as_deref(), Some("a/b cé"));
        assert_eq!(form.take("token_type_hint"), None);
        assert_eq!(form.take("x"), None);
    }

    #[test]
    fn what_is_broken_or_comes_twice_is_refused() {
        for body in [&b"token=a&token=b"[..], b"token=%", b"token=%4", b"token=%zz", b"t=%ff"] {
            assert!(Form::parse(body).is_none(), "{body:?}");
        }
        let many: Vec<_> = (0..=PARAMETERS_MAX).map(|number| format!("p{number}=1")).collect();
        assert!(Form::parse(many.join("&").as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn every_value_is_read_back(value in ".{1,60}") {
            let encoded = value.bytes().fold(String::new(), |all, byte| all + &format!("%{byte:02X}"));
            let mut form = Form::parse(format!("token={encoded}").as_bytes()).unwrap();
            prop_assert_eq!(form.take("token"), Some(value));
        }

        #[test]
        fn whatever_comes_is_read_or_refused(body: Vec<u8>) {
            let _ = Form::parse(&body);
        }
    }
}
