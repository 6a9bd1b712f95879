//! Sign-up to token through each carrier that `VERIFICATION_PROVIDER` can name beside Sinch: a caller
//! cannot tell which one it was.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

#[path = "support/fake_infobip/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_infobip;
#[path = "support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "these tests ask less of the fake than others do")]
mod fake_plivo;
#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "every test here wants the schema")]
mod postgres;

use std::net::Ipv4Addr;

use ringfence::app::Application;
use ringfence::config::{Environment, Settings};
use ringfence::foundation::Clock;
use ringfence::otp::providers::outbound::http_client;
use ringfence::{database, http};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;

use fake_infobip::FakeInfobip;
use fake_plivo::FakePlivo;
use postgres::TestDatabase;

const NUMBER: &str = "+46701234567";

/// A served application.
struct Served {
    address: String,
    database: PgPool,
}

impl Served {
    async fn with(provider: &[(&str, &str)]) -> Self {
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
        let base_url = settings.base_url.clone().unwrap_or_else(|| address.clone());
        let database = database::pool(options, 10);
        let application =
            Application::build(settings, database.clone(), Clock::default(), base_url);
        let router = application.await.unwrap().router();
        tokio::spawn(http::serve(listener, router, std::future::pending()));
        Self { address, database }
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/api/v1/auth/{path}", self.address);
        let answer = http_client().unwrap().post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Registers and logs in; the ticket of a login whose code is on its way.
    async fn pending(&self) -> String {
        let (email, password) = ("ada@example.com", "correct horse battery");
        let person = json!({"email": email, "password": password, "phoneNumber": NUMBER});
        assert_eq!(self.post("register", person).await.0, 201);
        let (status, login) =
            self.post("login", json!({"email": email, "password": password})).await;
        assert_eq!((status, &login["otpError"]), (200, &Value::Null), "{login}");
        assert_eq!(login["destination"], "+46•••••••4567");
        login["loginTicket"].as_str().unwrap().to_owned()
    }

    /// A wrong code is refused, the right one gives a token, and only once.
    async fn finish(&self, ticket: &str, code: &str) {
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

#[tokio::test]
async fn infobip_carries_and_judges_the_code() {
    let config = fake_infobip::FakeConfig::default();
    let fake = FakeInfobip::start(config.clone()).await.unwrap();
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "infobip"),
        ("INFOBIP_BASE_URL", fake.base_url()),
        ("INFOBIP_API_KEY", &config.api_key),
        ("INFOBIP_2FA_APP_ID", &config.application_id),
        ("INFOBIP_2FA_MSG_ID", &config.message_id),
    ])
    .await;
    let ticket = served.pending().await;
    assert_eq!(fake.starts().len(), 1);
    served.finish(&ticket, &fake.code_for(NUMBER).unwrap()).await;
    let id: Option<String> = sqlx::query_scalar("SELECT sinch_verification_id FROM users")
        .fetch_one(&served.database)
        .await
        .unwrap();
    assert_eq!(id, None, "that column is Sinch's");
}

#[tokio::test]
async fn plivo_carries_a_code_that_we_judge() {
    let config = fake_plivo::FakeConfig::default();
    let fake = FakePlivo::start(config.clone()).await.unwrap();
    let number = format!("+{}", config.phone_number);
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "plivo"),
        ("PLIVO_BASE_URL", fake.base_url()),
        ("PLIVO_AUTH_ID", &config.auth_id),
        ("PLIVO_AUTH_TOKEN", &config.auth_token),
        ("PLIVO_PHONE_NUMBER", &number),
    ])
    .await;
    let ticket = served.pending().await;
    let messages = fake.messages();
    assert_eq!(messages.len(), 1);
    let (code, words) = messages[0].text.split_at(6);
    assert_eq!(words, " is your code. Never share it.");

    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    let (status, refusal) = served.post("request-otp", by_call).await;
    assert_eq!((status, &refusal["code"]), (400, &json!("channel_not_supported")), "{refusal}");
    served.finish(&ticket, code).await;
}

/// Asks what to say in `call` as Plivo does; `nonce` goes into the signature.
async fn fetch_words(
    address: &str,
    call: &fake_plivo::PlacedCall,
    token: &str,
) -> (u16, String, String) {
    use ringfence::otp::providers::plivo::signature::{sign, v3_text};
    let form = vec![("CallUUID".to_owned(), call.uuid.clone())];
    let text = v3_text(&call.answer_url, Vec::new(), form.clone(), "12345");
    let path = call.answer_url.strip_prefix("https://auth.example.com").unwrap();
    let request = http_client()
        .unwrap()
        .post(format!("{address}{path}"))
        .header("x-plivo-signature-v3", format!("AAAA,{}", sign(token, &text)))
        .header("x-plivo-signature-v3-nonce", "12345")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("CallUUID={}", call.uuid));
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    let headers = format!("{} {}", header("content-type"), header("cache-control"));
    (answer.status().as_u16(), headers, answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn plivo_speaks_a_code_once_and_only_to_itself() {
    let config = fake_plivo::FakeConfig::default();
    let fake = FakePlivo::start(config.clone()).await.unwrap();
    let number = format!("+{}", config.phone_number);
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "plivo"),
        ("BASE_URL", "https://auth.example.com"),
        ("OTP_RESEND_SECONDS", "0"),
        ("PLIVO_BASE_URL", fake.base_url()),
        ("PLIVO_AUTH_ID", &config.auth_id),
        ("PLIVO_AUTH_TOKEN", &config.auth_token),
        ("PLIVO_PHONE_NUMBER", &number),
    ])
    .await;
    let ticket = served.pending().await;
    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    let (status, sent) = served.post("request-otp", by_call).await;
    assert_eq!((status, &sent["channel"]), (200, &json!("call")), "{sent}");
    let call = fake.calls().remove(0);
    assert_eq!(call.to, NUMBER[1..]);

    assert_eq!(fetch_words(&served.address, &call, "another token").await.0, 404, "forged");
    let mut tampered = call.clone();
    tampered.answer_url.replace_range(call.answer_url.len() - 9..call.answer_url.len() - 8, "*");
    assert_eq!(
        fetch_words(&served.address, &tampered, &config.auth_token).await.0,
        404,
        "tampered"
    );

    // A cold pool would let one fetch through after the other.
    let racers = 8;
    let mut held = Vec::new();
    for _ in 0..racers {
        held.push(served.database.acquire().await.unwrap());
    }
    drop(held);
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(racers));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..racers {
        let (start, address, call) = (start.clone(), served.address.clone(), call.clone());
        let token = config.auth_token.clone();
        running.spawn(async move {
            start.wait().await;
            fetch_words(&address, &call, &token).await
        });
    }
    let mut spoken = Vec::new();
    for (status, headers, words) in running.join_all().await {
        if status == 200 {
            assert_eq!(headers, "text/xml; charset=utf-8 no-store");
            spoken.push(words);
        }
    }
    assert_eq!(spoken.len(), 1, "spoken once");
    let code: String = spoken[0].split("Your code is ").nth(1).unwrap()[..16].replace(", ", "");
    served.finish(&ticket, &code).await;
}
