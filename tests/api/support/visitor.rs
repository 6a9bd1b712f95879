//! Somebody who asks the server over HTTP, and the requests that most tests make.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Url};
use serde_json::{Value, json};

use super::{Answer, Person};

/// More than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client of one server. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Visitor {
    http: Client,
    base_url: String,
    headers: HeaderMap,
}

impl Visitor {
    pub(super) fn new(base_url: String) -> Self {
        let http = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { http, base_url, headers: HeaderMap::new() }
    }

    /// Where the server listens: host and port.
    pub(crate) fn address(&self) -> &str {
        self.base_url.trim_start_matches("http://")
    }

    /// The same, sending one more header with each request.
    pub(crate) fn with_header(&self, name: &'static str, value: &str) -> Self {
        let mut visitor = self.clone();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        visitor.headers.append(HeaderName::from_static(name), value);
        visitor
    }

    /// The same, as a proxy would announce it.
    pub(crate) fn at(&self, forwarded_for: &str) -> Self {
        self.with_header("x-forwarded-for", forwarded_for)
    }

    /// A request that is still to be sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base_url);
        self.http.request(method, url).headers(self.headers.clone())
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let path = request.url().path().to_owned();
        Answer::read(&path, self.http.execute(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Asks with a bearer token.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    /// Asks for something with a body and a bearer token.
    pub(crate) async fn send_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let request = self.request(method, path).json(body);
        self.send(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    pub(crate) async fn change_password(&self, token: &str, current: &str, new: &str) -> Answer {
        let body = json!({ "currentPassword": current, "newPassword": new });
        self.send_as(token, Method::POST, "/api/v1/auth/password/change", &body).await
    }

    /// Asks for a code for a new password. It is sent while the answer is on its way.
    pub(crate) async fn forgot(&self, person: &Person) -> Answer {
        self.post("/api/v1/auth/password/forgot", &json!({ "email": person.email })).await
    }

    pub(crate) async fn reset(&self, ticket: &str, code: &str, password: &str) -> Answer {
        let body = json!({ "resetTicket": ticket, "otpCode": code, "newPassword": password });
        self.post("/api/v1/auth/password/reset", &body).await
    }

    pub(crate) async fn edit_profile(&self, token: &str, edit: &Value) -> Answer {
        self.send_as(token, Method::PATCH, "/api/v1/profile", edit).await
    }

    pub(crate) async fn delete_profile(&self, token: &str, password: &str) -> Answer {
        let body = json!({ "password": password });
        self.send_as(token, Method::DELETE, "/api/v1/profile", &body).await
    }

    /// Asks with a bearer token and a body.
    pub(crate) async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).json(body);
        self.send(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    pub(crate) async fn register(&self, person: &Person) -> Answer {
        self.post("/api/v1/auth/register", &person.registration()).await
    }

    pub(crate) async fn login(&self, person: &Person) -> Answer {
        self.post("/api/v1/auth/login", &person.credentials()).await
    }

    pub(crate) async fn request_otp(&self, ticket: &str) -> Answer {
        self.request_otp_with(&json!({ "loginTicket": ticket })).await
    }

    pub(crate) async fn request_otp_with(&self, body: &Value) -> Answer {
        self.post("/api/v1/auth/request-otp", body).await
    }

    pub(crate) async fn verify(&self, ticket: &str, code: &str) -> Answer {
        self.verify_with(&json!({ "loginTicket": ticket, "otpCode": code })).await
    }

    pub(crate) async fn verify_with(&self, body: &Value) -> Answer {
        self.post("/api/v1/auth/verify-otp", body).await
    }

    /// A form that is still to be sent.
    pub(crate) fn form(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        let query = Url::parse_with_params("http://form", pairs).unwrap();
        let body = query.query().unwrap_or_default().to_owned();
        let request = self.request(Method::POST, path).body(body);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        let body = json!({ "refreshToken": refresh_token });
        self.post("/api/v1/auth/refresh", &body).await
    }

    /// Ends sessions of the bearer: `current`, `others` or `all`.
    pub(crate) async fn logout(&self, token: &str, scope: &str) -> Answer {
        self.post_as(token, "/api/v1/auth/logout", &json!({ "scope": scope })).await
    }

    pub(crate) async fn sessions(&self, token: &str) -> Answer {
        self.get_as(token, "/api/v1/auth/sessions").await
    }

    pub(crate) async fn end_session(&self, token: &str, id: &str) -> Answer {
        let request = self.request(Method::DELETE, &format!("/api/v1/auth/sessions/{id}"));
        self.send(request.header(AUTHORIZATION, format!("Bearer {token}"))).await
    }

    /// What the token says.
    pub(crate) async fn session(&self, token: &str) -> Answer {
        self.get_as(token, "/api/v1/auth/session").await
    }

    pub(crate) async fn profile(&self, token: &str) -> Answer {
        self.get_as(token, "/api/v1/profile").await
    }
}
