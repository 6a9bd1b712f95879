//! `DELETE /api/v1/admin/users/{id}`.

use serde_json::json;

use super::scene;
use crate::secrets::dump;
use crate::store;
use crate::support::{Person, TestApp, Visitor, wrong};

const PHONE: &str = "/api/v1/profile/phone";

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

/// Asks for the number of `moved` and enters a code, the right one or a wrong one.
async fn change(app: &TestApp, token: &str, moved: &Person, is_right: bool) {
    let body = json!({ "phoneNumber": moved.phone, "password": moved.password });
    app.post_as(token, PHONE, &body).await.is(202);
    let right = app.code_for(moved);
    let code = if is_right { right } else { wrong(&right) };
    let answer = app.post_as(token, &format!("{PHONE}/confirm"), &json!({ "otpCode": code })).await;
    answer.is(if is_right { 200 } else { 401 });
}

#[tokio::test]
async fn every_number_of_a_deleted_user_is_forgotten() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let admin = app.admin(&Person::ada()).await;
    let bob = Person::bob();
    let token = app.verified(&bob).await;
    let [now_his, only_tried] =
        [1, 2].map(|it| Person { phone: Person::numbered(it).phone, ..bob.clone() });
    change(&app, &token, &now_his, true).await;
    change(&app, &token, &only_tried, false).await;
    let mac = "SELECT DISTINCT number_mac::text FROM messages
        WHERE user_id = (SELECT id FROM users WHERE email = 'bob@example.org')";
    let mac: Vec<String> = sqlx::query_scalar(mac).fetch_all(app.database()).await.unwrap();
    let mut personal: Vec<&str> = vec![&bob.phone, &now_his.phone];
    // Redis forgets within minutes where a code went; what is counted goes by itself.
    personal.extend(store::KEEPS_WHAT_IS_OVER.then_some(&*only_tried.phone));
    personal.extend(mac.iter().map(|mac| &mac[2..]));
    let before = dump(&app).await;
    assert!(personal.len() >= 5 && personal.iter().all(|it| before.contains(it)), "{personal:?}");
    admin.delete(&app.path_of(&now_his, "").await).await.is(204);
    let after = dump(&app).await;
    for datum in personal {
        assert!(!after.contains(datum), "{datum} is still there");
    }
}

#[tokio::test]
async fn what_is_counted_for_somebody_elses_number_outlasts_whoever_wanted_it() {
    let app = TestApp::with(&[("OTP_RESEND_SECONDS", "0")]).await;
    let ada = Person::ada();
    let admin = app.admin(&ada).await;
    let thief = Person { phone: ada.phone.clone(), ..Person::bob() };
    let mut claim = thief.registration();
    claim["claimNumber"] = json!(true);
    app.post("/api/v1/auth/register", &claim).await.is(201);
    let ticket = app.login(&thief).await.is(200).text("loginTicket");
    app.verify(&ticket, &wrong(&app.code_for(&thief))).await.refused(401, "otp_invalid");
    let counted =
        "SELECT cardinality(events)::int8 FROM otp_windows WHERE subject LIKE 'wrong:number:%'";
    let before = app.count(counted).await;
    let id = "SELECT id::text FROM users WHERE email = 'bob@example.org'";
    let id: String = sqlx::query_scalar(id).fetch_one(app.database()).await.unwrap();
    admin.delete(&format!("/api/v1/admin/users/{id}")).await.is(204);
    assert_eq!((before, app.count(counted).await), (1, 1));
}

/// Whichever comes first: a session that is there is ended by the deletion, one that comes after is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_session_outlives_its_deleted_user_however_they_race() {
    let app = TestApp::with(&[("OTP_MAX_PER_ADDRESS_HOURLY", "1000")]).await;
    let admin = app.admin(&Person::ada()).await;
    app.warm().await;
    for round in 0..20 {
        let person = Person::numbered(round);
        app.verified(&person).await;
        let path = app.path_of(&person, "").await;
        let logins: Vec<_> = (0..6)
            .map(|_| {
                let (visitor, person) = (Visitor::clone(&app), person.clone());
                tokio::spawn(async move { visitor.login(&person).await })
            })
            .collect();
        // At another moment of their way each time.
        tokio::time::sleep(std::time::Duration::from_micros(round as u64 * 500)).await;
        admin.delete(&path).await.is(204);
        for login in logins {
            let login = login.await.unwrap();
            if login.status() == 200 {
                app.session(&login.text("token")).await.refused(401, "token_invalid");
            }
        }
    }
}
