//! `ringfence keys`, and the settings that concern signing keys.

use serde_json::Value;

use super::installation::Installation;

/// `keys list --json`.
async fn listed(installation: &Installation) -> Vec<Value> {
    let listed = installation.run(&["keys", "list", "--json"]).await;
    assert!(listed.status.success(), "{}", listed.err);
    serde_json::from_str(&listed.out).unwrap()
}

fn states(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["state"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn keys_are_made_listed_and_withdrawn() {
    let installation = Installation::new().await;
    let none = installation.run(&["keys", "list"]).await;
    assert!(none.out.contains("No keys yet"), "{}", none.out);
    assert_eq!(listed(&installation).await, Vec::<Value>::new());

    let serving = installation.serve().await;
    let token = installation.token(&serving.api).await;
    let rotated = installation.run(&["keys", "rotate"]).await;
    assert!(rotated.out.contains("(EdDSA) is made and signs from"), "{}", rotated.out);
    let again = installation.run(&["keys", "rotate"]).await;
    assert!(again.out.contains("(EdDSA) was waiting already"), "{}", again.out);
    let keys = listed(&installation).await;
    assert_eq!(states(&keys), ["next", "signing"]);
    assert_eq!(keys[0]["signsFrom"], keys[1]["retiredAt"]);
    assert!(keys[1]["verifiesUntil"].as_str() > keys[1]["retiredAt"].as_str(), "{keys:?}");
    let people = installation.run(&["keys", "list"]).await.out;
    for key in &keys {
        assert!(people.contains(key["kid"].as_str().unwrap()), "{people}");
    }

    let withdrawn = installation.run(&["keys", "rotate", "--now"]).await;
    assert!(withdrawn.out.starts_with("2 withdrawn; "), "{}", withdrawn.out);
    let left = listed(&installation).await;
    assert_eq!(states(&left), ["signing"]);
    assert!(keys.iter().all(|key| key["kid"] != left[0]["kid"]));
    // A replica that starts now knows nothing else.
    let restarted = installation.serve().await;
    restarted.api.profile(&token).await.expect(401);
}

#[tokio::test]
async fn what_keys_do_nothing_for_is_said() {
    let mut installation = Installation::new().await;
    installation.set("JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-");
    let refused = installation.run(&["keys", "rotate"]).await;
    assert!(refused.complaint().contains("JWT_SECRET is set"), "{}", refused.err);
    installation.set("JWT_ALGORITHM", "ES256");
    let both = installation.run(&["serve"]).await;
    let complaint = both.complaint();
    assert!(complaint.contains("JWT_ALGORITHM: cannot be chosen with JWT_SECRET"), "{complaint}");
}

#[tokio::test]
async fn a_wrong_algorithm_or_age_is_told_with_what_is_wanted() {
    let mut installation = Installation::new().await;
    installation.set("JWT_ALGORITHM", "HS256");
    installation.set("SIGNING_KEY_MAX_AGE", "1h");
    let refused = installation.run(&["serve"]).await;
    let complaint = refused.complaint();
    for words in ["one of EdDSA, ES256, RS256 is wanted", "from 1d to 3650d, or never"] {
        assert!(complaint.contains(words), "{complaint}");
    }
}
