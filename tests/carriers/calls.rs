//! A code spoken by Plivo: asked for by the carrier once, and by nobody else.

use chrono::TimeDelta;
use ringfence::foundation::outbound::http_client;
use ringfence::foundation::{Clock, ManualClock};
use serde_json::json;

use crate::fake_plivo::{FakeConfig, FakePlivo, PlacedCall};
use crate::served::{NUMBER, Served};

/// A server that speaks by Plivo, with codes that live for ten minutes and no wait between them.
async fn serve(clock: Clock) -> (FakeConfig, FakePlivo, Served) {
    let config = FakeConfig::default();
    let fake = FakePlivo::start(config.clone()).await.unwrap();
    let settings = [
        ("VERIFICATION_PROVIDER", "plivo"),
        ("BASE_URL", "https://auth.example.com"),
        ("OTP_RESEND_SECONDS", "0"),
        ("OTP_TTL_SECONDS", "600"),
        ("PLIVO_BASE_URL", fake.base_url()),
        ("PLIVO_AUTH_ID", &config.auth_id),
        ("PLIVO_AUTH_TOKEN", &config.auth_token),
        ("PLIVO_PHONE_NUMBER", &format!("+{}", config.phone_number)),
    ];
    let served = Served::at(clock, &settings).await;
    (config, fake, served)
}

/// Asks what to say in `call` as Plivo does; `nonce` goes into the signature.
async fn fetch_words(address: &str, call: &PlacedCall, token: &str) -> (u16, String, String) {
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
    let (config, fake, served) = serve(Clock::default()).await;
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

    let path = call.answer_url.strip_prefix("https://auth.example.com").unwrap();
    let unsigned = http_client().unwrap().post(format!("{}{path}", served.address));
    assert_eq!(unsigned.send().await.unwrap().status().as_u16(), 404, "not signed at all");
    let asked = http_client().unwrap().get(format!("{}{path}", served.address));
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 405, "calls ask by POST");

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

#[tokio::test]
async fn a_code_that_has_ended_is_not_spoken() {
    let (config, fake, served) = serve(Clock::default()).await;
    let ticket = served.register().await;
    let by_call = json!({"loginTicket": ticket, "channel": "call"});
    for calls in 1..=2 {
        let (status, sent) = served.post("request-otp", by_call.clone()).await;
        assert_eq!((status, fake.calls().len()), (200, calls), "{sent}");
    }
    let [overtaken, live] = &fake.calls()[..] else { panic!("two calls were placed") };
    let words = async |call| fetch_words(&served.address, call, &config.auth_token).await;
    assert_eq!(words(overtaken).await.0, 404, "a newer code has taken its place");
    assert_eq!(words(live).await.0, 200);
}

#[tokio::test]
async fn the_words_of_a_call_can_be_asked_for_within_five_minutes_though_the_code_lives_longer() {
    let time = ManualClock::new(Clock::default().now());
    let (config, fake, served) = serve(time.clock()).await;
    let by_call = json!({"loginTicket": served.register().await, "channel": "call"});
    let words = async |at: usize| {
        fetch_words(&served.address, &fake.calls()[at], &config.auth_token).await.0
    };

    assert_eq!(served.post("request-otp", by_call.clone()).await.0, 200);
    time.advance(TimeDelta::seconds(5 * 60));
    assert_eq!(words(0).await, 404, "five minutes have passed");

    assert_eq!(served.post("request-otp", by_call).await.0, 200);
    time.advance(TimeDelta::seconds(5 * 60 - 1));
    assert_eq!(words(1).await, 200);
}
