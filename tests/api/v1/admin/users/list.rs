//! `GET /api/v1/admin/users`.

use serde_json::Value;

use super::scene;
use crate::support::{Answer, Person, TestApp, USERS, Visitor};

async fn ask(admin: &Visitor, query: &str) -> Answer {
    admin.get(&format!("{USERS}?{query}")).await
}

/// The e-mail addresses of a list.
fn emails(list: &Answer) -> Vec<&str> {
    let users = list.json()["users"].as_array().unwrap();
    users.iter().map(|user| user["email"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn one_is_found_by_address_or_number_written_in_any_usual_way() {
    let (_app, admin, ..) = scene().await;
    for query in [
        "email=bob%40example.org",
        "email=BOB@EXAMPLE.ORG",
        "phoneNumber=%2B46701234567",
        "phoneNumber=%2B46+70+123+45+67",
    ] {
        let found = ask(&admin, query).await.is(200);
        assert_eq!(emails(&found), ["bob@example.org"], "{query}");
        assert_eq!(found.json()["next"], Value::Null);
    }
    for query in ["email=bo%40example.org", "phoneNumber=%2B46701234568"] {
        let found = ask(&admin, query).await.is(200);
        assert!(emails(&found).is_empty(), "{query}");
    }
}

#[tokio::test]
async fn the_beginning_of_an_address_finds_all_who_have_it() {
    let app = TestApp::new().await;
    let admin = app.admin(&Person::ada()).await;
    for (at, email) in ["al@example.com", "ALFRED@example.com", "a%l@example.com", "bal@a.com"]
        .into_iter()
        .enumerate()
    {
        let person = Person { email: email.to_owned(), ..Person::numbered(at) };
        // Ids of one millisecond are in no order.
        app.advance(chrono::TimeDelta::milliseconds(2));
        app.register(&person).await.is(201);
    }
    for (prefix, found) in [
        ("al", vec!["al@example.com", "ALFRED@example.com"]),
        ("AL", vec!["al@example.com", "ALFRED@example.com"]),
        ("al@", vec!["al@example.com"]),
        ("a%25", vec!["a%l@example.com"]),
        ("a_", vec![]),
        ("a", vec!["ada@example.com", "al@example.com", "ALFRED@example.com", "a%l@example.com"]),
        ("bal@a.com", vec!["bal@a.com"]),
        ("bal@a.comm", vec![]),
    ] {
        let list = ask(&admin, &format!("emailPrefix={prefix}")).await.is(200);
        assert_eq!(emails(&list), found, "{prefix}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_and_leave_nobody_out() {
    let app = TestApp::new().await;
    let admin = app.admin(&Person::ada()).await;
    for number in 0..24 {
        app.advance(chrono::TimeDelta::milliseconds(2));
        app.register(&Person::numbered(number)).await.is(201);
    }
    let usual = admin.get(USERS).await.is(200);
    assert_eq!(emails(&usual).len(), 20, "where no limit is said");
    let whole = ask(&admin, "limit=100").await.is(200);
    assert_eq!(whole.json()["next"], Value::Null);
    assert_eq!(emails(&whole).len(), 25);
    for limit in [1, 7, 25] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = ask(&admin, &format!("limit={limit}{after}")).await.is(200);
            assert!(emails(&page).len() <= limit);
            seen.extend(emails(&page).into_iter().map(str::to_owned));
            let Some(next) = page.json()["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, emails(&whole), "in pages of {limit}");
    }
}

#[tokio::test]
async fn those_who_are_locked_or_have_a_role_are_found() {
    let (app, admin, bob, _) = scene().await;
    assert_eq!(emails(&ask(&admin, "role=admin").await.is(200)), ["ada@example.com"]);
    assert!(emails(&ask(&admin, "lockedOnly=true").await.is(200)).is_empty());
    sqlx::query("UPDATE users SET locked_at = created_at WHERE phone_number = $1")
        .bind(&bob.phone)
        .execute(app.database())
        .await
        .unwrap();
    assert_eq!(emails(&ask(&admin, "lockedOnly=true").await.is(200)), ["bob@example.org"]);
    assert_eq!(emails(&ask(&admin, "lockedOnly=false").await.is(200)).len(), 2);
    assert!(emails(&ask(&admin, "lockedOnly=true&role=admin").await.is(200)).is_empty());
}

#[tokio::test]
async fn a_query_that_is_not_right_is_told_all_that_is_wrong_with_it() {
    let (_app, admin, ..) = scene().await;
    for (query, wanted) in [
        ("limit=0", vec![("limit", "limit_invalid")]),
        ("limit=101", vec![("limit", "limit_invalid")]),
        ("limit=ten&after=x", vec![("limit", "limit_invalid"), ("after", "id_invalid")]),
        ("limit=5&limit=6", vec![("limit", "ambiguous")]),
        ("role=Admin", vec![("role", "role_invalid")]),
        ("lockedOnly=yes", vec![("lockedOnly", "wrong_type")]),
        ("emailPrefix=", vec![("emailPrefix", "email_invalid")]),
        ("emailPrefix=%00", vec![("emailPrefix", "email_invalid")]),
        ("email=nobody", vec![("email", "email_invalid")]),
        ("phoneNumber=12", vec![("phoneNumber", "phone_invalid")]),
        ("email=a@b.com&phoneNumber=%2B14155552671", vec![("phoneNumber", "ambiguous")]),
        ("email=a@b.com&limit=5", vec![("limit", "ambiguous")]),
        ("mail=a@b.com", vec![("mail", "unknown_field")]),
    ] {
        ask(&admin, query).await.finds_fault_with(&wanted);
    }
}
