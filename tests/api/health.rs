//! `/health`, `/livez`, `/readyz`.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_server_that_lives_says_so_and_what_time_it_is() {
    let app = TestApp::new().await;
    for path in ["/health", "/livez"] {
        let answer = app.get(path).await.is(200);
        assert_eq!(answer.json()["status"], "UP");
        let time: DateTime<Utc> = answer.text("timestamp").parse().unwrap();
        assert_eq!(time, app.now());
    }
}

#[tokio::test]
async fn a_server_is_ready_on_a_current_schema() {
    let app = TestApp::new().await;
    let answer = app.get("/readyz").await.is(200);
    let providers = json!([{ "name": "console", "breaker": "closed" }]);
    let checks = json!({ "database": "UP", "migrations": "UP", "providers": providers,
        "revocations": "listening" });
    assert_eq!(answer.json(), &json!({ "status": "UP", "checks": checks }));
}

#[tokio::test]
async fn a_schema_that_is_behind_makes_it_not_ready() {
    let app = TestApp::new().await;
    sqlx::query(
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .execute(app.database())
    .await
    .unwrap();
    let answer = app.get("/readyz").await.is(503);
    assert_eq!(answer.json()["status"], "DOWN");
    assert_eq!(answer.json()["checks"]["database"], "UP");
    assert_eq!(answer.json()["checks"]["migrations"], "DOWN");
}

#[tokio::test]
async fn a_lost_database_makes_it_not_ready_and_leaves_it_alive() {
    let app = TestApp::new().await;
    app.application.state.database.close().await;
    let answer = app.get("/readyz").await.is(503);
    assert_eq!(answer.json()["status"], "DOWN");
    assert_eq!(answer.json()["checks"]["database"], "DOWN");
    app.get("/health").await.is(200);
    app.get("/livez").await.is(200);
}
