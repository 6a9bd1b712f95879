//! The fake itself: a fake that forgives would prove nothing.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder, Response};
use ringfence::foundation::outbound::http_client;
use ringfence::otp::Channel;
use ringfence::otp::providers::failure::FailureKind;
use ringfence::otp::providers::hosted::{HostedVerifier as _, Wording};
use ringfence::otp::providers::sinch::signature::{Signed, SigningKey};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::fake_sinch::{FakeConfig, FakeSinch, Mode, Operation};
use crate::world::{NUMBER, World, config, now, wrong};

const PATH: &str = "/verification/v1/verifications";

/// A client that signs whatever it is told to.
struct Caller {
    fake: FakeSinch,
    http: Client,
    key: SigningKey,
}

impl Caller {
    async fn new() -> Self {
        let fake = FakeSinch::start(config()).await.unwrap();
        let key = SigningKey::decode(&SecretString::from(config().app_secret)).unwrap();
        Self { fake, http: http_client().unwrap(), key }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.fake.base_url()))
    }

    /// Sends a request with a signature that fits it.
    async fn signed(&self, method: Method, path: &str, content_type: &str, body: &str) -> Response {
        let timestamp = stamp(now());
        let authorization = self.key.authorization(
            &config().app_key,
            &Signed {
                method: method.as_str(),
                content_type,
                timestamp: &timestamp,
                path: path.split('?').next().unwrap(),
                body: body.as_bytes(),
            },
        );
        self.request(method, path)
            .header("content-type", content_type)
            .header("x-timestamp", timestamp)
            .header("authorization", authorization)
            .body(body.to_owned())
            .send()
            .await
            .unwrap()
    }

    async fn start(&self, body: &Value) -> (u16, Value) {
        taken(self.signed(Method::POST, PATH, "application/json", &body.to_string()).await).await
    }
}

fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn body() -> Value {
    json!({ "identity": { "type": "number", "endpoint": NUMBER }, "method": "sms" })
}

async fn taken(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_starts_answer_is_that_of_the_fixtures() {
    let caller = Caller::new().await;
    let (status, sms) = caller.start(&body()).await;
    assert_eq!(status, 200);
    let mut keys: Vec<_> = sms.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["_links", "id", "method", "sms"]);
    assert_eq!(sms["_links"][1]["method"], "PUT");

    let mut callout = body();
    callout["method"] = json!("callout");
    let (_, callout) = caller.start(&callout).await;
    assert_eq!(callout["method"], "callout");
    assert!(callout.get("sms").is_none());
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let caller = Caller::new().await;
    let changed = |pointer: &str, value: Value| {
        let mut body = body();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, http, code) in [
        (changed("/method", json!("pigeon")), 400, 40001),
        (changed("/method", json!("flashcall")), 403, 40300),
        (changed("/method", json!(null)), 400, 40002),
        (changed("/identity/type", json!("name")), 400, 40001),
        (changed("/identity/endpoint", json!(null)), 400, 40002),
        (changed("/identity/endpoint", json!("46700000001")), 400, 40005),
        (changed("/identity/endpoint", json!("+4670")), 400, 40001),
        (changed("/identity/endpoint", json!("+4670000000000000")), 400, 40001),
        (changed("/identity/endpoint", json!("+46-700000001")), 400, 40001),
    ] {
        let (status, error) = caller.start(&body).await;
        assert_eq!((status, &error["errorCode"]), (http, &json!(code)), "{body}");
    }
    for (content_type, text) in
        [("text/plain", body().to_string()), ("application/json", "{".into())]
    {
        let (status, error) =
            taken(caller.signed(Method::POST, PATH, content_type, &text).await).await;
        assert_eq!((status, &error["errorCode"]), (400, &json!(40003)));
    }
    assert!(caller.fake.starts().is_empty());
}

#[tokio::test]
async fn paths_and_methods_are_read_strictly() {
    let caller = Caller::new().await;
    for (method, path) in [
        (Method::PUT, PATH),
        (Method::POST, "/verifications"),
        (Method::POST, "/verification/v1/verifications/"),
        (Method::POST, "/verification/v1/verifications?a=b"),
        (Method::PUT, "/verifications/id/1"),
        (Method::PUT, "/verification/v1/verifications/id/"),
        (Method::PUT, "/verification/v1/verifications/id/1/2"),
        (Method::POST, "/verification/v1/verifications/id/1"),
    ] {
        let text = body().to_string();
        let response = caller.signed(method, path, "application/json", &text).await;
        assert_eq!(taken(response).await.1["errorCode"], 40400, "{path}");
    }
}

#[tokio::test]
async fn proofs_are_read_strictly() {
    let caller = Caller::new().await;
    let FakeConfig { app_key, .. } = config();
    let request = || caller.request(Method::POST, PATH).header("content-type", "application/json");
    let public = format!("Application {app_key}");
    let forged = format!("{public}:AAAA");
    for (authorization, timestamp, code) in [
        ("", stamp(now()), 40100),
        ("Bearer x", stamp(now()), 40100),
        (&public, stamp(now()), 40303),
        ("Basic eDp5", stamp(now()), 40108),
        ("Application somebody:AAAA", stamp(now()), 40108),
        (&forged, stamp(now()), 40102),
        (&forged, "today".to_owned(), 40101),
        (&forged, stamp(now() - TimeDelta::minutes(6)), 40105),
    ] {
        let request = request().header("authorization", authorization);
        let response = request.header("x-timestamp", timestamp).body("{}").send().await.unwrap();
        assert_eq!(taken(response).await.1["errorCode"], code, "{authorization}");
    }
}

#[tokio::test]
async fn a_report_must_fit_the_verification() {
    let caller = Caller::new().await;
    let id = caller.start(&body()).await.1["id"].as_str().unwrap().to_owned();
    let code = caller.fake.code_for(NUMBER).unwrap();
    let path = format!("{PATH}/id/{id}");
    let report = async |body: Value| {
        let text = body.to_string();
        taken(caller.signed(Method::PUT, &path, "application/json", &text).await).await.1
    };
    for body in [
        json!({ "method": "callout", "callout": { "code": code } }),
        json!({ "method": "sms", "callout": { "code": code } }),
        json!({ "method": "sms", "sms": { "code": "12345678901" } }),
        json!({ "method": "sms", "sms": { "code": 5 } }),
    ] {
        assert_eq!(report(body.clone()).await["errorCode"], 40001, "{body}");
    }
    let wrong = report(json!({ "method": "sms", "sms": { "code": wrong(&code) } })).await;
    let fixture = json!({ "id": id, "method": "sms", "status": "FAIL", "reason": "Invalid code" });
    assert_eq!(wrong, fixture);
    let again = report(json!({ "method": "sms", "sms": { "code": code } })).await;
    assert_eq!(again["errorCode"], 40400);

    let status = taken(caller.signed(Method::GET, &path, "", "").await).await.1;
    assert_eq!(status["reason"], "Invalid code");
    assert_eq!(status["verificationTimestamp"], "2024-05-22T09:38:59.5590437");
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
    caller.start(&body()).await;
    let code = caller.fake.code_for(NUMBER).unwrap();
    assert_eq!(get("/_fake/codes?number=%2B46700000001").await["code"], code);
    assert_eq!(get("/_fake/codes").await["codes"][0]["code"], code);

    let mode = json!({ "operation": "start", "mode": "error:503:50300", "times": 1 });
    assert_eq!(change(mode).await, 204);
    assert_eq!(caller.start(&body()).await.0, 503);
    assert_eq!(caller.start(&body()).await.0, 200);
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
    assert_eq!(change(json!({ "wrongCodeBurns": false })).await, 204);
    assert_eq!(change(json!({ "resetNext": 1 })).await, 204);
    let lost = caller.request(Method::GET, "/_fake/codes").send().await;
    assert!(lost.unwrap_err().is_request());
}

#[tokio::test]
async fn a_fake_that_is_gone_answers_nobody() {
    let World { fake, sinch } = World::new().await;
    let id = sinch
        .start(now(), NUMBER, Channel::Sms, "r", &Wording::default())
        .await
        .unwrap()
        .reference_id;
    drop(fake);
    let failure = sinch.check(now(), &id, Channel::Sms, "123456").await.unwrap_err();
    let gone = [FailureKind::NotSent, FailureKind::OutcomeUnknown];
    assert!(gone.contains(&failure.kind()), "{failure}");
}

#[test]
fn modes_are_spelt_as_the_command_line_says() {
    use std::time::Duration;
    for (text, mode) in [
        ("normal", Mode::Normal),
        ("error:429:42901", Mode::Error { http: 429, code: 42901 }),
        ("status:PENDING", Mode::Status { status: "PENDING".into(), reason: None }),
        ("status:FAIL:Fraud", Mode::Status { status: "FAIL".into(), reason: Some("Fraud".into()) }),
        ("delay:9000", Mode::Delay(Duration::from_secs(9))),
        ("close", Mode::Close),
        ("broken-off", Mode::BrokenOff),
        ("truncated", Mode::Truncated),
        ("no-id", Mode::NoId),
        ("other-id:../x", Mode::OtherId("../x".into())),
        ("oversized", Mode::Oversized),
        ("html:502", Mode::Html(502)),
        ("empty", Mode::Empty),
        ("redirect:http://host/", Mode::Redirect("http://host/".into())),
    ] {
        assert_eq!(text.parse::<Mode>().unwrap(), mode);
    }
    for text in ["", "close:1", "error:429", "error:99:1", "html:x", "delay", "fire"] {
        assert!(text.parse::<Mode>().is_err(), "{text}");
    }
    assert_eq!("report".parse::<Operation>().unwrap(), Operation::Report);
}
