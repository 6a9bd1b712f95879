//! `GEOIP_FILE`: what `ringfence users sessions` shows by it, and what the start says of a wrong one.

use serde_json::Value;

use super::answers::{EMAIL, PHONE};
use super::installation::Installation;
use super::mmdb::{PlacesFile, mmdb, record};

#[tokio::test]
async fn operators_see_places_with_a_file_and_only_there() {
    let mut installation = Installation::new().await;
    let serving = installation.serve().await;
    installation.token(&serving.api).await;
    let sessions = ["users", "sessions", EMAIL];
    let as_json = ["users", "sessions", PHONE, "--json"];
    let without = installation.run(&sessions).await.out;
    assert!(without.contains("ended  device") && !without.contains("place"), "{without}");
    let shown: Value = serde_json::from_str(&installation.run(&as_json).await.out).unwrap();
    assert_eq!(shown["sessions"][0].get("place"), None);

    let here = ("127.0.0.0/8".parse().unwrap(), record("Stockholm", "Sweden"));
    let file = PlacesFile::new(&mmdb("GeoLite2-City", 6, &[here]));
    installation.set("GEOIP_FILE", file.path().to_str().unwrap());
    let with = installation.run(&sessions).await.out;
    assert!(with.contains("ended  place"), "{with}");
    assert!(with.contains("Stockholm, Sweden"), "{with}");
    let shown: Value = serde_json::from_str(&installation.run(&as_json).await.out).unwrap();
    assert_eq!(shown["sessions"][0]["place"], "Stockholm, Sweden");
}

#[tokio::test]
async fn a_file_that_is_missing_stops_the_start_and_the_command_that_needs_it() {
    let mut installation = Installation::new().await;
    installation.set("GEOIP_FILE", "/nowhere/places.mmdb");
    for arguments in [&["serve"][..], &["config"], &["users", "sessions", EMAIL]] {
        let refused = installation.run(arguments).await;
        let complaint = refused.complaint();
        let wanted = "GEOIP_FILE: \"/nowhere/places.mmdb\" is not right: it cannot be read";
        assert!(complaint.contains(wanted), "{arguments:?}: {complaint}");
    }
    let others = installation.run(&["users", "list"]).await;
    assert!(others.status.success(), "{}", others.err);
}
