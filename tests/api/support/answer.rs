//! An answer, read whole and checked for what every answer of the server must have.

use std::fmt;

use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer.
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    /// `null` where the body is not JSON.
    json: Value,
    bytes: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(path: &str, response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let json = serde_json::from_slice(&bytes).unwrap_or_default();
        let answer = Self { status, headers, json, bytes };
        answer.check(path);
        answer
    }

    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn json(&self) -> &Value {
        &self.json
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The stable name of the problem.
    pub(crate) fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// A member that is a string.
    #[track_caller]
    pub(crate) fn text(&self, member: &str) -> String {
        let text = self.json[member].as_str();
        assert!(text.is_some(), "no text {member} in {self:?}");
        text.unwrap_or_default().to_owned()
    }

    /// A header; the empty string where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts the status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Asserts what kind of problem it is.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        self
    }

    /// Asserts a 400 that finds fault with exactly these fields, by name and code.
    #[track_caller]
    pub(crate) fn finds_fault_with(self, wanted: &[(&str, &str)]) -> Self {
        let answer = self.refused(400, "validation_failed");
        let errors = answer.json["errors"].as_array().unwrap();
        let mut found: Vec<_> =
            errors.iter().map(|it| (word(it, "field"), word(it, "code"))).collect();
        let mut wanted = wanted.to_vec();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{answer:?}");
        assert!(errors.iter().all(|it| !word(it, "message").is_empty()), "{answer:?}");
        answer
    }

    /// The problem's `retryAfter`, which the header must repeat.
    #[track_caller]
    pub(crate) fn seconds_to_wait(&self) -> i64 {
        let seconds = self.json["retryAfter"].as_i64();
        assert_eq!(seconds.map(|it| it.to_string()).as_deref(), Some(self.header("retry-after")));
        seconds.unwrap_or_default()
    }

    #[track_caller]
    fn check(&self, path: &str) {
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        assert_eq!(self.header("x-frame-options"), "DENY", "{self:?}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{self:?}");
        assert!(!self.header("content-security-policy").is_empty(), "{self:?}");
        // The only refusal that is a report.
        let is_report = path == "/readyz";
        if self.status >= 400 && !is_report {
            self.check_problem();
        }
        if path.starts_with("/api/") && self.header("access-control-allow-methods").is_empty() {
            assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        }
    }

    /// RFC 9457, and RFC 6750 where it is a 401.
    #[track_caller]
    fn check_problem(&self) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.json["status"], self.status, "{self:?}");
        assert_eq!(word(&self.json, "requestId"), self.header("x-request-id"), "{self:?}");
        let code = self.code();
        assert!(!code.is_empty(), "{self:?}");
        assert_eq!(word(&self.json, "type"), format!("/docs#error-{code}"), "{self:?}");
        assert!(!word(&self.json, "title").is_empty(), "{self:?}");
        assert!(!word(&self.json, "detail").is_empty(), "{self:?}");
        let has_errors = self.json["errors"].as_array().is_some_and(|errors| !errors.is_empty());
        assert_eq!(has_errors, code == "validation_failed", "{self:?}");
        let wait = self.json["retryAfter"].as_u64().map(|it| it.to_string()).unwrap_or_default();
        assert_eq!(wait, self.header("retry-after"), "{self:?}");
        // RFC 7662 has services prove who they are by HTTP Basic.
        let scheme = if code == "client_invalid" { "Basic" } else { "Bearer" };
        let challenges = self.header("www-authenticate").starts_with(scheme);
        assert_eq!(challenges, self.status == 401, "{self:?}");
    }
}

/// What a person needs to see of an answer that surprises.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, String::from_utf8_lossy(&self.bytes))
    }
}

fn word<'a>(json: &'a Value, member: &str) -> &'a str {
    json[member].as_str().unwrap_or_default()
}
