//! What an operator is told.

use ringfence::foundation::PhoneNumber;
use ringfence::guard::{Explanation, ReportBy, State};

use super::{app, enter, pump};
use crate::log::Log;
use crate::support::TestApp;

async fn explain(app: &TestApp, phone: &str) -> Explanation {
    let number = PhoneNumber::from_e164(phone).unwrap();
    let state = &app.application.state;
    state.guard.explain(&state.database, &number, None).await.unwrap()
}

#[tokio::test]
async fn an_explanation_names_the_scope_that_decides_and_when_it_opens() {
    let app = app(&[]).await;
    let fresh = explain(&app, "+447912120444").await;
    assert_eq!((fresh.outcome, fresh.opens_at, fresh.decisions.len()), ("send", None, 0));
    let phones = ["+447912120111", "+447912120222", "+447912120333", "+447912120444"];
    pump(&app, phones).await;
    let told = explain(&app, "+447912120444").await;
    assert_eq!((told.outcome, told.is_enforced), ("refuse", true));
    assert!(told.because.contains("prefix"), "{}", told.because);
    assert_eq!(told.opens_at, Some(app.now() + super::minutes(15)));
    let prefix = told.scopes.iter().find(|scope| scope.kind.as_str() == "prefix").unwrap();
    assert_eq!((prefix.key.as_str(), prefix.state), ("+44791212", State::Slowed));
    assert!((prefix.debt - 3.0).abs() < 0.01 && prefix.has_a_say, "{prefix:?}");
    assert_eq!(told.decisions[0].outcome, "refuse");
    assert_eq!(told.decisions[0].decided_by.as_deref(), Some("prefix"));
    assert!(told.decisions[0].is_of_number);
    assert!(!told.decisions[1].is_of_number);
    let other = explain(&app, "+46701234567").await;
    assert_eq!((other.outcome, other.decisions.len()), ("send", 0));
}

#[tokio::test]
async fn an_explanation_tells_of_rules_that_hold_whatever_guard_says() {
    let app = app(&[("GUARD", "off"), ("BLOCKED_PREFIXES", "+44791")]).await;
    let blocked = explain(&app, "+447912120444").await;
    assert_eq!((blocked.outcome, blocked.is_enforced), ("refuse", true));
    assert!(blocked.because.contains("BLOCKED_PREFIXES has +44791"), "{}", blocked.because);
    let satellite = explain(&app, "+881612345678").await;
    assert_eq!((satellite.outcome, satellite.is_enforced), ("refuse", true));
}

#[tokio::test]
async fn a_report_has_sends_and_what_was_entered_by_country_prefix_block_and_provider() {
    let app = app(&[]).await;
    enter(&app, "+46701234567", 9).await;
    pump(&app, ["+447912120111", "+447912120222", "+447912120333", "+447912120444"]).await;
    let report = async |by| {
        let state = &app.application.state;
        let since = app.now() - super::minutes(60);
        let lines = state.guard.report(&state.database, by, since, 10).await.unwrap();
        lines
            .into_iter()
            .map(|it| (it.group, it.sent, it.verified, it.refused, it.state))
            .collect::<Vec<_>>()
    };
    let countries = report(ReportBy::Country).await;
    assert_eq!(countries[0], ("GB".to_owned(), 3, 0, 1, Some(State::Doubtful)));
    assert_eq!(countries[1], ("SE".to_owned(), 1, 1, 0, Some(State::Trusted)));
    let prefixes = report(ReportBy::Prefix).await;
    assert_eq!(prefixes[0], ("+44791212".to_owned(), 3, 0, 1, Some(State::Slowed)));
    let providers = report(ReportBy::Provider).await;
    assert!(providers.contains(&("console".to_owned(), 4, 1, 0, None)), "{providers:?}");
    assert_eq!(report(ReportBy::Block).await.len(), 5);
}

#[tokio::test]
async fn a_refusal_is_logged_without_the_number() {
    let (log, _listening) = Log::listen();
    let app = app(&[]).await;
    pump(&app, ["+447912120111", "+447912120222", "+447912120333", "+447912120444"]).await;
    let text = log.text();
    let is_refusal =
        |line: &&str| line.contains("the guard has decided") && line.contains("refuse");
    let line = text.lines().find(is_refusal).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("+44•••••••0444") && line.contains("prefix"), "{line}");
    assert!(!line.contains("120444"), "{line}");
}
