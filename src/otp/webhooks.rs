//! Where carriers reach us: the addresses of webhooks, and the secret part of each.
//!
//! Owns the form of the path. The secret is an HMAC of the carrier's name, so that nothing needs to be
//! stored; every key of `SECRET_KEY` makes one that is taken, so that it survives a rotation.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;

use crate::foundation::{KeyPurpose, Keyring};

/// Makes and knows the addresses of webhooks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WebhookLinks {
    keyring: Arc<Keyring>,
    base_url: Url,
}

/// `BASE_URL` is no URL.
#[derive(Debug, thiserror::Error)]
#[error("the base URL is no URL that a path can follow: {0}")]
pub struct NoBaseUrl(String);

impl WebhookLinks {
    /// Below `base_url`, which has no path.
    pub fn new(keyring: Arc<Keyring>, base_url: &str) -> Result<Self, NoBaseUrl> {
        let url = Url::parse(base_url).ok().filter(Url::has_host);
        let base_url = url.ok_or_else(|| NoBaseUrl(base_url.to_owned()))?;
        Ok(Self { keyring, base_url })
    }

    /// The secret part of the path of `provider`, under the key that writes.
    fn secret(&self, provider: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.keyring.mac(KeyPurpose::Webhook, provider.as_bytes()))
    }

    /// Whether `secret` is that of `provider` under any key; compared in constant time.
    pub fn knows(&self, provider: &str, secret: &str) -> bool {
        URL_SAFE_NO_PAD.decode(secret).is_ok_and(|mac| {
            self.keyring.verify_mac_of_any(KeyPurpose::Webhook, provider.as_bytes(), &mac)
        })
    }

    /// The keys, to seal what travels in an address.
    pub(super) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Where `provider` reports to.
    pub fn report_url(&self, provider: &str) -> Url {
        self.public_url(&format!("/webhooks/{provider}/{}", self.secret(provider)), None)
    }

    /// Where `provider` learns what to say in a call.
    pub fn answer_url(&self, provider: &str, token: &str) -> Url {
        let path = format!("/webhooks/{provider}/{}/answer/{token}", self.secret(provider));
        self.public_url(&path, None)
    }

    /// A path and query of ours as the world writes them.
    pub fn public_url(&self, path: &str, query: Option<&str>) -> Url {
        let mut url = self.base_url.clone();
        url.set_path(path);
        url.set_query(query);
        url
    }

    /// Whether a carrier can be expected to reach us: by https, and not at this machine.
    pub fn is_public(&self) -> bool {
        let host = self.base_url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_here = host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback() || ip.is_unspecified());
        self.base_url.scheme() == "https" && !is_here
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const TWO: &str = "HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn links(keys: &str, base_url: &str) -> WebhookLinks {
        WebhookLinks::new(Arc::new(Keyring::parse(keys).unwrap()), base_url).unwrap()
    }

    #[test]
    fn a_secret_is_its_providers_and_survives_a_rotation() {
        let old = links(ONE, "https://auth.example.com");
        let secret = old.secret("sinch");
        assert!(old.knows("sinch", &secret));
        assert!(links(&format!("{TWO},{ONE}"), "https://auth.example.com").knows("sinch", &secret));
        assert!(!links(TWO, "https://auth.example.com").knows("sinch", &secret));
        assert!(!old.knows("plivo", &secret));
        for wrong in ["", "*", &secret[1..], &secret.to_lowercase()] {
            assert!(!old.knows("sinch", wrong), "{wrong}");
        }
        let url = old.report_url("sinch");
        assert_eq!(url.as_str(), format!("https://auth.example.com/webhooks/sinch/{secret}"));
    }

    #[test]
    fn only_https_elsewhere_is_public() {
        for (base_url, is_public) in [
            ("https://auth.example.com", true),
            ("http://auth.example.com", false),
            ("https://localhost:3000", false),
            ("https://127.0.0.1", false),
            ("https://[::1]", false),
        ] {
            assert_eq!(links(ONE, base_url).is_public(), is_public, "{base_url}");
        }
    }
}
