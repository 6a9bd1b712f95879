//! An application that is served, and the walk from sign-up to token.

use std::net::Ipv4Addr;

use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::foundation::Clock;
use ringfence::foundation::outbound::http_client;
use ringfence::otp::WebhookLinks;
use ringfence::{database, http};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::postgres::TestDatabase;
use crate::store;

pub(crate) const NUMBER: &str = "+46701234567";

/// A served application.
pub(crate) struct Served {
    pub(crate) address: String,
    pub(crate) database: PgPool,
    links: WebhookLinks,
}

impl Served {
    pub(crate) async fn with(provider: &[(&str, &str)]) -> Self {
        Self::at(Clock::default(), provider).await
    }

    pub(crate) async fn at(clock: Clock, provider: &[(&str, &str)]) -> Self {
        let TestDatabase { url, options } = TestDatabase::new().await;
        let usual = [
            ("APP_ENV", "test"),
            ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("ARGON2_MEMORY_KIB", "64"),
            ("ARGON2_ITERATIONS", "1"),
            ("DATABASE_URL", &url),
            // These tests send codes that nobody enters.
            ("GUARD", "off"),
        ];
        let of_store = store::settings().await;
        let of_store = of_store.iter().map(|(name, value)| (*name, &**value));
        let pairs = usual.into_iter().chain(of_store).chain(provider.iter().copied());
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (settings, _) = Settings::read(&Environment::of_pairs(pairs)).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let base_url = settings.base_url.clone().unwrap_or_else(|| address.clone());
        let database = database::pool(options, 10);
        let application = Application::build(settings, database.clone(), clock, base_url);
        let application = application.await.unwrap();
        let links = application.state.webhooks.links.clone();
        let router = application.router();
        tokio::spawn(http::serve(listener, router, std::future::pending()));
        Self { address, database, links }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/api/v1/auth/{path}", self.address);
        let answer = http_client().unwrap().post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Where that carrier reports to.
    pub(crate) fn report_path(&self, provider: &str) -> String {
        self.links.report_url(provider).path().to_owned()
    }

    /// Registers; the ticket, for which no code has been sent yet.
    pub(crate) async fn register(&self) -> String {
        let body = json!({
            "email": "ada@example.com", "password": "correct horse battery", "phoneNumber": NUMBER,
        });
        let (status, registered) = self.post("register", body).await;
        assert_eq!(status, 201, "{registered}");
        registered["loginTicket"].as_str().unwrap().to_owned()
    }

    /// Registers and logs in: what the login is answered.
    pub(crate) async fn log_in(&self) -> Value {
        let (email, password) = ("ada@example.com", "correct horse battery");
        self.register().await;
        let (status, login) =
            self.post("login", json!({"email": email, "password": password})).await;
        assert_eq!(status, 200, "{login}");
        login
    }

    /// Registers and logs in; the ticket of a login whose code is on its way.
    pub(crate) async fn pending(&self) -> String {
        let login = self.log_in().await;
        assert_eq!(login["otpError"], Value::Null, "{login}");
        assert_eq!(login["destination"], "+46•••••••4567");
        login["loginTicket"].as_str().unwrap().to_owned()
    }

    /// A wrong code is refused, the right one gives a token, and only once.
    pub(crate) async fn finish(&self, ticket: &str, code: &str) {
        let wrong = if code == "000000" { "111111" } else { "000000" };
        let body = |code: &str| json!({"loginTicket": ticket, "otpCode": code});
        let (status, refusal) = self.post("verify-otp", body(wrong)).await;
        assert_eq!((status, &refusal["code"]), (401, &json!("otp_invalid")), "{refusal}");
        let (status, signed_in) = self.post("verify-otp", body(code)).await;
        assert_eq!(status, 200, "{signed_in}");
        assert!(signed_in["token"].is_string());
        assert_eq!(self.post("verify-otp", body(code)).await.0, 401, "once is enough");
    }
}
