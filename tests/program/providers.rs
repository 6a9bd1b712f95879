//! `ringfence providers`: what an operator asks of the carriers.

use sqlx::ConnectOptions as _;

use super::installation::Installation;

#[tokio::test]
async fn a_check_tells_who_is_configured_and_accepted_and_sends_nothing() {
    let mut installation = Installation::new().await;
    let checked = installation.run(&["providers", "check"]).await;
    assert_eq!(checked.status.code(), Some(0), "{}", checked.err);
    let line = |name: &str| {
        let found = checked.out.lines().find(|line| line.starts_with(name));
        found.unwrap_or_default().to_owned()
    };
    assert!(line("sinch ").contains("accepted"), "{}", checked.out);
    for name in ["infobip ", "plivo ", "aws-sns ", "console "] {
        assert!(line(name).contains("not configured"), "{name}: {}", checked.out);
    }
    assert!(installation.sinch.starts().is_empty());

    installation.set("SINCH_APP_SECRET", "AAAAAAAAAAAAAAAAAAAAAA==");
    let checked = installation.run(&["providers", "check"]).await;
    assert!(checked.out.contains("refused"), "{}", checked.out);
    assert!(checked.complaint().contains("1 of the carriers"), "{}", checked.err);
    assert!(!checked.out.contains("AAAAAAAA"), "{}", checked.out);

    // A port that nobody listens on.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    installation.set("SINCH_BASE_URL", format!("http://{nobody}"));
    let checked = installation.run(&["providers", "check"]).await;
    assert!(checked.out.contains("unreachable"), "{}", checked.out);
}

#[tokio::test]
async fn the_addresses_of_webhooks_are_printed_and_change_with_the_key() {
    let mut installation = Installation::new().await;
    installation.set("BASE_URL", "https://auth.example.com");
    let printed = installation.run(&["providers", "webhooks"]).await.out;
    for name in ["sinch", "infobip", "plivo"] {
        let address = format!("https://auth.example.com/webhooks/{name}/");
        assert!(printed.contains(&address), "{name}: {printed}");
    }
    assert_eq!(installation.run(&["providers", "webhooks"]).await.out, printed);
    installation.set("SECRET_KEY", "IB4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=");
    assert_ne!(installation.run(&["providers", "webhooks"]).await.out, printed);
    installation.unset("BASE_URL");
    let refused = installation.run(&["providers", "webhooks"]).await;
    assert!(refused.complaint().contains("BASE_URL"), "{}", refused.err);
}

/// State, purpose, user and the carrier's id.
type Row = (String, String, Option<String>, Option<String>);

#[tokio::test]
async fn a_trial_sends_one_message_which_is_in_the_ledger() {
    let mut installation = Installation::new().await;
    let migrated = installation.run(&["migrate", "run"]).await;
    assert_eq!(migrated.status.code(), Some(0), "{}", migrated.err);
    let number = "+46701234567";
    let sent = installation.run(&["providers", "check", "--to", number]).await;
    assert_eq!(sent.status.code(), Some(0), "{}", sent.err);
    let starts = installation.sinch.starts();
    assert_eq!(starts.len(), 1);
    assert_eq!(starts[0].number, number);
    assert!(sent.out.contains("sms to +46•••••••4567"), "{}", sent.out);
    assert!(!sent.out.contains(number), "{}", sent.out);

    let mut database = installation.database.options.connect().await.unwrap();
    let query = "SELECT state, purpose, user_id::text, provider_reference FROM messages";
    let rows: Vec<Row> = sqlx::query_as(query).fetch_all(&mut database).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!((&*rows[0].0, &*rows[0].1, &rows[0].2), ("sent", "trial", &None));
    assert!(sent.out.contains(rows[0].3.as_deref().unwrap()), "{}", sent.out);

    installation.set("SINCH_APP_SECRET", "AAAAAAAAAAAAAAAAAAAAAA==");
    let refused = installation.run(&["providers", "check", "--to", number]).await;
    refused.complaint();
    assert_eq!(installation.sinch.starts().len(), 1, "nothing is sent where the check fails");
    let wrong = installation.run(&["providers", "check", "--call"]).await;
    assert_ne!(wrong.status.code(), Some(0));
}
