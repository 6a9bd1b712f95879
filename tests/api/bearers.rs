//! Every route that wants a token, as the OpenAPI document lists them: closed to whoever has none.

use chrono::TimeDelta;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use ringfence::api::openapi::document;
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestApp};

/// The method and the path of each. An id in a path is nobody's.
fn routes() -> Vec<(Method, String)> {
    let document = document();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let wants_token = |it: &Value| it["bearer"].is_array();
            if operation["security"].as_array().is_some_and(|it| it.iter().any(wants_token)) {
                let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057");
                routes.push((method.to_uppercase().parse().unwrap(), path));
            }
        }
    }
    assert!(routes.len() >= 6, "{routes:?}");
    routes
}

async fn ask(app: &TestApp, route: &(Method, String), token: Option<&str>) -> Answer {
    let (method, path) = route;
    let mut request = app.request(method.clone(), path);
    if method != Method::GET {
        request = request.json(&json!({}));
    }
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    app.send(request).await
}

#[tokio::test]
async fn no_route_opens_without_a_token() {
    let app = TestApp::new().await;
    for route in routes() {
        ask(&app, &route, None).await.refused(401, "token_missing");
        ask(&app, &route, Some("x.y.z")).await.refused(401, "token_invalid");
    }
}

#[tokio::test]
async fn no_route_opens_by_a_token_that_has_expired() {
    let app = TestApp::new().await;
    let token = app.verified(&Person::ada()).await;
    let row = app.user_row(&Person::ada()).await;
    app.advance(TimeDelta::minutes(15));
    for route in routes() {
        ask(&app, &route, Some(&token)).await.refused(401, "token_invalid");
    }
    assert_eq!(app.user_row(&Person::ada()).await, row);
}

#[tokio::test]
async fn somebody_elses_token_acts_on_somebody_elses_account() {
    let app = TestApp::new().await;
    let (ada, bob) =
        (Person::ada(), Person { password: "a staple of his own".to_owned(), ..Person::bob() });
    let token_of_ada = app.verified(&ada).await;
    let token_of_bob = app.verified(&bob).await;
    let row = app.user_row(&ada).await;
    // The password of the one does not make up for the token of the other.
    let new = "a new and better staple";
    app.change_password(&token_of_bob, &ada.password, new).await.refused(403, "password_wrong");
    app.delete_profile(&token_of_bob, &ada.password).await.refused(403, "password_wrong");
    app.edit_profile(&token_of_bob, &json!({ "displayName": "Bob" })).await.is(200);
    app.change_password(&token_of_bob, &bob.password, new).await.is(204);
    app.delete_profile(&token_of_bob, new).await.is(202);
    assert_eq!(app.user_row(&ada).await, row);
    app.profile(&token_of_ada).await.is(200);
    app.login(&ada).await.is(200);
    let ended = "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id
        WHERE ended_at IS NOT NULL AND phone_number = '+14155552671'";
    assert_eq!(app.count(ended).await, 0);
}
