//! `place` in the lists of sessions: there with a file of places, and only there.

use serde_json::{Value, json};

use crate::mmdb::{PlacesFile, mmdb, record};
use crate::support::{Person, TestApp};

const STOCKHOLM: &str = "81.2.69.142";
const KENYA: &str = "2a00:1:2:3:4:5:6:7";
const PRIVATE: &str = "10.1.2.3";

fn file() -> PlacesFile {
    let networks = [
        ("81.2.69.0/24".parse().unwrap(), record("Stockholm", "Sweden")),
        ("2a00:1::/32".parse().unwrap(), record("", "Kenya")),
    ];
    PlacesFile::new(&mmdb("DBIP-City-Lite", 6, &networks))
}

/// Ada signs up on this machine and logs in at each address: her own list, and an administrator's
/// list of her, each from the newest to the oldest.
async fn lists(settings: &[(&str, &str)]) -> [Vec<Value>; 2] {
    let usual = [("TRUSTED_PROXIES", "127.0.0.1")];
    let app = TestApp::with(&[usual.as_slice(), settings].concat()).await;
    let admin = app.admin(&Person::bob()).await;
    let ada = Person::ada();
    app.verified(&ada).await;
    let mut token = String::new();
    for address in [STOCKHOLM, KENYA, PRIVATE] {
        app.advance(chrono::TimeDelta::minutes(1));
        token = app.at(address).login(&ada).await.is(200).text("token");
    }
    let own = app.sessions(&token).await.is(200);
    let of_admin = admin.get(&app.path_of(&ada, "/sessions").await).await.is(200);
    [own, of_admin].map(|list| list.json()["sessions"].as_array().unwrap().clone())
}

#[tokio::test]
async fn with_a_file_somebody_and_administrators_see_where_a_session_began() {
    let file = file();
    let [own, of_admin] = lists(&[("GEOIP_FILE", file.path().to_str().unwrap())]).await;
    for list in [&own, &of_admin] {
        let places: Vec<Option<&Value>> = list.iter().map(|it| it.get("place")).collect();
        let wanted = [None, Some(&json!("Kenya")), Some(&json!("Stockholm, Sweden")), None];
        assert_eq!(places, wanted, "{list:?}");
    }
    assert_eq!(own[0]["address"], PRIVATE);
    assert_eq!(own[1]["address"], "2a00:1:2:3::/64");
    assert!(of_admin.iter().all(|it| it.get("address").is_none()), "{of_admin:?}");
}

#[tokio::test]
async fn without_a_file_nobody_sees_a_place() {
    for list in lists(&[]).await {
        assert_eq!(list.len(), 4);
        assert!(list.iter().all(|it| it.get("place").is_none()), "{list:?}");
    }
}

#[tokio::test]
async fn a_session_of_before_addresses_were_noted_has_no_place() {
    let file = file();
    let app = TestApp::with(&[("GEOIP_FILE", file.path().to_str().unwrap())]).await;
    let token = app.verified(&Person::ada()).await;
    let noted = "UPDATE sessions SET client_address = NULL";
    sqlx::query(noted).execute(app.database()).await.unwrap();
    let list = app.sessions(&token).await.is(200);
    assert_eq!(list.json()["sessions"][0].get("place"), None);
}
