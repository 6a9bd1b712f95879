//! `GET /api/v1/admin/users/{id}`.

use serde_json::{Value, json};

use super::scene;
use crate::support::USERS;

#[tokio::test]
async fn a_user_is_shown_as_stored_but_for_the_password() {
    let (app, admin, bob, _) = scene().await;
    let row = app.user_row(&bob).await;
    let shown = admin.get(&app.path_of(&bob, "").await).await.is(200);
    let mut wanted = json!({
        "id": row["id"], "email": "bob@example.org", "phoneNumber": "+46701234567",
        "isVerified": true, "roles": [],
    });
    for (member, column) in [
        ("createdAt", "created_at"),
        ("updatedAt", "updated_at"),
        ("lastOtpSentAt", "last_otp_sent_at"),
    ] {
        let told: chrono::DateTime<chrono::Utc> = shown.text(member).parse().unwrap();
        let kept: chrono::DateTime<chrono::Utc> = row[column].as_str().unwrap().parse().unwrap();
        assert_eq!(told, kept, "{member}");
        wanted[member] = Value::from(shown.text(member));
    }
    assert_eq!(shown.json(), &wanted);
}

#[tokio::test]
async fn nobody_and_no_id_are_no_user() {
    let (_app, admin, ..) = scene().await;
    for id in ["01890000-0000-7000-8000-000000000000", "x", "%00", "%ff", "1e400"] {
        admin.get(&format!("{USERS}/{id}")).await.refused(404, "user_not_found");
    }
}
