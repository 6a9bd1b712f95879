//! The fake is at least as strict as the original, and obeys its remote control.

use reqwest::{Method, RequestBuilder};
use ringfence::foundation::outbound::http_client;
use serde_json::{Value, json};

use crate::fake_plivo::{FakeConfig, FakePlivo, Mode};

async fn fake() -> FakePlivo {
    FakePlivo::start(FakeConfig::default()).await.unwrap()
}

fn message() -> Value {
    json!({
        "src": "14155551234", "dst": "46700000001", "text": "Hello", "type": "sms",
        "message_expiry": 600, "log": false,
    })
}

fn request(fake: &FakePlivo, method: Method, path: &str) -> RequestBuilder {
    let FakeConfig { auth_id, auth_token, .. } = FakeConfig::default();
    let url = format!("{}{path}", fake.base_url());
    http_client().unwrap().request(method, url).basic_auth(auth_id, Some(auth_token))
}

fn post(fake: &FakePlivo) -> RequestBuilder {
    request(fake, Method::POST, "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/")
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn it_takes_what_is_right() {
    let fake = fake().await;
    let answer = post(&fake).json(&message()).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["message"], "message(s) queued");
    assert_eq!(body["message_uuid"], json!([fake.messages()[0].uuid]));
    assert!(body["api_id"].is_string());
}

#[tokio::test]
async fn it_refuses_what_is_wrong() {
    let fake = fake().await;
    for (key, value) in [
        ("src", json!("14155550000")),
        ("src", json!("+14155551234")),
        ("dst", json!("+46700000001")),
        ("dst", json!("46700000001<46700000002")),
        ("dst", json!("4670")),
        ("text", json!("")),
        ("text", json!("a".repeat(738))),
        ("type", json!("mms")),
        ("log", json!(true)),
        ("log", json!("false")),
        ("message_expiry", json!(4)),
        ("url", json!("https://example.com/")),
        ("method", json!("POST")),
    ] {
        let mut body = message();
        body[key] = value.clone();
        assert_eq!(status(post(&fake).json(&body)).await, 400, "{key} {value}");
    }
    let without_type = post(&fake).body(message().to_string());
    assert_eq!(status(without_type).await, 400);
    assert_eq!(status(post(&fake).json(&json!({}))).await, 400);
    assert!(fake.messages().is_empty());
}

#[tokio::test]
async fn it_asks_for_the_credentials_and_the_very_path() {
    let fake = fake().await;
    let path = "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/";
    let url = format!("{}{path}", fake.base_url());
    let bare = http_client().unwrap().post(url).json(&message());
    let other = bare.try_clone().unwrap().basic_auth("MAXXXXXXXXXXXXXXXXXX", Some("another"));
    assert_eq!(status(bare).await, 401);
    assert_eq!(status(other).await, 401);
    let post_to = |path| request(&fake, Method::POST, path).json(&message());
    for path in [
        "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message",
        "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Message/?a",
        "/v1/Account/MAXXXXXXXXXXXXXXXXXX/Messages/",
        "/v1/Account/MASOMEBODYELSE/Message/",
        "/",
    ] {
        assert_eq!(status(post_to(path)).await, 404, "{path}");
    }
    assert_eq!(status(request(&fake, Method::GET, path)).await, 405);
    assert!(fake.messages().is_empty());
}

#[tokio::test]
async fn it_is_controlled_from_afar() {
    let fake = fake().await;
    let control = |body: Value| request(&fake, Method::POST, "/_fake/mode").json(&body);
    assert_eq!(status(control(json!({ "mode": "html:503", "times": 1 }))).await, 204);
    assert_eq!(status(post(&fake).json(&message())).await, 503);
    assert_eq!(status(post(&fake).json(&message())).await, 202);
    assert_eq!(status(control(json!({ "mode": "reply:418:{}" }))).await, 204);
    assert_eq!(status(post(&fake).json(&message())).await, 418);
    for body in [json!({ "mode": "nonsense" }), json!({ "mode": "normal", "more": 1 }), json!({})] {
        assert_eq!(status(control(body)).await, 400);
    }
    let list = request(&fake, Method::GET, "/_fake/messages").send().await.unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["messages"][0]["text"], "Hello");
    assert_eq!(status(request(&fake, Method::GET, "/_fake/nothing")).await, 404);
    assert_eq!(fake.received(), 3);
}

#[test]
fn modes_are_read_as_they_are_written() {
    for (text, mode) in [
        ("normal", Mode::Normal),
        ("close", Mode::Close),
        ("broken-off", Mode::BrokenOff),
        ("truncated", Mode::Truncated),
        ("oversized", Mode::Oversized),
        ("html:502", Mode::Html(502)),
        ("delay:1500", Mode::Delay(std::time::Duration::from_millis(1500))),
        ("redirect:http://h/", Mode::Redirect("http://h/".to_owned())),
        ("reply:400:{\"error\":\"a:b\"}", crate::world::reply(400, "{\"error\":\"a:b\"}")),
    ] {
        assert_eq!(text.parse::<Mode>().unwrap(), mode);
    }
    for text in ["", "Normal", "html", "html:99", "delay:soon", "reply:400", "close:1"] {
        assert!(text.parse::<Mode>().is_err(), "{text}");
    }
}
