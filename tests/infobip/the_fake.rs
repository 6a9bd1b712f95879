//! The fake itself: a fake that forgives would prove nothing.

use std::time::Duration;

use chrono::TimeDelta;
use reqwest::{Client, Method, RequestBuilder, Response};
use ringfence::foundation::outbound::http_client;
use serde_json::{Value, json};

use crate::fake_infobip::{FakeConfig, FakeInfobip, Mode, Operation};
use crate::world::{DIGITS, NUMBER, config, wrong};

const PATH: &str = "/2fa/2/pin";

/// A client that has the key and sends whatever it is told to.
struct Caller {
    fake: FakeInfobip,
    http: Client,
}

impl Caller {
    async fn new() -> Self {
        Self::of(config()).await
    }

    async fn of(config: FakeConfig) -> Self {
        let fake = FakeInfobip::start(config).await.unwrap();
        Self { fake, http: http_client().unwrap() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.fake.base_url()))
            .header("authorization", format!("App {}", config().api_key))
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        taken(self.request(Method::POST, path).json(body).send().await.unwrap()).await
    }

    async fn verify(&self, id: &str, code: &str) -> Value {
        self.post(&format!("{PATH}/{id}/verify"), &json!({ "pin": code })).await.1
    }
}

fn body() -> Value {
    let FakeConfig { application_id, message_id, .. } = config();
    json!({ "applicationId": application_id, "messageId": message_id, "to": DIGITS })
}

async fn taken(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

fn code_of(error: &Value) -> &Value {
    &error["requestError"]["serviceException"]["messageId"]
}

#[tokio::test]
async fn the_answers_are_those_of_the_samples() {
    let caller = Caller::new().await;
    let lookup = "NC_DESTINATION_REACHABLE";
    for (path, mut sample) in [
        (PATH, json!({ "smsStatus": "MESSAGE_SENT", "ncStatus": lookup })),
        ("/2fa/2/pin?ncNeeded=true", json!({ "smsStatus": "MESSAGE_SENT", "ncStatus": lookup })),
        ("/2fa/2/pin?ncNeeded=false", json!({ "smsStatus": "MESSAGE_SENT" })),
        ("/2fa/2/pin/voice", json!({ "callStatus": "PENDING_ACCEPTED" })),
    ] {
        let (status, answer) = caller.post(path, &body()).await;
        let id = answer["pinId"].as_str().unwrap();
        assert!(id.len() == 32 && id.bytes().all(|b| b"0123456789ABCDEF".contains(&b)), "{id}");
        sample["pinId"] = json!(id);
        sample["to"] = json!(DIGITS);
        assert_eq!((status, &answer), (200, &sample), "{path}");

        let code = caller.fake.code_for(NUMBER).unwrap();
        let verified =
            json!({ "pinId": id, "msisdn": DIGITS, "verified": true, "attemptsRemaining": 0 });
        assert_eq!(caller.verify(id, &code).await, verified);
    }
    let lookups: Vec<_> = caller.fake.starts().iter().map(|start| start.lookup).collect();
    assert_eq!(lookups, [true, true, false, false]);
}

#[tokio::test]
async fn a_pin_lives_by_the_settings_of_the_application() {
    let two_attempts = FakeConfig { pin_attempts: 2, ..config() };
    let caller = Caller::of(two_attempts).await;
    let id = caller.post(PATH, &body()).await.1["pinId"].as_str().unwrap().to_owned();
    let code = caller.fake.code_for(DIGITS).unwrap();
    for (code, attempts, error) in [
        (wrong(&code), 1, "WRONG_PIN"),
        (wrong(&code), 0, "WRONG_PIN"),
        (code, 0, "NO_MORE_PIN_ATTEMPTS"),
    ] {
        let sample = json!({
            "pinId": id,
            "msisdn": DIGITS,
            "verified": false,
            "attemptsRemaining": attempts,
            "pinError": error,
        });
        assert_eq!(caller.verify(&id, &code).await, sample);
    }

    let expired = FakeConfig { pin_time_to_live: TimeDelta::zero(), ..config() };
    let caller = Caller::of(expired).await;
    let id = caller.post(PATH, &body()).await.1["pinId"].as_str().unwrap().to_owned();
    let code = caller.fake.code_for(DIGITS).unwrap();
    assert_eq!(caller.verify(&id, &code).await["pinError"], "TTL_EXPIRED");
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let caller = Caller::new().await;
    let changed = |key: &str, value: Value| {
        let mut body = body();
        body[key] = value;
        body
    };
    for (body, http, code) in [
        (changed("applicationId", json!("other")), 404, "NOT_FOUND"),
        (changed("applicationId", json!("")), 400, "BAD_REQUEST"),
        (changed("messageId", json!("other")), 404, "NOT_FOUND"),
        (changed("messageId", json!(7)), 400, "BAD_REQUEST"),
        (changed("to", json!(null)), 400, "BAD_REQUEST"),
        (changed("to", json!("+41793026727")), 400, "BAD_REQUEST"),
        (changed("to", json!("417930")), 400, "BAD_REQUEST"),
        (changed("to", json!("4179302672700000")), 400, "BAD_REQUEST"),
        (changed("pin", json!("1234")), 400, "BAD_REQUEST"),
        (json!([]), 400, "BAD_REQUEST"),
    ] {
        for path in [PATH, "/2fa/2/pin/voice"] {
            let (status, error) = caller.post(path, &body).await;
            assert_eq!((status, code_of(&error)), (http, &json!(code)), "{path} {body}");
        }
    }
    let to = caller.post(PATH, &changed("to", json!("1"))).await.1;
    assert!(to["requestError"]["serviceException"]["validationErrors"]["to"].is_array());
    for (content_type, text) in
        [("text/plain", body().to_string()), ("application/json", "{".into())]
    {
        let request = caller.request(Method::POST, PATH).header("content-type", content_type);
        let (status, error) = taken(request.body(text).send().await.unwrap()).await;
        assert_eq!((status, code_of(&error)), (400, &json!("BAD_REQUEST")));
    }
    for body in [json!({}), json!({ "pin": 1234 }), json!({ "pin": "1", "to": "2" })] {
        let (status, _) = caller.post("/2fa/2/pin/A/verify", &body).await;
        assert_eq!(status, 400, "{body}");
    }
    assert!(caller.fake.starts().is_empty());
}

#[tokio::test]
async fn paths_and_methods_are_read_strictly() {
    let caller = Caller::new().await;
    for (method, path) in [
        (Method::PUT, PATH),
        (Method::GET, PATH),
        (Method::POST, "/2fa/1/pin"),
        (Method::POST, "/2fa/2/pin/"),
        (Method::POST, "/2fa/2/pin?ncNeeded=no"),
        (Method::POST, "/2fa/2/pin?a=b"),
        (Method::POST, "/2fa/2/pin/voice?ncNeeded=false"),
        (Method::POST, "/2fa/2/pin//verify"),
        (Method::POST, "/2fa/2/pin/a/b/verify"),
        (Method::PUT, "/2fa/2/pin/a/verify"),
        (Method::POST, "/2fa/2/pin/a/resend"),
    ] {
        let request = caller.request(method, path).json(&body());
        let (status, error) = taken(request.send().await.unwrap()).await;
        assert_eq!((status, code_of(&error)), (404, &json!("NOT_FOUND")), "{path}");
    }
    assert_eq!(caller.fake.received(Operation::Start), 0);
}

#[tokio::test]
async fn keys_are_read_strictly() {
    let caller = Caller::new().await;
    let key = config().api_key;
    for authorization in
        ["", "App", "App other", &key, &format!("Basic {key}"), &format!("app {key}")]
    {
        let url = format!("{}{PATH}", caller.fake.base_url());
        let request = caller.http.post(url).header("authorization", authorization).json(&body());
        let (status, error) = taken(request.send().await.unwrap()).await;
        assert_eq!((status, code_of(&error)), (401, &json!("UNAUTHORIZED")), "{authorization}");
    }
    assert!(caller.fake.starts().is_empty());
}

#[tokio::test]
async fn remote_control_reaches_what_the_handle_reaches() {
    let caller = Caller::new().await;
    let get =
        async |path: &str| taken(caller.request(Method::GET, path).send().await.unwrap()).await.1;
    let change = async |body: Value| {
        let request = caller.request(Method::POST, "/_fake/mode").json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    caller.post(PATH, &body()).await;
    let code = caller.fake.code_for(NUMBER).unwrap();
    assert_eq!(get("/_fake/codes?number=%2B41793026727").await["code"], code);
    assert_eq!(get("/_fake/codes").await["codes"][0]["code"], code);

    let mode = json!({ "operation": "start", "mode": "error:503:E503", "times": 1 });
    assert_eq!(change(mode).await, 204);
    assert_eq!(caller.post(PATH, &body()).await.0, 503);
    assert_eq!(caller.post(PATH, &body()).await.0, 200);
    let told = get("/_fake/requests").await;
    assert_eq!(told["received"]["start"], 3);
    assert_eq!(told["starts"].as_array().unwrap().len(), 2);

    for nonsense in [
        json!({ "operation": "start", "mode": "error" }),
        json!({ "operation": "stop", "mode": "normal" }),
        json!({ "mode": "normal" }),
    ] {
        assert_eq!(change(nonsense.clone()).await, 400, "{nonsense}");
    }
    assert_eq!(change(json!({ "resetNext": 1 })).await, 204);
    let lost = caller.request(Method::GET, "/_fake/codes").send().await;
    assert!(lost.unwrap_err().is_request());
}

#[test]
fn modes_are_spelt_as_the_command_line_says() {
    let body = json!({ "smsStatus": "MESSAGE_NOT_SENT" });
    for (text, mode) in [
        ("normal", Mode::Normal),
        ("error:429:E429", Mode::Error { http: 429, code: "E429".into() }),
        (r#"json:200:{"smsStatus":"MESSAGE_NOT_SENT"}"#, Mode::Json { http: 200, body }),
        ("delay:9000", Mode::Delay(Duration::from_secs(9))),
        ("close", Mode::Close),
        ("broken-off", Mode::BrokenOff),
        ("truncated", Mode::Truncated),
        ("oversized", Mode::Oversized),
        ("html:502", Mode::Html(502)),
        ("empty", Mode::Empty),
        ("redirect:http://host/", Mode::Redirect("http://host/".into())),
    ] {
        assert_eq!(text.parse::<Mode>().unwrap(), mode);
    }
    for text in ["", "close:1", "error:429", "error:99:X", "json:200:{", "html:x", "delay", "fire"]
    {
        assert!(text.parse::<Mode>().is_err(), "{text}");
    }
    assert_eq!("verify".parse::<Operation>().unwrap(), Operation::Verify);
    assert!("resend".parse::<Operation>().is_err());
}
