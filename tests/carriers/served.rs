//! An application that is served, and the walk from sign-up to token.

use std::net::Ipv4Addr;

use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::foundation::Clock;
use ringfence::otp::providers::outbound::http_client;
use ringfence::{database, http};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;

use crate::postgres::TestDatabase;

pub(crate) const NUMBER: &str = "+46701234567";

/// A served application.
pub(crate) struct Served {
    address: String,
    pub(crate) database: PgPool,
}

impl Served {
    pub(crate) async fn with(provider: &[(&str, &str)]) -> Self {
        let TestDatabase { url, options } = TestDatabase::new().await;
        let usual = [
            ("APP_ENV", "test"),
            ("SECRET_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            ("ARGON2_MEMORY_KIB", "64"),
            ("ARGON2_ITERATIONS", "1"),
            ("DATABASE_URL", &url),
        ];
        let pairs = usual.iter().chain(provider);
        let pairs = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let (settings, _) = Settings::read(&Environment::of_pairs(pairs)).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let database = database::pool(options, 5);
        let application =
            Application::build(settings, database.clone(), Clock::default(), address.clone());
        let router = application.await.unwrap().router();
        tokio::spawn(http::serve(listener, router, std::future::pending()));
        Self { address, database }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/api/v1/auth/{path}", self.address);
        let answer = http_client().unwrap().post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Registers and logs in: what the login is answered.
    pub(crate) async fn log_in(&self) -> Value {
        let (email, password) = ("ada@example.com", "correct horse battery");
        let person = json!({"email": email, "password": password, "phoneNumber": NUMBER});
        assert_eq!(self.post("register", person).await.0, 201);
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
