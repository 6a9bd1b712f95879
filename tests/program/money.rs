//! Prices and budgets as operators set them.

use serde_json::{Value, json};

use super::installation::Installation;

const PRICES: &str = r#"{
    "note": "made up", "date": "2026-11-01", "currency": "USD",
    "providers": {"sinch": {"sms": {"default": "0.5", "US": "0.0125", "SE": "0.07"}}}
}"#;

#[tokio::test]
async fn prices_and_budgets_that_make_no_sense_are_told_with_all_else() {
    let mut installation = Installation::new().await;
    let write = |name: &str, from: &str, to: &str| {
        let path = installation.directory.write(name, &PRICES.replacen(from, to, 1));
        path.to_str().unwrap().to_owned()
    };
    let good = write("good.json", "", "");
    for (name, value, fault) in [
        ("SMS_PRICES_FILE", "/nowhere/prices.json".to_owned(), "it cannot be read"),
        ("SMS_PRICES_FILE", write("1", "SE", "XX"), "sinch, sms, XX is no ISO country code"),
        ("SMS_PRICES_FILE", write("2", "0.07", "-0.07"), r#"sinch, sms, SE: "-0.07" is negative"#),
        ("SMS_PRICES_FILE", write("3", "0.07", "10.01"), "is more than 10.00 a message"),
        (
            "SMS_PRICES_FILE",
            write("4", "USD", "EUR"),
            "its prices are in EUR, and SMS_CURRENCY is USD",
        ),
        ("SMS_PRICES_FILE", write("5", "sinch", "plivo"), "has no prices of sinch"),
        ("SMS_PRICES_FILE", write("6", "sinch", "snich"), r#""snich" is no provider"#),
        ("SMS_PRICES_FILE", write("7", "\"date\"", "\"day\""), "unknown field `day`"),
        ("SMS_CURRENCY", "EUR".to_owned(), "set SMS_PRICES_FILE to yours"),
        ("SMS_CURRENCY", "dollars".to_owned(), "three capital letters like USD"),
        ("SMS_BUDGET_DAILY", "-1".to_owned(), "it is negative"),
        ("SMS_BUDGET_MONTHLY", "12.345".to_owned(), "it has more than 2 decimals"),
        ("SMS_BUDGET_PER_COUNTRY_DAILY", "lots".to_owned(), "it is no decimal number"),
        ("SMS_BUDGET_DAILY", "0.00".to_owned(), "leave it empty for no bound"),
    ] {
        installation.set(name, &value);
        installation.set("OTP_LENGTH", "4");
        let refused = installation.run(&["serve"]).await;
        let complaint = refused.complaint();
        let told = complaint.lines().find(|line| line.contains(name));
        assert!(told.is_some_and(|line| line.contains(fault)), "{value}: {complaint}");
        assert_eq!(complaint.lines().count(), 3, "{complaint}");
        installation.unset(name);
        installation.unset("OTP_LENGTH");
    }
    installation.set("SMS_PRICES_FILE", good);
    installation.set("SMS_BUDGET_DAILY", "12.5");
    let built_in: Value = serde_json::from_str(include_str!("../../data/prices.json")).unwrap();
    for (are_estimates, as_of) in [(false, &json!("2026-11-01")), (true, &built_in["date"])] {
        let log = installation.serve().await.program.err();
        let mut lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = lines.find(|line| line["are_estimates"].is_boolean());
        let told = told.unwrap_or_else(|| panic!("{log}"));
        assert_eq!((&told["are_estimates"], &told["as_of"]), (&json!(are_estimates), as_of));
        installation.unset("SMS_PRICES_FILE");
    }
}
