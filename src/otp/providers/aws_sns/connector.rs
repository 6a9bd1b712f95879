//! The SDK's way out: our own HTTP client, within one call's time.
//!
//! Owns nothing but the translation. It sends each request once and reads the whole answer before
//! the SDK sees any of it, so that what is known of a failure is exactly what
//! [`ExchangeError`] knows.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder};
use tokio::time::Instant;

use crate::otp::providers::outbound::{Answer, ExchangeError, exchange};

/// Carries the requests of one call, which ends at `deadline`.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) http: Client,
    pub(super) deadline: Instant,
}

/// A request or an answer that the other side has no words for. Nothing was sent, or nothing that
/// HTTP allows came back.
#[derive(Debug, thiserror::Error)]
#[error("the {0} cannot be translated")]
struct Untranslatable(&'static str);

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { http, deadline } = self.clone();
        HttpConnectorFuture::new(async move {
            let request = translated(&http, &request)
                .ok_or_else(|| ConnectorError::user(Untranslatable("request").into()))?;
            let answer = exchange(request, deadline).await.map_err(failed)?;
            answered(answer).ok_or_else(|| ConnectorError::io(Untranslatable("answer").into()))
        })
    }
}

/// What is known of the failure, taken out of the SDK's wrapping.
pub(super) fn exchange_error(error: ConnectorError) -> Option<ExchangeError> {
    error.into_source().downcast::<ExchangeError>().ok().map(|error| *error)
}

fn failed(error: ExchangeError) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}

fn translated(http: &Client, request: &Request<SdkBody>) -> Option<RequestBuilder> {
    let method = Method::from_bytes(request.method().as_bytes()).ok()?;
    let body = request.body().bytes()?.to_vec();
    let mut translated = http.request(method, request.uri()).body(body);
    for (name, value) in request.headers() {
        let mut value = reqwest::header::HeaderValue::from_str(value).ok()?;
        value.set_sensitive(name == AUTHORIZATION.as_str());
        translated = translated.header(name, value);
    }
    Some(translated)
}

fn answered(answer: Answer) -> Option<HttpResponse> {
    let status = answer.status.try_into().ok()?;
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    for (name, value) in &answer.headers {
        // What is not text is nothing that the SDK reads.
        if let Ok(value) = value.to_str() {
            response.headers_mut().try_append(name.as_str().to_owned(), value.to_owned()).ok()?;
        }
    }
    Some(response)
}
