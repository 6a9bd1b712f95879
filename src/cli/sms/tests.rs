//! Reports with figures that the ledger of a test run does not have.

use proptest::prelude::*;

use super::*;

fn figures(sent: i64, unknown: i64, verified: i64) -> Figures {
    Figures { messages: sent + unknown, sent, unknown, verified, ..Figures::default() }
}

fn line(group: &str, currency: &str, figures: Figures) -> ReportLine {
    ReportLine { group: group.to_owned(), currency: currency.to_owned(), figures }
}

fn report(lines: Vec<ReportLine>) -> Report {
    let until = "2026-11-21T12:00:00Z".parse().unwrap();
    Report { since: until - TimeDelta::days(7), until, by: ReportBy::Country, lines }
}

#[test]
fn since_is_a_day_or_a_time_ago() {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    for (text, begins) in [
        ("2026-11-01", "2026-11-01 00:00:00 UTC"),
        ("7d", "2026-11-14 12:00:00 UTC"),
        ("12h", "2026-11-21 00:00:00 UTC"),
        ("0s", "2026-11-21 12:00:00 UTC"),
        ("400000000d", "1970-01-01 00:00:00 UTC"),
    ] {
        assert_eq!(parse_since(text).unwrap().before(now).to_string(), begins, "{text}");
    }
    for text in ["", "7", "yesterday", "2026-13-01", "-7d", "2026-11"] {
        assert!(parse_since(text).is_err(), "{text}");
    }
}

#[test]
fn conversion_is_rounded_to_the_nearest_thousandth() {
    for (sent, unknown, verified, thousandths) in [
        (3, 0, 2, Some(667)),
        (3, 0, 1, Some(333)),
        (1, 1, 1, Some(500)),
        (0, 0, 0, None),
        (2000, 0, 1, Some(1)),
    ] {
        assert_eq!(conversion(&figures(sent, unknown, verified)), thousandths);
    }
}

#[test]
fn currencies_are_never_added_up() {
    let lines = vec![
        line("SE", "USD", Figures { cost_micros: 1_500_000, ..figures(3, 0, 2) }),
        line("SE", "EUR", Figures { cost_micros: 500_000, ..figures(1, 0, 0) }),
        line("", "USD", Figures { cost_micros: 250_000, ..figures(1, 1, 0) }),
    ];
    let report = report(lines);
    let totals: Vec<_> = report.totals().iter().map(|(it, sum)| (*it, cost(sum))).collect();
    assert_eq!(totals, [("EUR", "0.50".to_owned()), ("USD", "1.75".to_owned())]);
    let drawn = table::draw(&report) + &chart::draw(&report, 80, false);
    for label in ["SE EUR", "SE USD", "(none) USD"] {
        assert!(drawn.contains(label), "{label}\n{drawn}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let report = report(vec![line("SE", "USD", figures(3, 0, 2))]);
    assert!(chart::draw(&report, 80, true).contains('\x1b'));
    assert!(!chart::draw(&report, 80, false).contains('\x1b'));
}

#[test]
fn fields_with_commas_and_quotes_are_quoted() {
    let csv = export::csv(&report(vec![line("a\"b,c", "USD", figures(1, 0, 0))]));
    assert!(csv.contains("\r\n\"a\"\"b,c\",1,"), "{csv}");
    assert!(csv.lines().count() == 2 && csv.ends_with("\r\n"), "{csv}");
}

#[test]
fn nothing_is_said_in_one_line() {
    let report = report(Vec::new());
    let drawn = table::draw(&report) + &chart::draw(&report, 80, false);
    assert_eq!(drawn, "No messages since 2026-11-14 12:00 UTC.\n");
}

proptest! {
    #[test]
    fn no_bar_is_wider_than_the_terminal_or_shorter_than_it_should_be(
        counts in prop::collection::vec((0_i64..1_000_000, 0_i64..1000, 0_i64..2_000_000), 1..20),
        width in 40_usize..200,
    ) {
        let lines: Vec<_> = counts
            .iter()
            .enumerate()
            .map(|(at, (sent, unknown, verified))| {
                line(&format!("C{at}"), "USD", figures(*sent, *unknown, *verified))
            })
            .collect();
        let most = lines.iter().map(|line| line.figures.handed_over()).max().unwrap();
        let drawn = chart::draw(&report(lines.clone()), width, false);
        let bars: Vec<_> = drawn.lines().filter(|it| it.starts_with('C')).collect();
        prop_assert_eq!(bars.len(), lines.len());
        for (bar, line) in bars.iter().zip(&lines) {
            prop_assert!(bar.chars().count() <= width, "{bar}");
            let is_drawn = bar.contains(|it| ('█'..='▏').contains(&it) || it == '░');
            prop_assert_eq!(is_drawn, line.figures.handed_over() > 0, "{}", bar);
            if most > 0 && line.figures.handed_over() == most {
                prop_assert_eq!(bar.chars().count(), width, "{}", bar);
                prop_assert!(bar.contains(['█', '░']), "{bar}");
            }
        }
    }
}
