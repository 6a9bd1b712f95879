//! `docs/metrics.md`, the dashboard and the alerts against the table of metrics.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ringfence::foundation::{Metric, MetricEntry, MetricType};
use ringfence::http::Kind;
use serde_json::Value;

use super::documents::hold;
use super::sources::Source;

const BEGIN: &str = "<!-- made from src/foundation/metric.rs -->\n";
const END: &str = "<!-- until here -->\n";
/// What Prometheus and the text format add.
const ADDED: [&str; 2] = ["instance", "le"];

#[test]
fn the_list_of_metrics_is_current() {
    let kept = Source::read("docs/metrics.md").text;
    let (before, rest) = kept.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let mut table =
        "| name | type | unit | labels | what it tells |\n|---|---|---|---|---|\n".to_owned();
    for MetricEntry { name, metric_type, unit, labels, help } in Metric::ALL.map(Metric::entry) {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        let (labels, metric_type) = (labels.join(", "), metric_type.as_str());
        writeln!(table, "| `{name}` | {metric_type} | {unit} | {labels} | {help} |").unwrap();
    }
    hold("docs/metrics.md", &format!("{before}{BEGIN}{table}{END}{after}"));
}

#[test]
fn dashboard_and_alerts_name_metrics_labels_and_codes_that_there_are() {
    let (dashboard, alerts) = (dashboard(), alerts());
    assert!(dashboard.len() > 30 && alerts.len() > 10, "the expressions are not found");
    for (place, text) in dashboard.iter().chain(&alerts) {
        let metrics = metrics_in(text);
        assert!(!metrics.is_empty(), "{place} is about nothing of ours: {text}");
        let mut known: BTreeSet<&str> = ADDED.into();
        known.extend(metrics.iter().flat_map(|metric| metric.labels));
        for label in labels_in(text) {
            assert!(known.contains(label.as_str()), "{place} names the label {label}: {text}");
        }
        for code in text.split("code=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let known = Kind::ALL.iter().any(|kind| kind.entry().code == code);
            assert!(known, "{place} names the code {code}");
        }
    }
}

#[test]
fn the_dashboard_shows_every_metric() {
    let texts: Vec<_> = dashboard().into_iter().map(|(_, text)| text).collect();
    let shown: BTreeSet<_> =
        texts.iter().flat_map(|text| metrics_in(text)).map(|metric| metric.name).collect();
    let all: BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.entry().name).collect();
    assert_eq!(shown, all);
}

#[test]
fn every_alert_has_a_runbook() {
    let rules = Source::read("deploy/prometheus/alerts.yml").text;
    let page = Source::read("docs/metrics.md").text;
    let names: Vec<_> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let after =
        |begin: &'static str| rules.lines().filter_map(move |line| line.trim().strip_prefix(begin));
    let runbooks: Vec<_> = after("runbook: ").collect();
    assert_eq!(names.len(), alerts().len());
    assert_eq!(after("summary: ").count(), names.len());
    let anchor = |name: &&str| format!("docs/metrics.md#{}", name.to_ascii_lowercase());
    assert_eq!(runbooks, names.iter().map(anchor).collect::<Vec<_>>());
    for name in names {
        assert!(page.contains(&format!("\n### {name}\n")), "docs/metrics.md lacks {name}");
    }
}

/// The expressions of the dashboard with their legends, each with the title of its panel.
fn dashboard() -> Vec<(String, String)> {
    let text = Source::read("deploy/grafana/ringfence.json").text;
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let all = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().into_iter().flatten();
        targets.map(|target| {
            let (expression, legend) = (&target["expr"], &target["legendFormat"]);
            let text = format!("{} {}", expression.as_str().unwrap(), legend.as_str().unwrap());
            (panel["title"].as_str().unwrap().to_owned(), text)
        })
    });
    all.collect()
}

/// The expressions of the alerts with their summaries.
fn alerts() -> Vec<(String, String)> {
    let rules = Source::read("deploy/prometheus/alerts.yml").text;
    let alerts = rules.split("- alert: ").skip(1).map(|rule| {
        let (name, rest) = rule.split_once('\n').unwrap();
        let (expression, rest) = rest.split_once("labels:").unwrap();
        let (_, expression) = expression.split_once("expr:").unwrap();
        let expression = expression.split(" for: ").next().unwrap();
        let (_, summary) = rest.split_once("summary: ").unwrap();
        (name.to_owned(), format!("{expression} {}", summary.lines().next().unwrap()))
    });
    alerts.collect()
}

/// The metrics that an expression names. Each must be in the table.
fn metrics_in(text: &str) -> Vec<MetricEntry> {
    let of_a_name = |it: char| it.is_ascii_lowercase() || it == '_';
    let names = text.split(|it| !of_a_name(it)).filter(|word| word.starts_with("ringfence_"));
    let found = names.map(|name| {
        let entry =
            Metric::ALL.iter().map(|metric| metric.entry()).find(|entry| match entry.metric_type {
                MetricType::Histogram => ["_bucket", "_count", "_sum"]
                    .iter()
                    .any(|suffix| name.strip_suffix(suffix) == Some(entry.name)),
                MetricType::Counter | MetricType::Gauge => name == entry.name,
            });
        entry.unwrap_or_else(|| panic!("{name} is not in the table of metrics"))
    });
    found.collect()
}

/// The labels that an expression selects by, groups by, or that a legend or a summary shows.
fn labels_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(['=', '!']) {
        let before = &text[..at];
        let word = before.rsplit(|it: char| !it.is_ascii_lowercase() && it != '_').next().unwrap();
        // A comparison of numbers has a blank before it.
        found.extend((!word.is_empty()).then(|| word.to_owned()));
    }
    for list in text.split("by (").skip(1).filter_map(|rest| rest.split(')').next()) {
        found.extend(list.split(',').map(|label| label.trim().to_owned()));
    }
    for shown in text.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()) {
        found.push(shown.trim().trim_start_matches("$labels.").to_owned());
    }
    found
}
