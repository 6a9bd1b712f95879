//! Prices and budgets as operators set them, and `ringfence sms report` as they read it.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use super::answers::PASSWORD;
use super::child::{Ended, Ringfence};
use super::fake_sinch::{Mode, Operation};
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

/// Who logs in: a number for each country, and whether the code is entered.
const PEOPLE: [(&str, bool); 7] = [
    ("+14155552671", true),
    ("+14155552672", true),
    ("+14155552673", true),
    ("+14155552674", false),
    ("+46701234567", true),
    ("+46701234568", false),
    ("+4915112345678", false),
];

/// A ledger made by people who log in, and by the reports that a carrier gives.
async fn ledger() -> Installation {
    let mut installation = Installation::new().await;
    let path = installation.directory.write("prices.json", PRICES);
    installation.set("SMS_PRICES_FILE", path.to_str().unwrap());
    installation.set("OTP_MAX_PER_ADDRESS_HOURLY", "1000");
    let serving = installation.serve().await;
    for (at, (phone, enters)) in PEOPLE.into_iter().enumerate() {
        let email = format!("person{at}@example.com");
        let person = json!({"email": email, "password": PASSWORD, "phoneNumber": phone});
        serving.api.post("register", person).await.expect(201);
        // The last one's text is refused, the one before gets no answer.
        match at {
            5 => installation.sinch.once(Operation::Start, Mode::Close),
            6 => installation.sinch.once(Operation::Start, "error:400:40005".parse().unwrap()),
            _ => {}
        }
        let login = serving.api.post("login", json!({"email": email, "password": PASSWORD})).await;
        if enters {
            let code = installation.sinch.code_for(phone).unwrap();
            serving.api.verify(&login.expect(200).text("loginTicket"), &code).await.expect(200);
        }
    }
    // As the carrier's reports will: two have arrived, one has not and was dearer.
    for statement in [
        "UPDATE messages SET state = 'delivered' WHERE verified_at IS NOT NULL AND country = 'US'
            AND id <> (SELECT id FROM messages ORDER BY created_at LIMIT 1)",
        "UPDATE messages SET state = 'failed', price_micros = 20000, price_is_told = true
            WHERE country = 'US' AND verified_at IS NULL",
    ] {
        let mut connection = installation.database.options.connect().await.unwrap();
        sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    installation
}

/// Runs the report with the database's address and nothing else.
async fn report(installation: &Installation, arguments: &[&str]) -> Ended {
    let settings = [("DATABASE_URL", installation.database.url.as_str())];
    let arguments = [&["sms", "report"], arguments].concat();
    Ringfence::run(&arguments, &installation.directory.path, &settings).await
}

fn without_times(mut json: Value) -> Value {
    for member in ["since", "until"] {
        assert!(json[member].take().is_string());
    }
    json
}

#[tokio::test]
async fn a_report_is_a_table_and_bars_for_people() {
    let installation = ledger().await;
    let told = report(&installation, &["--since", "1d"]).await;
    assert!(told.status.success(), "{}", told.err);
    let (heading, rest) = told.out.split_once('\n').unwrap();
    assert!(heading.starts_with("Messages by country since 20"), "{heading}");
    assert_eq!(rest, TABLE, "{}", told.out);
    assert!(told.out.lines().all(|line| line.chars().count() <= 80), "{}", told.out);
    assert!(!told.out.contains('\x1b'), "{}", told.out);
    assert_eq!(told.err, "");

    let by_provider = report(&installation, &["--by", "provider"]).await.out;
    assert!(by_provider.contains("\nsinch        5          2"), "{by_provider}");
    let none = report(&installation, &["--since", "2199-01-01"]).await.out;
    assert_eq!(none, "No messages since 2199-01-01 00:00 UTC.\n");
}

const TABLE: &str = "
country  sent  delivered  unknown  failed  verified  conversion    cost
US          4          2        0       1         3      75.0 %  0.0575  USD
SE          1          0        1       0         1      50.0 %    0.14  USD
DE          0          0        0       1         0           –    0.00  USD
────────────────────────────────────────────────────────────────────────────
total       5          2        1       2         4      66.7 %  0.1975  USD

The carriers told the price of 1 of 7 messages; the others are estimates.

US  ██████████████████████████████████████████████████████▊░░░░░░░░░░░░░░░░░░  4
SE  ██████████████████▎░░░░░░░░░░░░░░░░░░                                      2
DE                                                                             0

█ verified  ░ sent or unknown, and not verified
";

#[tokio::test]
async fn a_report_is_json_and_csv_for_programs() {
    let installation = ledger().await;
    let told = report(&installation, &["--since", "1d", "--json"]).await;
    let line = |group: &str, counts: [u32; 6], conversion: Value, cost: &str, prices: u32| {
        let [messages, sent, delivered, unknown, failed, verified] = counts;
        json!({
            "group": group, "messages": messages, "sent": sent, "delivered": delivered,
            "unknown": unknown, "failed": failed, "verified": verified, "conversion": conversion,
            "cost": cost, "currency": "USD", "pricesTold": prices,
        })
    };
    let mut total = line("", [7, 5, 2, 1, 2, 4], json!(0.667), "0.1975", 1);
    total.as_object_mut().unwrap().remove("group");
    let wanted = json!({
        "since": null, "until": null, "by": "country",
        "lines": [
            line("US", [4, 4, 2, 0, 1, 3], json!(0.75), "0.0575", 1),
            line("SE", [2, 1, 0, 1, 0, 1], json!(0.5), "0.14", 0),
            line("DE", [1, 0, 0, 0, 1, 0], Value::Null, "0.00", 0),
        ],
        "totals": [total],
    });
    assert_eq!(without_times(serde_json::from_str(&told.out).unwrap()), wanted, "{}", told.out);

    let told = report(&installation, &["--since", "1d", "--by", "provider", "--csv"]).await;
    let csv = "provider,messages,sent,delivered,unknown,failed,verified,conversion,cost,currency,\
               prices_told\n\
               sinch,7,5,2,1,2,4,0.667,0.1975,USD,1\n";
    assert_eq!(told.out, csv, "the child's lines are read without their CR");

    // By day: that of the ledger, or two of them around midnight.
    let told = report(&installation, &["--since", "1d", "--by", "day", "--json"]).await;
    let json: Value = serde_json::from_str(&told.out).unwrap();
    let days = json["lines"].as_array().unwrap();
    let messages = |line: &Value| line["messages"].as_i64().unwrap();
    assert_eq!(days.iter().map(messages).sum::<i64>(), 7);
    let is_day =
        |line: &Value| line["group"].as_str().unwrap().parse::<chrono::NaiveDate>().is_ok();
    assert!(days.iter().all(is_day), "{}", told.out);
}

#[tokio::test]
async fn a_report_that_cannot_be_made_says_why() {
    let installation = Installation::new().await;
    for (arguments, told) in [
        (&["--since", "yesterday"][..], "a day like 2026-11-01"),
        (&["--by", "user"], "country, provider, day"),
        (&["--json", "--csv"], "cannot be used with"),
    ] {
        let refused = report(&installation, arguments).await;
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(refused.err.contains(told), "{}", refused.err);
    }
    assert!(installation.run(&["migrate", "revert"]).await.status.success());
    let behind = report(&installation, &[]).await;
    assert!(behind.complaint().contains("the schema is behind"), "{}", behind.err);
}
