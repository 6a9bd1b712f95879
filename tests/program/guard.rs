//! `ringfence guard …`: what an operator is told of the guard.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answers::{Answer, Api, PASSWORD};
use super::installation::Installation;

/// Runs a command that must succeed, and reads its JSON.
async fn guard(installation: &Installation, arguments: &[&str]) -> Value {
    let arguments = [&["guard"], arguments, &["--json"]].concat();
    let ended = installation.run(&arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", ended.err);
    serde_json::from_str(&ended.out).unwrap()
}

/// Somebody has signed up whose code was entered, and four numbers of one prefix were pumped.
async fn pumped() -> Installation {
    let mut installation = Installation::new().await;
    installation.set("GUARD", "on");
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let phones = ["+447912120111", "+447912120222", "+447912120333", "+447912120444"];
    for (at, phone) in phones.into_iter().enumerate() {
        let email = format!("pump{at}@example.com");
        let person = json!({"email": email, "password": PASSWORD, "phoneNumber": phone});
        serving.api.post("register", person).await.expect(201);
        let login = json!({"email": email, "password": PASSWORD});
        let login = serving.api.post("login", login).await.expect(200);
        let why = login.body["otpError"]["code"].as_str();
        assert_eq!(
            why,
            [None, None, Some("challenge_required"), Some("otp_destination_limited")][at]
        );
        if at == 2 {
            let ticket = json!({"loginTicket": login.text("loginTicket")});
            work_for_a_code(&serving.api, &ticket).await.expect(200);
        }
    }
    installation
}

/// Asks for a code, and meets the challenge if there is one.
async fn work_for_a_code(api: &Api, body: &Value) -> Answer {
    let asked = api.post("request-otp", body.clone()).await;
    if asked.status != 428 {
        return asked;
    }
    let mut solution = asked.body["challenge"].clone();
    let (salt, wanted) =
        (asked.body["challenge"]["salt"].as_str().unwrap(), &solution["challenge"]);
    let hash = |number: u64| {
        let hash = digest(&SHA256, format!("{salt}{number}").as_bytes());
        hash.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    };
    let number = (0..=250_000).find(|number| *wanted == json!(hash(*number))).unwrap();
    solution["number"] = json!(number);
    let url = format!("{}/api/v1/auth/request-otp", api.base);
    let response = STANDARD.encode(solution.to_string());
    Answer::of(api.client.post(url).header("challenge-response", response).json(body)).await
}

#[tokio::test]
async fn an_explanation_tells_the_scope_that_refuses_and_the_last_decisions() {
    let installation = pumped().await;
    let told = guard(&installation, &["explain", "+44 7912 120444", "--from", "127.0.0.1"]).await;
    assert_eq!((&told["outcome"], &told["isEnforced"]), (&json!("refuse"), &json!(true)));
    assert!(told["because"].as_str().unwrap().contains("prefix"), "{told}");
    assert!(told["opensAt"].is_string());
    let scopes = told["scopes"].as_array().unwrap();
    let of = |kind: &str| scopes.iter().find(|scope| scope["kind"] == kind).unwrap();
    assert_eq!(
        (&of("prefix")["key"], &of("prefix")["state"]),
        (&json!("+44791212"), &json!("slowed"))
    );
    assert_eq!(of("block")["key"], "127.0.0.0/24");
    assert_eq!((&of("country")["key"], &of("country")["hasASay"]), (&json!("GB"), &json!(true)));
    let last = &told["decisions"][0];
    assert_eq!((&last["outcome"], &last["decidedBy"]), (&json!("refuse"), &json!("prefix")));
    assert_eq!(last["isOfNumber"], true);
    assert_eq!(told["decisions"][1]["provider"], "sinch");

    let people = installation.run(&["guard", "explain", "+447912120444"]).await;
    for words in ["+44•••••••0444: refuse, until", "the prefix", "slowed", "refuse", "another"]
    {
        assert!(people.out.contains(words), "{words}: {}", people.out);
    }
    assert!(!people.out.contains("7912120444"), "{}", people.out);
}

#[tokio::test]
async fn an_explanation_tells_of_the_settings() {
    let mut installation = pumped().await;
    installation.set("ALLOWED_COUNTRIES", "SE");
    let told = guard(&installation, &["explain", "+14155550123"]).await;
    assert_eq!((&told["outcome"], &told["isEnforced"]), (&json!("refuse"), &json!(true)));
    assert!(told["because"].as_str().unwrap().contains("ALLOWED_COUNTRIES"), "{told}");
    installation.unset("ALLOWED_COUNTRIES");
    installation.set("GUARD", "record");
    let people = installation.run(&["guard", "explain", "+447912120444"]).await;
    assert!(people.out.contains("a code is sent all the same"), "{}", people.out);
    let wrong = installation.run(&["guard", "explain", "12"]).await;
    assert!(!wrong.status.success(), "{}", wrong.out);
}

#[tokio::test]
async fn a_report_has_a_line_for_each_country_prefix_block_and_provider() {
    let installation = pumped().await;
    let countries = guard(&installation, &["report"]).await;
    let lines = countries["lines"].as_array().unwrap();
    assert_eq!(lines.len(), 2, "{countries}");
    let line = |group: &str| lines.iter().find(|line| line["group"] == group).unwrap();
    assert_eq!((&line("GB")["sent"], &line("GB")["verified"]), (&json!(3), &json!(0)));
    assert_eq!((&line("GB")["refused"], &line("US")["verified"]), (&json!(1), &json!(1)));
    assert_eq!(line("US")["state"], "trusted");
    let people = installation.run(&["guard", "report", "--by", "prefix", "--days", "1"]).await.out;
    let line = people.lines().find(|line| line.starts_with("+44791212")).unwrap();
    let cells: Vec<_> = line.split_whitespace().collect();
    assert_eq!(cells, ["+44791212", "3", "0", "0.0", "%", "3", "1", "slowed"], "{people}");
    for by in ["block", "provider"] {
        let ended = installation.run(&["guard", "report", "--by", by]).await;
        assert!(ended.status.success(), "{}", ended.err);
    }
}
