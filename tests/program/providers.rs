//! `ringfence providers`: what an operator asks of the carriers.

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
