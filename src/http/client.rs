//! Who is asking: the address that counts, and the rest of what a request tells of its sender.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, header::ACCEPT_LANGUAGE, header::USER_AGENT};
use ipnet::IpNet;

use crate::foundation::{ChallengeResponse, ClientAddress};

/// `TRUSTED_PROXIES`: whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Believes the proxies in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether nobody's header is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether everybody's is, and any address can be made up.
    pub fn trusts_everybody(&self) -> bool {
        self.0.iter().any(|network| network.prefix_len() == 0)
    }

    /// The client's address: the socket's, unless that is a trusted proxy. Then the header is read
    /// from the right, since each proxy appends whom it heard from and a client can write whatever
    /// it likes to the left, in any bytes; the first address that is no trusted proxy is the client.
    pub fn client(&self, socket: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = socket.to_canonical();
        let mut hops = headers
            .get_all("x-forwarded-for")
            .iter()
            .rev()
            .flat_map(|value| value.as_bytes().rsplit(|&byte| byte == b','));
        while self.trusts(client) {
            match hops.next().and_then(read_hop) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        ClientAddress::new(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn read_hop(bytes: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(bytes).ok()?.trim();
    let address = text.parse::<IpAddr>().ok();
    let address = address.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

/// The longest `Accept-Language` that is looked at, in characters; browsers' have a fraction of it.
const LANGUAGES_MAX: usize = 200;
/// So much of `User-Agent` is kept, in characters: browsers' have some 120.
const USER_AGENT_MAX: usize = 256;

/// Who is asking.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where from.
    pub address: ClientAddress,
    /// `Accept-Language`, for the text of a message.
    pub languages: Option<String>,
    /// `User-Agent`, its first 256 characters; none where it has any but printable ASCII ones.
    pub user_agent: Option<String>,
    /// `X-Request-Id`, as every answer and every line of the log has it.
    pub request_id: String,
    /// `Challenge-Response`: what proves that the client has met a challenge. None where there are several,
    /// or one that cannot be such a proof.
    pub challenge_response: Option<ChallengeResponse>,
}

/// Where a client answers the challenge of an earlier refusal.
pub(super) const CHALLENGE_RESPONSE: HeaderName = HeaderName::from_static("challenge-response");

/// Puts the request's id where [`Client`] finds it.
#[derive(Clone, Debug, Default)]
pub(super) struct RequestId(pub(super) String);

/// Puts the client's address where [`Client`] and the limits find it.
pub(super) fn note_address(
    proxies: &TrustedProxies,
    headers: &HeaderMap,
    extensions: &mut Extensions,
) {
    let socket = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Without a socket (in a unit test) everybody is one client.
    let socket = socket.unwrap_or(IpAddr::from([0, 0, 0, 0]));
    let address = proxies.client(socket, headers);
    extensions.insert(address);
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let address = parts.extensions.get().copied();
        // Several lines are one list (RFC 9110, 5.3).
        let lines = parts.headers.get_all(ACCEPT_LANGUAGE).iter();
        let lines: Vec<_> = lines.filter_map(|value| value.to_str().ok()).collect();
        let languages = lines.join(", ");
        Ok(Self {
            address: address.unwrap_or(ClientAddress::new(IpAddr::from([0, 0, 0, 0]))),
            user_agent: user_agent(&parts.headers),
            request_id: parts.extensions.get().cloned().unwrap_or_else(RequestId::default).0,
            challenge_response: challenge_response(&parts.headers),
            languages: (1..=LANGUAGES_MAX).contains(&languages.len()).then_some(languages),
        })
    }
}

fn challenge_response(headers: &HeaderMap) -> Option<ChallengeResponse> {
    let mut values = headers.get_all(CHALLENGE_RESPONSE).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    ChallengeResponse::parse(value.to_str().ok()?)
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?.trim();
    (!text.is_empty()).then(|| text.chars().take(USER_AGENT_MAX).collect())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], socket: &str, forwarded: &[&'static str]) -> String {
        let networks = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(value));
        }
        let socket = socket.parse().unwrap();
        TrustedProxies::new(networks).client(socket, &headers).ip().to_string()
    }

    #[test]
    fn without_trusted_proxies_the_header_counts_for_nothing() {
        assert_eq!(client(&[], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.7"]), "192.0.2.1");
    }

    #[test]
    fn the_header_is_read_from_the_right() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&trusted, "10.0.0.1", &["1.1.1.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(
            client(&trusted, "10.0.0.1", &["1.1.1.1, 203.0.113.7, 10.0.0.2"]),
            "203.0.113.7"
        );
        assert_eq!(client(&trusted, "10.0.0.1", &["1.1.1.1", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.7:5000"]), "203.0.113.7");
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &["[2001:db8::1]:80"]), "2001:db8::1");
    }

    #[test]
    fn a_broken_or_missing_header_leaves_the_last_known_hop() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(client(&trusted, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.7, unknown"]), "10.0.0.1");
        assert_eq!(client(&trusted, "10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client(&trusted, "10.0.0.1", &["203.0.113.7, , 10.0.0.2"]), "10.0.0.2");
    }
}
