//! A client of the API, and what it is answered.

use std::time::Duration;

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// Who walks, and with what.
pub(crate) const EMAIL: &str = "ada.lovelace@example.com";
pub(crate) const PASSWORD: &str = "seven quiet herons at dusk";
pub(crate) const PHONE: &str = "+14155552671";

/// A client that has no proxy and waits for nothing for ever.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: Client,
    pub(crate) base: String,
}

/// A status and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(base: impl Into<String>) -> Self {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build();
        Self { client: client.unwrap(), base: base.into() }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let url = format!("{}/api/v1/auth/{path}", self.base);
        Answer::of(self.client.post(url).json(&body)).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        Answer::of(self.client.get(format!("{}{path}", self.base)).bearer_auth(token)).await
    }

    pub(crate) async fn register(&self) -> Answer {
        self.post("register", json!({"email": EMAIL, "password": PASSWORD, "phoneNumber": PHONE}))
            .await
    }

    pub(crate) async fn login(&self) -> Answer {
        self.post("login", json!({"email": EMAIL, "password": PASSWORD})).await
    }

    pub(crate) async fn verify(&self, ticket: &str, code: &str) -> Answer {
        self.post("verify-otp", json!({"loginTicket": ticket, "otpCode": code})).await
    }

    pub(crate) async fn profile(&self, token: &str) -> Answer {
        self.get("/api/v1/profile", token).await
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let bytes = response.bytes().await.unwrap();
        let body =
            if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Self { status, body }
    }

    /// The answer, which must be of that status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A text of the body.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        let text = self.body[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }
}
