//! What people do with an account that they have: for tests of what all of that needs or tells.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::answers::{Api, EMAIL, PHONE};
use super::fake_sinch::Operation;
use super::installation::Installation;

/// The number that takes the place of the one of signing up.
const OTHER_PHONE: &str = "+14155552672";

/// Forgets the password, logs in with another, changes that and the number, takes the data along and
/// leaves. Returns every secret on the way. Needs a phone that is verified, and no wait between two codes.
pub(crate) async fn walk(installation: &Installation, api: &Api) -> Vec<String> {
    let sends = installation.sinch.received(Operation::Start);
    let forgot = api.post("password/forgot", json!({ "email": EMAIL })).await.expect(202);
    let ticket = forgot.text("resetTicket");
    let (first, second) = ("a heron at dawn, alone", "eight quiet herons at dawn");
    let deadline = Instant::now() + Duration::from_secs(20);
    let code = loop {
        assert!(Instant::now() < deadline, "the password is never reset");
        sleep(Duration::from_millis(20)).await;
        // No answer waits for Sinch, and until we have heard of it there is no code to judge.
        let was_sent = installation.sinch.received(Operation::Start) > sends;
        let Some(code) = installation.sinch.code_for(PHONE).filter(|_| was_sent) else { continue };
        let body = json!({ "resetTicket": ticket, "otpCode": code, "newPassword": first });
        if status(api, Method::POST, "/auth/password/reset", "", &body).await == 204 {
            break code;
        }
    };
    let mut secrets = vec![first.to_owned(), second.to_owned(), ticket, code];
    let mut login =
        api.post("login", json!({ "email": EMAIL, "password": first })).await.expect(200);
    if login.body["requiresOtp"] == true {
        let (ticket, code) = (login.text("loginTicket"), installation.code());
        login = api.verify(&ticket, &code).await.expect(200);
        secrets.extend([ticket, code]);
    }
    let token = login.text("token");
    let change = json!({ "currentPassword": first, "newPassword": second });
    let name = json!({ "displayName": "Ada" });
    api.get("/api/v1/profile/export", &token).await.expect(200);
    for (method, path, body, wanted) in [
        (Method::PATCH, "/profile", name, 200),
        (Method::POST, "/auth/password/change", change, 204),
    ] {
        assert_eq!(status(api, method, path, &token, &body).await, wanted, "{path}");
    }
    let number = json!({ "phoneNumber": OTHER_PHONE, "password": second });
    assert_eq!(status(api, Method::POST, "/profile/phone", &token, &number).await, 202);
    let code = installation.sinch.code_for(OTHER_PHONE).unwrap();
    let confirm = json!({ "otpCode": code });
    assert_eq!(status(api, Method::POST, "/profile/phone/confirm", &token, &confirm).await, 200);
    secrets.extend([OTHER_PHONE.to_owned(), code]);
    let leave = json!({ "password": second });
    assert_eq!(status(api, Method::DELETE, "/profile", &token, &leave).await, 202);
    secrets.extend(token.rsplit_once('.').map(|(_, signature)| signature.to_owned()));
    secrets
}

async fn status(api: &Api, method: Method, path: &str, token: &str, body: &Value) -> u16 {
    let request = api.client.request(method, format!("{}/api/v1{path}", api.base));
    request.bearer_auth(token).json(body).send().await.unwrap().status().as_u16()
}
