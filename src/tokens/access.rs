//! Issuing access tokens and checking them.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Header;
use serde::{Deserialize, Serialize};
use sqlx::PgPool;

use crate::foundation::{Entropy, EntropyError, SessionId, TokenId, UserId};

use super::jwk::PublishedKeys;
use super::keys::{KeyError, SigningKeys};
use super::ring::Ring;
use super::verified::Fingerprint;

/// RFC 9068, 2.1.
const TOKEN_TYPE: &str = "at+jwt";
const NOT_THREE_PARTS: TokenError = TokenError::Foreign("not three parts");
/// Ours have some 700 characters, and 3,000 more with the most and longest roles; headers above 8 KiB
/// are refused by most servers anyway.
const LENGTH_MAX: usize = 6144;

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
    /// The claim `roles`.
    pub roles: Vec<String>,
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
    /// What the person is to the services that read the token (RFC 9068, 2.2.3.1). Left out where there
    /// is none, so that most tokens are no longer for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
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
    /// The header or the signature is not one of a JWT.
    #[error("the token is malformed")]
    Malformed(#[from] jsonwebtoken::errors::Error),
    /// It names a key that we do not have, or have no more.
    #[error("not a token of ours: unknown kid")]
    UnknownKey,
    /// The key that it names has not signed it.
    #[error("the signature is wrong")]
    Signature,
    /// We have signed something else than claims of ours.
    #[error("the claims are not those of an access token")]
    Claims(#[source] serde_json::Error),
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
    /// No private half can be read: see [`KeyError::Encrypted`].
    #[error("this replica has no key to sign with")]
    NoKey,
}

impl AccessTokens {
    /// Tokens of `issuer`, signed by `keys`, good for `lifetime`.
    pub fn new(keys: SigningKeys, issuer: String, lifetime: TimeDelta, entropy: Entropy) -> Self {
        Self { keys, issuer, lifetime, entropy }
    }

    /// Who issues them, and whom they are for: `BASE_URL`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The public keys, for those who check tokens themselves.
    pub fn published_keys(&self) -> PublishedKeys {
        self.keys.ring().published().clone()
    }

    /// Since when the key has signed that signs at `now`; `None` with `JWT_SECRET`, which has no times.
    pub fn signing_since(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let since = self.keys.ring().signing_at(now)?.signs_from;
        (since > DateTime::UNIX_EPOCH).then_some(since)
    }

    /// Does what is due about the signing keys and reads them anew. To be called every
    /// [`super::RELOAD_PERIOD`].
    pub async fn reload_keys(&self, database: &PgPool, now: DateTime<Utc>) -> Result<(), KeyError> {
        self.keys.reload(database, now).await
    }

    /// Signs a token for `grant`.
    pub fn issue(&self, grant: Grant, now: DateTime<Utc>) -> Result<IssuedToken, IssueError> {
        let id = TokenId::new(now, &self.entropy)?;
        self.issue_again(grant, id, now, now)
    }

    /// Signs the token `id` of `issued_at`, which may have been signed before: its answer may have got
    /// lost on its way.
    pub fn issue_again(
        &self,
        grant: Grant,
        id: TokenId,
        issued_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, IssueError> {
        let ring = self.keys.ring();
        let signing = ring.signing_at(now).ok_or(IssueError::NoKey)?;
        let mut header = Header::new(signing.algorithm);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(signing.id.clone());
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: grant.user,
            aud: self.issuer.clone(),
            iat: issued_at.timestamp(),
            nbf: issued_at.timestamp(),
            exp: (issued_at + self.lifetime).timestamp(),
            jti: id,
            sid: grant.session,
            email: grant.email,
            is_verified: grant.is_verified,
            roles: grant.roles,
            amr: grant.amr,
            auth_time: grant.authenticated_at.timestamp(),
        };
        let token = jsonwebtoken::encode(&header, &claims, &signing.key)?;
        let expires_in = (claims.exp - now.timestamp()).max(0);
        Ok(IssuedToken { token, expires_in })
    }

    /// What `token` says, if it is one of ours and good at `now`. No leeway: we issue and check by
    /// the same clock. Asks the database only about a key that we do not know, and that seldom.
    pub async fn check(
        &self,
        database: &PgPool,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<Claims>, TokenError> {
        match self.check_by(&self.keys.ring(), token, now) {
            Err(TokenError::UnknownKey) => {
                self.check_by(&*self.keys.look(database, now).await, token, now)
            }
            checked => checked,
        }
    }

    fn check_by(
        &self,
        ring: &Ring,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Arc<Claims>, TokenError> {
        if token.len() > LENGTH_MAX {
            return Err(TokenError::Foreign("too long"));
        }
        let fingerprint = Fingerprint::of(token);
        if let Some(claims) = ring.verified.get(fingerprint) {
            claims.require_good_at(now)?;
            return Ok(claims);
        }
        let claims = Arc::new(self.verify(ring, token)?);
        claims.require_good_at(now)?;
        ring.verified.insert(fingerprint, Arc::clone(&claims));
        Ok(claims)
    }

    /// What `token` says, if it is one of ours, whatever the time.
    fn verify(&self, ring: &Ring, token: &str) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token)?;
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(TokenError::Foreign("another type"));
        }
        // RFC 7515, 4.1.11: what must be understood, and is not.
        if header.crit.is_some() {
            return Err(TokenError::Foreign("extensions"));
        }
        let id = header.kid.ok_or(TokenError::Foreign("no kid"))?;
        let key = ring.verifying(&id).ok_or(TokenError::UnknownKey)?;
        // RFC 8725, 3.1: the key says which algorithm it is; the header may only agree.
        if header.alg != key.algorithm {
            return Err(TokenError::Foreign("another algorithm"));
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(NOT_THREE_PARTS)?;
        if !key.verifies(signed.as_bytes(), signature)? {
            return Err(TokenError::Signature);
        }
        let (_, claims) = signed.split_once('.').ok_or(NOT_THREE_PARTS)?;
        let claims = URL_SAFE_NO_PAD.decode(claims);
        let claims = claims.map_err(|_| TokenError::Foreign("claims that are not base64url"))?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(TokenError::Claims)?;
        if claims.iss != self.issuer || claims.aud != self.issuer {
            return Err(TokenError::Foreign("another issuer or audience"));
        }
        Ok(claims)
    }
}

impl Claims {
    /// For how long the token is good from first to last.
    pub fn good_for(&self) -> TimeDelta {
        TimeDelta::seconds(self.exp.saturating_sub(self.iat))
    }

    fn require_good_at(&self, now: DateTime<Utc>) -> Result<(), TokenError> {
        match now.timestamp() {
            now if now >= self.exp => Err(TokenError::Expired),
            now if now < self.nbf => Err(TokenError::NotYet),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUED_AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn tokens(secret: &str) -> AccessTokens {
        let keys = SigningKeys::shared(&secret.into());
        let issuer = "https://auth.example.com".to_owned();
        AccessTokens::new(keys, issuer, TimeDelta::seconds(900), Entropy::default())
    }

    fn issue(tokens: &AccessTokens) -> String {
        let grant = Grant {
            user: UserId::new(ISSUED_AT, &tokens.entropy).unwrap(),
            session: SessionId::new(ISSUED_AT, &tokens.entropy).unwrap(),
            email: "ada@example.com".to_owned(),
            is_verified: true,
            roles: Vec::new(),
            amr: vec!["pwd".to_owned()],
            authenticated_at: ISSUED_AT,
        };
        tokens.issue(grant, ISSUED_AT).unwrap().token
    }

    impl AccessTokens {
        fn check_now(&self, token: &str, now: DateTime<Utc>) -> Result<Arc<Claims>, TokenError> {
            self.check_by(&self.keys.ring(), token, now)
        }
    }

    fn seconds(seconds: i64) -> DateTime<Utc> {
        ISSUED_AT + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_token_that_was_good_a_moment_ago_is_refused_when_its_time_is_over_or_has_not_come() {
        let tokens = tokens("a secret of more than thirty-two bytes");
        let token = issue(&tokens);
        for _ in 0..2 {
            let claims = tokens.check_now(&token, seconds(899)).unwrap();
            assert_eq!(claims.email, "ada@example.com");
            assert!(matches!(tokens.check_now(&token, seconds(900)), Err(TokenError::Expired)));
            assert!(matches!(tokens.check_now(&token, seconds(-1)), Err(TokenError::NotYet)));
        }
    }

    #[test]
    fn any_changed_character_of_a_token_that_was_good_a_moment_ago_is_refused() {
        let tokens = tokens("a secret of more than thirty-two bytes");
        let token = issue(&tokens);
        tokens.check_now(&token, ISSUED_AT).unwrap();
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(tokens.check_now(&changed, ISSUED_AT).is_err(), "character {place}");
        }
        for changed in [format!("{token}A"), token[..token.len() - 1].to_owned()] {
            assert!(tokens.check_now(&changed, ISSUED_AT).is_err());
        }
    }

    #[test]
    fn claims_that_are_not_utf_8_are_refused_however_they_are_signed() {
        const SECRET: &str = "a secret of more than thirty-two bytes";
        let tokens = tokens(SECRET);
        let token = issue(&tokens);
        let parts: Vec<&str> = token.split('.').collect();
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let signed = |claims: &[u8]| {
            let signed = format!("{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims));
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
            let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        };
        // Signed as it is done here, it is a token like any other.
        tokens.check_now(&signed(&claims), ISSUED_AT).unwrap();
        let at = claims.windows(3).position(|bytes| bytes == b"ada").unwrap();
        for bytes in [*b"\xe9da", *b"a\xffa", *b"\xc0\x80a", *b"\xed\xa0\x80"] {
            let mut other = claims.clone();
            other[at..at + 3].copy_from_slice(&bytes);
            let refused = tokens.check_now(&signed(&other), ISSUED_AT);
            assert!(matches!(refused, Err(TokenError::Claims(_))), "{bytes:?}");
        }
    }

    #[test]
    fn what_one_key_verified_another_does_not_know() {
        let one = tokens("a secret of more than thirty-two bytes");
        let other = tokens("another secret of more than thirty-two bytes");
        let token = issue(&one);
        one.check_now(&token, ISSUED_AT).unwrap();
        assert!(other.check_now(&token, ISSUED_AT).is_err());
    }
}
