//! Issuing access tokens and checking them.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::foundation::{Entropy, EntropyError, SessionId, TokenId, UserId};

use super::keys::{Jwks, SigningKeys};

/// RFC 9068, 2.1.
const TOKEN_TYPE: &str = "at+jwt";
/// Ours have some 700 characters; headers above 8 KiB are refused by most servers anyway.
const LENGTH_MAX: usize = 4096;

/// Issues tokens and checks them.
#[derive(Debug)]
pub struct AccessTokens {
    keys: SigningKeys,
    issuer: String,
    lifetime: TimeDelta,
    entropy: Entropy,
}

/// What a token is issued for.
#[derive(Clone)]
pub struct Grant {
    /// The claim `sub`.
    pub user: UserId,
    /// The claim `sid`.
    pub session: SessionId,
    /// The claim `email`.
    pub email: String,
    /// The claim `isVerified`.
    pub is_verified: bool,
    /// The claim `amr`.
    pub amr: Vec<String>,
    /// The claim `auth_time`.
    pub authenticated_at: DateTime<Utc>,
}

/// A signed token, and for how many seconds it is good.
pub struct IssuedToken {
    /// The JWT, compact form.
    pub token: String,
    /// Seconds.
    pub expires_in: i64,
}

/// What a token says. Times are seconds since 1970 (RFC 7519, 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it: `BASE_URL`.
    pub iss: String,
    /// Whom it is about.
    pub sub: UserId,
    /// Whom it is for: `BASE_URL`.
    pub aud: String,
    /// When it was issued.
    pub iat: i64,
    /// From when on it is good.
    pub nbf: i64,
    /// Until when it is good.
    pub exp: i64,
    /// Its own id.
    pub jti: TokenId,
    /// The sign-in it comes from.
    pub sid: SessionId,
    /// The e-mail address.
    pub email: String,
    /// Whether the phone is verified.
    #[serde(rename = "isVerified")]
    pub is_verified: bool,
    /// How the person was authenticated (RFC 8176).
    pub amr: Vec<String>,
    /// When the person was authenticated.
    pub auth_time: i64,
}

/// Why a token is worth nothing. For the log: the client is told no more than "invalid".
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours.
    #[error("not a token of ours: {0}")]
    Foreign(&'static str),
    /// The signature, the issuer or the audience is wrong.
    #[error("the token does not verify")]
    Unverified(#[from] jsonwebtoken::errors::Error),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not good yet")]
    NotYet,
}

/// No token could be made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// No id could be drawn.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Signing failed.
    #[error("the token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

impl AccessTokens {
    /// Tokens of `issuer`, signed by `keys`, good for `lifetime`.
    pub fn new(keys: SigningKeys, issuer: String, lifetime: TimeDelta, entropy: Entropy) -> Self {
        Self { keys, issuer, lifetime, entropy }
    }

    /// The public keys, for those who check tokens themselves.
    pub fn jwks(&self) -> &Jwks {
        self.keys.jwks()
    }

    /// Signs a token for `grant`.
    pub fn issue(&self, grant: Grant, now: DateTime<Utc>) -> Result<IssuedToken, IssueError> {
        let signing = &self.keys.signing;
        let mut header = Header::new(signing.algorithm);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(signing.id.clone());
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: grant.user,
            aud: self.issuer.clone(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + self.lifetime).timestamp(),
            jti: TokenId::new(now, &self.entropy)?,
            sid: grant.session,
            email: grant.email,
            is_verified: grant.is_verified,
            amr: grant.amr,
            auth_time: grant.authenticated_at.timestamp(),
        };
        let token = jsonwebtoken::encode(&header, &claims, &signing.key)?;
        Ok(IssuedToken { token, expires_in: self.lifetime.num_seconds() })
    }

    /// What `token` says, if it is one of ours and good at `now`. No leeway: we issue and check by
    /// the same clock.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        if token.len() > LENGTH_MAX {
            return Err(TokenError::Foreign("too long"));
        }
        let header = jsonwebtoken::decode_header(token)?;
        let id = header.kid.ok_or(TokenError::Foreign("no kid"))?;
        let key = self.keys.verifying.get(&id).ok_or(TokenError::Foreign("unknown kid"))?;
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(TokenError::Foreign("another type"));
        }
        let validation = self.validation(key.algorithm);
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &validation)?.claims;
        match now.timestamp() {
            now if now >= claims.exp => Err(TokenError::Expired),
            now if now < claims.nbf => Err(TokenError::NotYet),
            _ => Ok(claims),
        }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library would ask the system's clock; `check` asks ours.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.leeway = 0;
        validation
    }
}
