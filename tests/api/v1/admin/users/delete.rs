//! `DELETE /api/v1/admin/users/{id}`.

use super::scene;
use crate::support::Person;

#[tokio::test]
async fn a_deleted_user_is_gone_with_everything_and_can_sign_up_anew() {
    let (app, admin, bob, token) = scene().await;
    let path = app.path_of(&bob, "").await;
    admin.delete(&path).await.is(204);
    app.profile(&token).await.refused(401, "token_invalid");
    app.login(&bob).await.refused(401, "invalid_credentials");
    admin.get(&path).await.refused(404, "user_not_found");
    admin.delete(&path).await.refused(404, "user_not_found");
    for table in ["sessions", "login_tickets", "otp_challenges"] {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(DISTINCT user_id) FROM {table}"));
        let left: i64 = sqlx::query_scalar(query).fetch_one(app.database()).await.unwrap();
        assert_eq!(left, 1, "of {table}: the administrator's own");
    }
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    app.register(&bob).await.is(201);
    app.profile(&token).await.refused(401, "token_invalid");
    admin.get(&app.path_of(&Person::ada(), "").await).await.is(200);
}
