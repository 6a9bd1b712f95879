//! Application signed requests: the signature that Sinch asks of us, and puts on its callbacks.
//!
//! Owns the string to sign and the reading of the secret; serves both directions, so that a
//! webhook is verified by the rules by which requests are signed. Never shows the secret.
//! Source: developers.sinch.com, Verification, "Application signed request".

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use md5::{Digest as _, Md5};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

/// Secrets come without padding and with stray bits at the end; both are in Sinch's own tests.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// The application secret is not base64 of at least one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the application secret is not base64")]
pub struct SecretNotBase64;

/// The key under which requests are signed: the decoded application secret.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

/// Everything of a request that the signature covers.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `POST`, `PUT`, `GET`.
    pub method: &'a str,
    /// The `Content-Type` header byte for byte; empty where the request has none.
    pub content_type: &'a str,
    /// The `x-timestamp` header byte for byte.
    pub timestamp: &'a str,
    /// The path with its leading slash, as it is sent: no host, no query.
    pub path: &'a str,
    /// The raw body; empty where the request has none.
    pub body: &'a [u8],
}

/// Why a signed request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The header is not `Application key:signature`.
    #[error("the authorization header is missing or not of the application scheme")]
    Authorization,
    /// Signed for another application.
    #[error("the application key is not ours")]
    Key,
    /// The time-stamp cannot be read.
    #[error("the time-stamp is missing or not an ISO 8601 time")]
    Timestamp,
    /// The time-stamp lies too far from our clock.
    #[error("the time-stamp is too old or too new")]
    Age,
    /// The signature does not fit the request.
    #[error("the signature is wrong")]
    Signature,
}

impl SigningKey {
    /// Reads the application secret as the dashboard shows it: base64 or base64url, padded or not.
    pub fn decode(secret: &SecretString) -> Result<Self, SecretNotBase64> {
        let plain = Zeroizing::new(
            secret.expose_secret().trim_end_matches('=').replace('-', "+").replace('_', "/"),
        );
        let bytes = Zeroizing::new(LENIENT.decode(plain.as_bytes()).map_err(|_| SecretNotBase64)?);
        if bytes.is_empty() {
            return Err(SecretNotBase64);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of the `Authorization` header for `request`.
    pub fn authorization(&self, app_key: &str, request: &Signed<'_>) -> String {
        let tag = hmac::sign(&self.0, request.string_to_sign().as_bytes());
        format!("Application {app_key}:{}", STANDARD.encode(tag.as_ref()))
    }

    /// Whether `authorization` is the header that the owner of `app_key` would have put on
    /// `request`, not longer than `max_age` before or after `now`.
    ///
    /// The scheme's name may be written in any case. The signature is compared in constant time.
    /// A caller must still see to it that the same callback is not taken twice.
    pub fn verify(
        &self,
        app_key: &str,
        authorization: &str,
        request: &Signed<'_>,
        now: DateTime<Utc>,
        max_age: TimeDelta,
    ) -> Result<(), SignatureFault> {
        let (key, signature) = authorization
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("application"))
            .and_then(|(_, credentials)| credentials.trim().split_once(':'))
            .ok_or(SignatureFault::Authorization)?;
        if key != app_key {
            return Err(SignatureFault::Key);
        }
        let timestamp = DateTime::parse_from_rfc3339(request.timestamp)
            .map_err(|_| SignatureFault::Timestamp)?;
        if now.signed_duration_since(timestamp).abs() > max_age {
            return Err(SignatureFault::Age);
        }
        let tag = STANDARD.decode(signature).map_err(|_| SignatureFault::Signature)?;
        hmac::verify(&self.0, request.string_to_sign().as_bytes(), &tag)
            .map_err(|_| SignatureFault::Signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

impl Signed<'_> {
    fn string_to_sign(&self) -> String {
        let content_md5 = if self.body.is_empty() {
            String::new()
        } else {
            STANDARD.encode(Md5::digest(self.body))
        };
        format!(
            "{}\n{content_md5}\n{}\nx-timestamp:{}\n{}",
            self.method, self.content_type, self.timestamp, self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_YEARS: TimeDelta = TimeDelta::days(3653);

    struct Vector {
        app_key: &'static str,
        secret: &'static str,
        request: Signed<'static>,
        signature: &'static str,
    }

    /// sinch-sdk-java, `ApplicationAuthManagerTest`.
    const JAVA_REQUEST: Vector = Vector {
        app_key: "my-key-id",
        secret: "bXkta2V5LXNlY3JldA==",
        request: Signed {
            method: "POST",
            content_type: "application/json; charset=UTF-8",
            timestamp: "2023-11-22T09:10:11.999Z",
            path: "/path/pathParamValue",
            body: br#"{"identity":{"type":"number","endpoint":"+33444555666"},"method":"sms"}"#,
        },
        signature: "QP3OzQZVzRZAEev6DBLvJkgpiqyZPuXYsc7oyjUV0K8=",
    };

    /// sinch-sdk-java, `SinchEventsServiceTest`: a callback, and a secret without padding.
    const JAVA_CALLBACK: Vector = Vector {
        app_key: "789",
        secret: "9876543210",
        request: Signed {
            method: "POST",
            content_type: "application/json; charset=utf-8",
            timestamp: "2023-12-01T15:01:20.0406449Z",
            path: "/VerificationRequestEvent",
            body: br#"{"id":"018c25e1-7163-5677-b8fb-467d7b1cffa5","event":"VerificationResultEvent","method":"sms","identity":{"verified":false,"type":"number","endpoint":"+33628254417"},"status":"FAIL","reason":"Expired"}"#,
        },
        signature: "xfKhO0XvlRNJraahUBEJzzi1f3Fn3pYO41/ZzwOHPaQ=",
    };

    /// sinch/docs, `using-rest.md`: the same scheme in the Voice API.
    const DOCS_CALLBACK: Vector = Vector {
        app_key: "669E367E-6BBA-48AB-AF15-266871C28135",
        secret: "BeIukql3pTKJ8RGL5zo0DA==",
        request: Signed {
            method: "POST",
            content_type: "application/json",
            timestamp: "2014-09-24T10:59:41Z",
            path: "/sinch/callback/ace",
            body: br#"{"event":"ace","callid":"822aa4b7-05b4-4d83-87c7-1f835ee0b6f6_257","timestamp":"2014-09-24T10:59:41Z","version":1}"#,
        },
        signature: "Tg6fMyo8mj9pYfWQ9ssbx3Tc1BNC87IEygAfLbJqZb4=",
    };

    fn key(secret: &str) -> SigningKey {
        SigningKey::decode(&SecretString::from(secret)).unwrap()
    }

    fn verify(authorization: &str, request: &Signed<'_>) -> Result<(), SignatureFault> {
        let now = DateTime::parse_from_rfc3339("2023-12-01T15:02:00Z").unwrap().to_utc();
        let Vector { app_key, secret, .. } = JAVA_CALLBACK;
        key(secret).verify(app_key, authorization, request, now, TimeDelta::minutes(5))
    }

    fn genuine() -> String {
        format!("Application {}:{}", JAVA_CALLBACK.app_key, JAVA_CALLBACK.signature)
    }

    #[test]
    fn published_vectors_are_reproduced_and_verified() {
        for Vector { app_key, secret, request, signature } in
            [JAVA_REQUEST, JAVA_CALLBACK, DOCS_CALLBACK]
        {
            let key = key(secret);
            let header = format!("Application {app_key}:{signature}");
            assert_eq!(key.authorization(app_key, &request), header);
            let now = DateTime::parse_from_rfc3339("2023-12-01T00:00:00Z").unwrap().to_utc();
            assert_eq!(key.verify(app_key, &header, &request, now, TEN_YEARS), Ok(()));
        }
    }

    #[test]
    fn without_a_body_the_digest_line_is_empty() {
        let request = Signed { body: b"", content_type: "", ..JAVA_REQUEST.request };
        assert_eq!(
            request.string_to_sign(),
            "POST\n\n\nx-timestamp:2023-11-22T09:10:11.999Z\n/path/pathParamValue"
        );
    }

    #[test]
    fn a_secret_is_read_in_either_alphabet_and_with_any_padding() {
        let request = JAVA_REQUEST.request;
        let expected = key("+/8=").authorization("k", &request);
        for secret in ["-_8=", "-_8", "+/8", "+/8=="] {
            assert_eq!(key(secret).authorization("k", &request), expected);
        }
        for secret in ["", "=", "a", "no base64!"] {
            assert!(SigningKey::decode(&SecretString::from(secret)).is_err(), "{secret}");
        }
    }

    #[test]
    fn the_scheme_may_be_in_lower_case() {
        let header = genuine().replace("Application", "application");
        assert_eq!(verify(&header, &JAVA_CALLBACK.request), Ok(()));
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        let basic = genuine().replace("Application", "Basic");
        for header in ["", "Application", "Application ", "Application 789", &basic] {
            let verdict = verify(header, &JAVA_CALLBACK.request);
            assert_eq!(verdict, Err(SignatureFault::Authorization), "{header}");
        }
    }

    #[test]
    fn another_application_is_refused() {
        let header = genuine().replace("789", "790");
        assert_eq!(verify(&header, &JAVA_CALLBACK.request), Err(SignatureFault::Key));
    }

    #[test]
    fn a_signature_that_does_not_fit_is_refused() {
        let other = format!("Application 789:{}", JAVA_REQUEST.signature);
        let short = format!("Application 789:{}", &JAVA_CALLBACK.signature[..20]);
        for header in [other.as_str(), &short, "Application 789:", "Application 789:*"] {
            let verdict = verify(header, &JAVA_CALLBACK.request);
            assert_eq!(verdict, Err(SignatureFault::Signature), "{header}");
        }
    }

    #[test]
    fn every_part_of_the_request_is_covered() {
        let signed = JAVA_CALLBACK.request;
        for changed in [
            Signed { method: "PUT", ..signed },
            Signed { content_type: "application/json", ..signed },
            Signed { timestamp: "2023-12-01T15:01:20.0406440Z", ..signed },
            Signed { path: "/verificationrequestevent", ..signed },
            Signed { body: b"{}", ..signed },
        ] {
            let verdict = verify(&genuine(), &changed);
            assert_eq!(verdict, Err(SignatureFault::Signature), "{changed:?}");
        }
    }

    #[test]
    fn a_stale_or_unreadable_time_is_refused() {
        let signed = JAVA_CALLBACK.request;
        for (timestamp, fault) in [
            ("2023-12-01T14:56:59Z", SignatureFault::Age),
            ("2023-12-01T15:07:01Z", SignatureFault::Age),
            ("yesterday", SignatureFault::Timestamp),
            ("", SignatureFault::Timestamp),
        ] {
            assert_eq!(verify(&genuine(), &Signed { timestamp, ..signed }), Err(fault));
        }
    }

    #[test]
    fn debug_output_tells_nothing() {
        assert_eq!(format!("{:?}", key("9876543210")), "SigningKey([redacted])");
    }
}
