//! Every route that asks for a token, as the OpenAPI document lists them: without one, with one that
//! has run out, with one of a session that has ended, and with somebody else's.

use chrono::TimeDelta;
use reqwest::Method;
use ringfence::api::openapi::document;

use crate::support::{Answer, Person, TestApp};

/// Method and path, `{id}` put in place of every parameter.
fn protected(id: &str) -> Vec<(Method, String)> {
    let document = document();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let security = operation["security"].as_array().into_iter().flatten();
            if security.clone().any(|scheme| !scheme["bearer"].is_null()) {
                let method = method.to_uppercase().parse().unwrap();
                let path =
                    path.split('/').map(|part| if part.starts_with('{') { id } else { part });
                routes.push((method, path.collect::<Vec<_>>().join("/")));
            }
        }
    }
    assert!(routes.len() >= 5, "the routes are not found: {routes:?}");
    routes
}

async fn ask(app: &TestApp, (method, path): &(Method, String), token: Option<&str>) -> Answer {
    let mut request = app.request(method.clone(), path);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    app.send(request).await
}

#[tokio::test]
async fn no_route_opens_without_a_good_token() {
    let app = TestApp::new().await;
    let ada = Person::ada();
    let expired = app.verified(&ada).await;
    let id = app.session(&expired).await.text("sessionId");
    app.advance(TimeDelta::minutes(15));
    let ended = app.login(&ada).await.is(200).text("token");
    app.logout(&ended, "current").await.is(204);
    for route in protected(&id) {
        ask(&app, &route, None).await.refused(401, "token_missing");
        for token in [&*expired, &*ended, "x", "a.b.c"] {
            let answer = ask(&app, &route, Some(token)).await;
            assert_eq!((answer.status(), answer.code()), (401, "token_invalid"), "{route:?}");
        }
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn no_route_does_anything_to_somebody_else() {
    let app = TestApp::new().await;
    let of_ada = app.signed_in(&Person::ada()).await;
    let user = of_ada.text("userId");
    let id = app.session(&of_ada.text("token")).await.text("sessionId");
    let before = app.user_row(&Person::ada()).await;
    for route in protected(&id) {
        let of_bob = if app.count("SELECT count(*) FROM users").await == 1 {
            app.verified(&Person::bob()).await
        } else {
            app.login(&Person::bob()).await.is(200).text("token")
        };
        let answer = ask(&app, &route, Some(&of_bob)).await;
        let text = String::from_utf8_lossy(answer.bytes()).into_owned();
        for of_ada in [&*user, &*id, "ada@example.com", "+14155552671"] {
            assert!(!text.contains(of_ada), "{route:?} tells {text}");
        }
    }
    assert_eq!(app.user_row(&Person::ada()).await, before);
    app.session(&of_ada.text("token")).await.is(200);
    app.refresh(&of_ada.text("refreshToken")).await.is(200);
}
