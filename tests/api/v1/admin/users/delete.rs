//! `DELETE /api/v1/admin/users/{id}`.

use super::scene;
use crate::support::Person;

#[tokio::test]
async fn a_deleted_user_is_gone_with_everything_and_can_sign_up_anew() {
    let (app, admin, bob, token) = scene().await;
    let (id, path) = (app.id_of(&bob).await, app.path_of(&bob, "").await);
    admin.delete(&path).await.is(204);
    app.profile(&token).await.refused(401, "token_invalid");
    app.login(&bob).await.refused(401, "invalid_credentials");
    admin.get(&path).await.refused(404, "user_not_found");
    admin.delete(&path).await.refused(404, "user_not_found");
    for table in ["sessions", "login_tickets", "otp_challenges"] {
        let query = format!("SELECT count(*) FROM {table} WHERE user_id::text = $1");
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).bind(&id);
        let left: i64 = query.fetch_one(app.database()).await.unwrap();
        assert_eq!(left, 0, "of {table}");
    }
    assert_eq!(app.count("SELECT count(*) FROM users").await, 1);
    app.register(&bob).await.is(201);
    app.profile(&token).await.refused(401, "token_invalid");
    admin.get(&app.path_of(&Person::ada(), "").await).await.is(200);
}
