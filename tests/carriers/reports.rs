//! What Plivo and Infobip report of their messages: believed from them alone, and noted once.

use ringfence::foundation::outbound::http_client;
use ringfence::otp::providers::plivo::signature::{sign, v2_text, v3_text};
use serde_json::{Value, json};

use crate::fake_infobip::{self, FakeInfobip};
use crate::fake_plivo::{self, FakePlivo};
use crate::served::Served;

const BASE: &str = "https://auth.example.com";

/// State, failure and segments of the only message.
async fn message(served: &Served) -> (String, Option<String>, Option<i16>) {
    let query = "SELECT state, failure, segments FROM messages";
    sqlx::query_as(query).fetch_one(&served.database).await.unwrap()
}

struct PlivoWorld {
    served: Served,
    fake: FakePlivo,
    token: String,
    path: String,
}

impl PlivoWorld {
    async fn new() -> Self {
        let config = fake_plivo::FakeConfig::default();
        let fake = FakePlivo::start(config.clone()).await.unwrap();
        let number = format!("+{}", config.phone_number);
        let served = Served::with(&[
            ("VERIFICATION_PROVIDER", "plivo"),
            ("BASE_URL", BASE),
            ("OTP_RESEND_SECONDS", "0"),
            ("PLIVO_BASE_URL", fake.base_url()),
            ("PLIVO_AUTH_ID", &config.auth_id),
            ("PLIVO_AUTH_TOKEN", &config.auth_token),
            ("PLIVO_PHONE_NUMBER", &number),
        ])
        .await;
        let path = served.report_path("plivo");
        Self { served, fake, token: config.auth_token, path }
    }

    /// Posts a form, with these headers.
    async fn post(&self, path: &str, form: &[(&str, &str)], headers: &[(&str, String)]) -> u16 {
        let encode = |text: &str| text.replace('+', "%2B").replace(':', "%3A");
        let body: Vec<_> = form.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
        let url = format!("{}{path}", self.served.address);
        let mut request = http_client()
            .unwrap()
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// As Plivo reports messages.
    async fn report(&self, token: &str, form: &[(&str, &str)]) -> u16 {
        let signature = sign(token, &v2_text(&format!("{BASE}{}", self.path), "12345"));
        let headers = [
            ("x-plivo-signature-v2", signature),
            ("x-plivo-signature-v2-nonce", "12345".to_owned()),
        ];
        self.post(&self.path, form, &headers).await
    }
}

#[tokio::test]
async fn a_text_is_delivered_once_whatever_comes_later() {
    let world = PlivoWorld::new().await;
    world.served.pending().await;
    let uuid = world.fake.messages()[0].uuid.clone();
    let form = |status| {
        [
            ("MessageUUID", uuid.as_str()),
            ("Status", status),
            ("Units", "2"),
            ("TotalAmount", "0.00500"),
            ("To", "46701234567"),
            ("ErrorCode", ""),
        ]
    };
    assert_eq!(message(&world.served).await.0, "sent");
    assert_eq!(world.report("another token", &form("delivered")).await, 404);
    assert_eq!(world.post(&world.path, &form("delivered"), &[]).await, 404);
    let elsewhere = world.path.replace("plivo", "infobip");
    assert_eq!(world.post(&elsewhere, &form("delivered"), &[]).await, 404);
    assert_eq!(message(&world.served).await.0, "sent");

    for (status, state) in [
        ("queued", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("delivered", "delivered"),
        ("undelivered", "delivered"),
    ] {
        assert_eq!(world.report(&world.token, &form(status)).await, 204, "{status}");
        assert_eq!(message(&world.served).await.0, state, "{status}");
    }
    assert_eq!(message(&world.served).await, ("delivered".to_owned(), None, Some(2)));
    assert_eq!(world.report(&world.token, &[("MessageUUID", "x"), ("Status", "odd")]).await, 404);
    let stranger = [("MessageUUID", "another"), ("Status", "delivered")];
    assert_eq!(world.report(&world.token, &stranger).await, 204, "nothing of ours");
    let oversized = "x".repeat(17 * 1024);
    let form = [("MessageUUID", uuid.as_str()), ("Status", oversized.as_str())];
    assert_eq!(world.report(&world.token, &form).await, 413);
}

#[tokio::test]
async fn a_message_of_no_parts_is_told_like_any_other() {
    let world = PlivoWorld::new().await;
    world.served.pending().await;
    let uuid = world.fake.messages()[0].uuid.clone();
    let form = [("MessageUUID", uuid.as_str()), ("Status", "rejected"), ("Units", "0")];
    assert_eq!(world.report(&world.token, &form).await, 204);
    let wanted = ("failed".to_owned(), Some("rejected".to_owned()), None);
    assert_eq!(message(&world.served).await, wanted);
}

#[tokio::test]
async fn the_carriers_price_counts_from_its_first_word_on() {
    let world = PlivoWorld::new().await;
    world.served.pending().await;
    let uuid = world.fake.messages()[0].uuid.clone();
    let price = async || {
        let query = "SELECT price_micros, price_is_told FROM messages";
        let price = sqlx::query_as::<_, (i64, bool)>(query).fetch_one(&world.served.database);
        price.await.unwrap()
    };
    let (estimate, is_told) = price().await;
    assert!(estimate > 0 && !is_told);
    for (status, amount, wanted) in [
        ("sent", "0.00000", (estimate, false)),
        ("sent", "", (estimate, false)),
        ("sent", "0.00500", (5000, true)),
        ("delivered", "0.00500", (5000, true)),
        ("delivered", "0.70000", (5000, true)),
    ] {
        let form = [("MessageUUID", uuid.as_str()), ("Status", status), ("TotalAmount", amount)];
        assert_eq!(world.report(&world.token, &form).await, 204, "{status} {amount}");
        assert_eq!(price().await, wanted, "{status} {amount}");
    }
}

#[tokio::test]
async fn a_text_that_did_not_arrive_has_failed_for_the_reason_told() {
    let world = PlivoWorld::new().await;
    world.served.pending().await;
    let uuid = world.fake.messages()[0].uuid.clone();
    let form = [("MessageUUID", uuid.as_str()), ("Status", "undelivered"), ("ErrorCode", "450")];
    assert_eq!(world.report(&world.token, &form).await, 204);
    let wanted = ("failed".to_owned(), Some("450".to_owned()), None);
    assert_eq!(message(&world.served).await, wanted);
}

#[tokio::test]
async fn a_call_that_nobody_took_has_failed_and_only_the_voice_platform_may_say_so() {
    let world = PlivoWorld::new().await;
    let ticket = world.served.register().await;
    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    assert_eq!(world.served.post("request-otp", by_call).await.0, 200);
    let uuid = world.fake.calls()[0].uuid.clone();
    let form = [("RequestUUID", uuid.as_str()), ("CallStatus", "no-answer")];
    assert_eq!(world.report(&world.token, &form).await, 404, "signed as messages are");
    let pairs = form.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let text = v3_text(&format!("{BASE}{}", world.path), Vec::new(), pairs, "12345");
    let headers = [
        ("x-plivo-signature-v3", sign(&world.token, &text)),
        ("x-plivo-signature-v3-nonce", "12345".to_owned()),
    ];
    assert_eq!(world.post(&world.path, &form, &headers).await, 204);
    let wanted = ("failed".to_owned(), Some("no-answer".to_owned()), None);
    assert_eq!(message(&world.served).await, wanted);
    let changed = [("RequestUUID", uuid.as_str()), ("CallStatus", "completed")];
    assert_eq!(world.post(&world.path, &changed, &headers).await, 404, "another body");
}

#[tokio::test]
async fn infobip_reports_to_the_secret_path_alone() {
    let config = fake_infobip::FakeConfig::default();
    let fake = FakeInfobip::start(config.clone()).await.unwrap();
    let served = Served::with(&[
        ("VERIFICATION_PROVIDER", "infobip"),
        ("BASE_URL", BASE),
        ("INFOBIP_BASE_URL", fake.base_url()),
        ("INFOBIP_API_KEY", &config.api_key),
        ("INFOBIP_2FA_APP_ID", &config.application_id),
        ("INFOBIP_2FA_MSG_ID", &config.message_id),
    ])
    .await;
    served.pending().await;
    let id: String = sqlx::query_scalar("SELECT provider_reference FROM messages")
        .fetch_one(&served.database)
        .await
        .unwrap();
    let report = |group: &str| {
        json!({"results": [{
            "messageId": id, "smsCount": 1, "price": {"pricePerMessage": 0.01, "currency": "EUR"},
            "status": {"groupName": group, "name": group},
        }]})
    };
    let post = async |path: &str, body: &Value| {
        let url = format!("{}{path}", served.address);
        http_client().unwrap().post(url).json(body).send().await.unwrap().status().as_u16()
    };
    let path = served.report_path("infobip");
    assert_eq!(post("/webhooks/infobip/AAAA", &report("DELIVERED")).await, 404);
    assert_eq!(post(&path, &json!({"odd": 7})).await, 404);
    assert_eq!(message(&served).await.0, "sent");
    // Of no parts: told, and no reason to refuse the whole batch.
    let mut pending = report("PENDING");
    pending["results"][0]["smsCount"] = 0.into();
    assert_eq!(post(&path, &pending).await, 204);
    for _replay in 0..2 {
        assert_eq!(post(&path, &report("DELIVERED")).await, 204);
    }
    assert_eq!(post(&path, &report("REJECTED")).await, 204);
    assert_eq!(message(&served).await, ("delivered".to_owned(), None, Some(1)));
    assert_eq!(post(&path, &json!({"results": "x".repeat(17 * 1024)})).await, 413);
}
