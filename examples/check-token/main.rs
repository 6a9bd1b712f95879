//! Checks an access token of Ringfence, as another service would.
#![expect(clippy::print_stdout, reason = "what the token says is all that this program is for")]

use std::error::Error;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// What the access token says, if it is good. `issuer` is Ringfence's `BASE_URL`.
fn check(token: &str, issuer: &str, keys: &JwkSet) -> Result<Value, Box<dyn Error>> {
    let header = decode_header(token)?;
    if header.typ.as_deref() != Some("at+jwt") {
        return Err("not an access token".into());
    }
    let key = header.kid.and_then(|kid| keys.find(&kid)).ok_or("not signed by Ringfence")?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[issuer]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
    validation.validate_nbf = true;
    validation.leeway = 0;
    Ok(decode(token, &DecodingKey::from_jwk(key)?, &validation)?.claims)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [issuer, token] = [1, 2].map(|at| std::env::args().nth(at).unwrap_or_default());
    let keys = reqwest::get(format!("{issuer}/.well-known/jwks.json")).await?;
    println!("{}", check(&token, &issuer, &keys.json().await?)?);
    Ok(())
}
