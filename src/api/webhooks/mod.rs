//! `/webhooks`: what carriers call. Every refusal is the answer of an unknown path.

pub(super) mod answer;
pub(super) mod report;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Uri};
use reqwest::Url;

use crate::http::{Kind, Problem, read_body};
use crate::otp::WebhookLinks;
use crate::otp::providers::callback::Callback;

/// A request read whole, with the address by which the carrier knows us.
struct Received {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Received {
    async fn read(request: Request, links: &WebhookLinks) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let url = public_url(&parts.uri, links);
        let body = read_body(body).await?;
        Ok(Self { method: parts.method, url, headers: parts.headers, body })
    }

    fn callback(&self) -> Callback<'_> {
        let Self { method, url, headers, body } = self;
        Callback { method: method.as_str(), url, headers, body }
    }
}

/// The address is made of `BASE_URL`: what a proxy tells of itself proves nothing.
fn public_url(uri: &Uri, links: &WebhookLinks) -> Url {
    links.public_url(uri.path(), uri.query())
}

/// The one refusal.
fn refused() -> Problem {
    Problem::new(Kind::NotFound)
}
