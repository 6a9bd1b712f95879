//! Every metric that operators can scrape: its name, type, labels and words, and how it is recorded.
//!
//! `docs/metrics.md` is made from [`Metric::ALL`], and the dashboard and the alerts in `deploy/` may name
//! nothing else. Names and units follow Prometheus ("Metric and label naming"): base units, `_total` for
//! counters. A label has few values, all of our own making: never a number, an address, an id or a path.
//!
//! A metric is recorded where its outcome is decided, beside the log line. Without [`start_recording`]
//! that costs a look at a flag.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether anybody will scrape. Of the whole process, as the log is.
static IS_RECORDING: AtomicBool = AtomicBool::new(false);

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is described in the table below")]
pub enum Metric {
    HttpRequestDuration,
    Refusals,
    Logins,
    Guesses,
    SessionsOpened,
    SessionsEnded,
    Refreshes,
    Sends,
    SendRefusals,
    CodesVerified,
    ProviderCallDuration,
    ProviderBreaker,
    SmsBudgetSpent,
    SmsBudgetLimit,
    HashQueueDepth,
    HashWait,
    HashDuration,
    HashRefusals,
    DatabaseUp,
    DatabaseConnections,
    DatabaseConnectionsMax,
    DatabaseAcquire,
    Emails,
    EmailsWaiting,
    RevocationsListening,
    SigningKeyAge,
    Spans,
    StartTime,
    BuildInfo,
}

/// How a metric behaves over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricType {
    /// Only ever grows, until a restart.
    Counter,
    /// Goes up and down; read when it is scraped.
    Gauge,
    /// How often values were at most so large.
    Histogram,
}

/// A metric, spelt out.
#[derive(Clone, Copy, Debug)]
pub struct MetricEntry {
    /// As Prometheus has it.
    pub name: &'static str,
    /// How it behaves.
    pub metric_type: MetricType,
    /// What it counts in; empty where it counts things.
    pub unit: &'static str,
    /// Its labels, in the order in which their values are given.
    pub labels: &'static [&'static str],
    /// What it tells.
    pub help: &'static str,
}

impl MetricType {
    /// As the text format has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

impl Metric {
    /// Every metric, by subject.
    pub const ALL: [Self; 29] = [
        Self::HttpRequestDuration,
        Self::Refusals,
        Self::Logins,
        Self::Guesses,
        Self::SessionsOpened,
        Self::SessionsEnded,
        Self::Refreshes,
        Self::Sends,
        Self::SendRefusals,
        Self::CodesVerified,
        Self::ProviderCallDuration,
        Self::ProviderBreaker,
        Self::SmsBudgetSpent,
        Self::SmsBudgetLimit,
        Self::HashQueueDepth,
        Self::HashWait,
        Self::HashDuration,
        Self::HashRefusals,
        Self::DatabaseUp,
        Self::DatabaseConnections,
        Self::DatabaseConnectionsMax,
        Self::DatabaseAcquire,
        Self::Emails,
        Self::EmailsWaiting,
        Self::RevocationsListening,
        Self::SigningKeyAge,
        Self::Spans,
        Self::StartTime,
        Self::BuildInfo,
    ];

    /// The table.
    #[rustfmt::skip]
    pub const fn entry(self) -> MetricEntry {
        use MetricType::{Counter, Gauge, Histogram};
        let (metric_type, name, unit, labels, help): (_, _, _, &[&str], _) = match self {
            Self::HttpRequestDuration => (Histogram, "ringfence_http_request_duration_seconds", "seconds", &["method", "route", "status"], "Requests and how long their answers took. `route` is the pattern, `-` where there is none."),
            Self::Refusals => (Counter, "ringfence_refusals_total", "", &["code", "limit", "scope"], "Requests answered by a problem document; `limit` and `scope` are those of the document, or empty."),
            Self::Logins => (Counter, "ringfence_logins_total", "", &["outcome"], "Passwords given at a login: `signed_in`, `code_due`, `change_due` (it was handed out), `refused` (unknown user or wrong password) or `locked`."),
            Self::Guesses => (Counter, "ringfence_guesses_total", "", &["purpose", "outcome"], "Codes that were entered: `right`, `wrong`, `over` (no further guess can be), `no_code` (none is live), `exhausted` (too many wrong ones before) or `not_judged` (the carrier failed)."),
            Self::SessionsOpened => (Counter, "ringfence_sessions_opened_total", "", &["methods"], "Sign-ins, by how people were authenticated: the claim `amr`, joined by `+`."),
            Self::SessionsEnded => (Counter, "ringfence_sessions_ended_total", "", &["reason"], "Sessions that ended before their time, by the reason that stands in `sessions.ended_as`."),
            Self::Refreshes => (Counter, "ringfence_refreshes_total", "", &["outcome"], "Refresh tokens that were brought: `exchanged`, `repeated` (the answer had got lost), `reused` (used up: the session was ended), `over`, `foreign` or `failed`."),
            Self::Sends => (Counter, "ringfence_sends_total", "", &["provider", "country", "channel", "outcome"], "Messages handed to a carrier: `accepted`, or the failure as the log has it. `country` is the number's, ISO 3166-1, or `none`."),
            Self::SendRefusals => (Counter, "ringfence_send_refusals_total", "", &["code", "scope"], "Codes that were asked for and not sent, by the problem that the client is told, also inside the 200 of a login (`otpError`)."),
            Self::CodesVerified => (Counter, "ringfence_codes_verified_total", "", &["provider", "country", "channel", "purpose"], "Codes that were used: with `ringfence_sends_total` the conversion."),
            Self::ProviderCallDuration => (Histogram, "ringfence_provider_call_duration_seconds", "seconds", &["provider", "operation", "outcome"], "Calls to carriers and how long they took, as the log line `provider call` has them."),
            Self::ProviderBreaker => (Gauge, "ringfence_provider_breaker", "", &["provider", "state"], "1 for the state that the carrier's circuit breaker is in, in this process: `closed`, `open` or `half_open`; 0 for the others."),
            Self::SmsBudgetSpent => (Gauge, "ringfence_sms_budget_spent", "units of `currency`", &["scope", "currency"], "What messages have cost by the price table, over all replicas: this `day`, this `month`, and today in the `country` of which it is most. Only for scopes that have a budget."),
            Self::SmsBudgetLimit => (Gauge, "ringfence_sms_budget_limit", "units of `currency`", &["scope", "currency"], "The budget of the scope."),
            Self::HashQueueDepth => (Gauge, "ringfence_hash_queue_depth", "", &[], "Passwords that wait for a hashing thread."),
            Self::HashWait => (Histogram, "ringfence_hash_wait_seconds", "seconds", &[], "How long a password waited for a hashing thread."),
            Self::HashDuration => (Histogram, "ringfence_hash_duration_seconds", "seconds", &[], "How long a password hash took, without the wait."),
            Self::HashRefusals => (Counter, "ringfence_hash_refusals_total", "", &[], "Passwords turned away because too many waited: 503 `hashing_busy`."),
            Self::DatabaseUp => (Gauge, "ringfence_database_up", "", &[], "1 where a connection was had for this scrape and answered, otherwise 0. At 0, what the database would tell is as old as the last 1: budgets and e-mails that wait."),
            Self::DatabaseConnections => (Gauge, "ringfence_database_connections", "", &["state"], "Connections of this replica's pool: `idle` or `in_use`."),
            Self::DatabaseConnectionsMax => (Gauge, "ringfence_database_connections_max", "", &[], "`DB_POOL_MAX`."),
            Self::DatabaseAcquire => (Gauge, "ringfence_database_acquire_seconds", "seconds", &[], "How long this scrape waited for a connection of the pool; at most 1."),
            Self::Emails => (Counter, "ringfence_emails_total", "", &["outcome"], "Attempts to send an e-mail: `sent`, `retried` (the mail server did not take it; it will be tried again) or `failed` (given up)."),
            Self::EmailsWaiting => (Gauge, "ringfence_emails_waiting", "", &[], "E-mails in the outbox that are still to be sent, over all replicas."),
            Self::RevocationsListening => (Gauge, "ringfence_revocations_listening", "", &[], "1 where this replica hears of ended sessions; 0 where it asks the database for each token."),
            Self::SigningKeyAge => (Gauge, "ringfence_signing_key_age_seconds", "seconds", &[], "For how long the key that signs now has signed. 0 with `JWT_SECRET`."),
            Self::Spans => (Counter, "ringfence_spans_total", "", &["outcome"], "Spans of traces: `exported`, or `dropped` because the collector failed or was too slow."),
            Self::StartTime => (Gauge, "ringfence_start_time_seconds", "seconds", &[], "When this process began to serve, in seconds since 1970."),
            Self::BuildInfo => (Gauge, "ringfence_build_info", "", &["version"], "Always 1."),
        };
        MetricEntry { name, metric_type, unit, labels, help }
    }

    /// Counts one. `values` are those of the labels, in their order.
    pub fn add(self, values: &[&str]) {
        self.add_many(values, 1);
    }

    /// Counts so many.
    pub fn add_many(self, values: &[&str], count: u64) {
        if is_recording() {
            metrics::counter!(self.entry().name, self.labels(values)).increment(count);
        }
    }

    /// Counts a duration.
    pub fn observe(self, values: &[&str], took: Duration) {
        if is_recording() {
            metrics::histogram!(self.entry().name, self.labels(values)).record(took);
        }
    }

    /// Says how it stands.
    pub fn set(self, values: &[&str], value: f64) {
        if is_recording() {
            metrics::gauge!(self.entry().name, self.labels(values)).set(value);
        }
    }

    fn labels(self, values: &[&str]) -> Vec<metrics::Label> {
        let names = self.entry().labels;
        debug_assert_eq!(names.len(), values.len(), "{self:?}");
        let pairs = names.iter().zip(values);
        pairs.map(|(name, value)| metrics::Label::new(*name, (*value).to_owned())).collect()
    }
}

/// From now on metrics are recorded, by the recorder of the process.
pub fn start_recording() {
    IS_RECORDING.store(true, Ordering::Relaxed);
}

fn is_recording() -> bool {
    IS_RECORDING.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_prometheus_asks_for() {
        for (at, metric) in Metric::ALL.iter().enumerate() {
            let MetricEntry { name, metric_type, unit, labels, help } = metric.entry();
            let of_a_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.starts_with("ringfence_") && name.bytes().all(of_a_name), "{name}");
            assert_eq!(name.ends_with("_total"), metric_type == MetricType::Counter, "{name}");
            assert_eq!(name.ends_with("_seconds"), unit == "seconds", "{name}");
            assert!(labels.iter().all(|label| label.bytes().all(of_a_name)), "{name}");
            assert!(!labels.contains(&"le") && !help.contains('|'), "{name}");
            let twice = Metric::ALL[..at].iter().any(|other| other.entry().name == name);
            assert!(!twice, "{name} is there twice");
        }
    }
}
