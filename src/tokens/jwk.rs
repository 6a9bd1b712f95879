//! The public form of keys: JWK (RFC 7517), the set of them, and thumbprints (RFC 7638).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use utoipa::ToSchema;

use super::algorithm::SigningAlgorithm;

/// A JWK Set (RFC 7517, 5): the public halves of our keys. Empty with `JWT_SECRET`.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A public key.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Jwk {
    #[serde(flatten)]
    numbers: PublicNumbers,
    /// The name that tokens refer to: the thumbprint of RFC 7638.
    kid: String,
    /// The one algorithm of the key: `EdDSA`, `ES256` or `RS256`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    key_use: &'static str,
}

/// The kind of key and its numbers: what a thumbprint is made of. In lexical order, as RFC 7638 has
/// it.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PublicNumbers {
    /// `Ed25519` or `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "Ed25519")]
    crv: Option<&'static str>,
    /// The exponent of an RSA key, in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    e: Option<String>,
    /// `OKP` (RFC 8037, 2), `EC` (RFC 7518, 6.2) or `RSA` (RFC 7518, 6.3).
    #[schema(example = "OKP")]
    kty: &'static str,
    /// The modulus of an RSA key, in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    n: Option<String>,
    /// The key, or the point's first coordinate: 32 bytes in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    x: Option<String>,
    /// The point's second coordinate: 32 bytes in base64url.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    y: Option<String>,
}

/// The set as it is sent, and what tells one state of it from another.
#[derive(Clone, Debug)]
pub struct PublishedKeys {
    /// JSON.
    pub body: String,
    /// A strong entity tag (RFC 9110, 8.8.3), quotes and all.
    pub etag: String,
}

impl PublicNumbers {
    pub(super) fn ed25519(x: &[u8]) -> Self {
        Self { kty: "OKP", crv: Some("Ed25519"), x: Some(encoded(x)), ..Self::default() }
    }

    pub(super) fn p256(x: &[u8], y: &[u8]) -> Self {
        let (x, y) = (Some(encoded(x)), Some(encoded(y)));
        Self { kty: "EC", crv: Some("P-256"), x, y, ..Self::default() }
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Self {
        Self { kty: "RSA", n: Some(encoded(n)), e: Some(encoded(e)), ..Self::default() }
    }

    /// RFC 7638, and RFC 8037, 2 for `OKP`: SHA-256 of the required members, in lexical order,
    /// without blanks.
    pub(super) fn thumbprint(&self) -> String {
        let members = serde_json::to_vec(self).unwrap_or_default();
        encoded(digest(&SHA256, &members).as_ref())
    }
}

impl Jwk {
    pub(super) fn new(algorithm: SigningAlgorithm, numbers: PublicNumbers) -> Self {
        let kid = numbers.thumbprint();
        Self { numbers, kid, alg: algorithm.as_str(), key_use: "sig" }
    }
}

impl Jwks {
    pub(super) fn published(&self) -> PublishedKeys {
        let body = serde_json::to_string(self).unwrap_or_default();
        let hash = digest(&SHA256, body.as_bytes());
        let etag = format!("\"{}\"", encoded(&hash.as_ref()[..16]));
        PublishedKeys { body, etag }
    }
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn the_thumbprint_of_an_okp_key_is_that_of_rfc_8037_appendix_a_3() {
        let numbers =
            PublicNumbers::ed25519(&decoded("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"));
        assert_eq!(numbers.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_thumbprint_of_an_rsa_key_is_that_of_rfc_7638_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1\
            L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65\
            YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-\
            bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let numbers = PublicNumbers::rsa(&decoded(n), &decoded("AQAB"));
        assert_eq!(numbers.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn the_thumbprint_of_an_ec_key_is_that_of_rfc_9449_6_1() {
        let numbers = PublicNumbers::p256(
            &decoded("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"),
            &decoded("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"),
        );
        assert_eq!(numbers.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    }
}
