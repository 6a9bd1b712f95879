//! The JSON of Plivo's API: what is sent, and as much of the answers as is needed.
//!
//! Owns the names on the wire. Reads leniently: keys that are not needed are not looked at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::otp::providers::india_dlt::IndiaDlt;

/// How long a text may wait in Plivo's queue, in seconds: no code lives longer. Past that Plivo
/// drops it, uncharged (support.plivo.com, "Message Expiry": 5 to 10,799).
const MESSAGE_EXPIRY_SECONDS: u32 = 600;

/// A text. `src` and `dst` are numbers without the plus sign; `src` may be a sender id.
#[derive(Serialize)]
pub(super) struct MessageRequest<'a> {
    src: &'a str,
    dst: &'a str,
    text: &'a str,
    r#type: &'static str,
    message_expiry: u32,
    /// `false` keeps the text and most of the number out of Plivo's logs.
    log: bool,
    /// Where Plivo reports to.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt_entity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt_template_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dlt_template_category: Option<&'a str>,
}

impl<'a> MessageRequest<'a> {
    pub(super) const fn new(src: &'a str, dst: &'a str, text: &'a str) -> Self {
        Self {
            src,
            dst,
            text,
            r#type: "sms",
            message_expiry: MESSAGE_EXPIRY_SECONDS,
            log: false,
            url: None,
            method: None,
            dlt_entity_id: None,
            dlt_template_id: None,
            dlt_template_category: None,
        }
    }

    /// The same, with reports of what becomes of it to `url`.
    pub(super) fn reported_to(self, url: Option<&'a str>) -> Self {
        Self { url, method: url.map(|_| "POST"), ..self }
    }

    /// The same, with the ids under which it is registered in India, as they were given.
    pub(super) fn registered(self, dlt: Option<&'a IndiaDlt>) -> Self {
        Self {
            dlt_entity_id: dlt.map(IndiaDlt::entity_id),
            dlt_template_id: dlt.map(IndiaDlt::template_id),
            dlt_template_category: dlt.and_then(IndiaDlt::template_category),
            ..self
        }
    }
}

/// How long a phone rings, in seconds, before Plivo gives up.
const RING_TIMEOUT_SECONDS: u32 = 60;

/// After how many seconds Plivo hangs up: the words take half of that.
const TIME_LIMIT_SECONDS: u32 = 120;

/// A call, numbers without the plus sign.
#[derive(Serialize)]
pub(super) struct CallRequest<'a> {
    from: &'a str,
    to: &'a str,
    answer_url: &'a str,
    answer_method: &'static str,
    hangup_url: &'a str,
    hangup_method: &'static str,
    ring_timeout: u32,
    time_limit: u32,
}

impl<'a> CallRequest<'a> {
    pub(super) const fn new(
        from: &'a str,
        to: &'a str,
        answer_url: &'a str,
        hangup_url: &'a str,
    ) -> Self {
        Self {
            from,
            to,
            answer_url,
            answer_method: "POST",
            hangup_url,
            hangup_method: "POST",
            ring_timeout: RING_TIMEOUT_SECONDS,
            time_limit: TIME_LIMIT_SECONDS,
        }
    }
}

/// The body of any answer. An error may stand beside an id.
#[derive(Deserialize)]
pub(super) struct Reply {
    api_id: Option<Value>,
    auth_id: Option<Value>,
    error: Option<Value>,
    message_uuid: Option<Value>,
    request_uuid: Option<Value>,
}

impl Reply {
    /// Reads `body`; `None` where it is not a JSON object.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// Plivo's id of the request, for its support: a UUID and nothing else, so that it can be
    /// logged unread.
    pub(super) fn api_id(&self) -> Option<uuid::Uuid> {
        self.api_id.as_ref()?.as_str()?.parse().ok()
    }

    /// The account that was asked for.
    pub(super) fn auth_id(&self) -> Option<&str> {
        self.auth_id.as_ref()?.as_str()
    }

    /// What Plivo says went wrong.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_ref()?.as_str()
    }

    /// The id of the one text that was asked for; Plivo answers a list.
    pub(super) fn message_uuid(&self) -> Option<&str> {
        first(self.message_uuid.as_ref()?)
    }

    /// The id of the one call that was asked for.
    pub(super) fn request_uuid(&self) -> Option<&str> {
        first(self.request_uuid.as_ref()?)
    }
}

/// The first of a list, or what stands there instead of a list.
fn first(value: &Value) -> Option<&str> {
    match value {
        Value::Array(values) => values.first()?.as_str(),
        value => value.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_the_published_form() {
        let request = MessageRequest::new("14155551234", "14157654321", "Hello");
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"src":"14155551234","dst":"14157654321","text":"Hello","type":"sms","message_expiry":600,"log":false}"#
        );
    }

    /// plivo-go and plivo-python, `fixtures/messageSendResponse.json`.
    #[test]
    fn the_published_answer_is_understood() {
        let reply = Reply::read(
            br#"{
                "api_id": "948b53a2-3f08-11e7-b6f4-061564b78b75",
                "message": "message(s) queued",
                "message_uuid": ["5b40a428-bfc7-4daf-9d06-726c558bf3b8"]
            }"#,
        )
        .unwrap();
        assert_eq!(reply.message_uuid(), Some("5b40a428-bfc7-4daf-9d06-726c558bf3b8"));
        let api_id = reply.api_id().map(|id| id.to_string());
        assert_eq!(api_id.as_deref(), Some("948b53a2-3f08-11e7-b6f4-061564b78b75"));
        assert_eq!(reply.error(), None);
    }

    #[test]
    fn an_api_id_that_is_none_is_not_told() {
        for api_id in ["14157654321", "123456 is your code", ""] {
            let body = serde_json::json!({ "api_id": api_id }).to_string();
            assert_eq!(Reply::read(body.as_bytes()).unwrap().api_id(), None, "{api_id}");
        }
    }

    #[test]
    fn keys_may_hold_what_nobody_expects() {
        for body in [
            "{}",
            r#"{"message_uuid":[],"error":null,"api_id":null}"#,
            r#"{"message_uuid":[7],"error":{"code":7},"api_id":[]}"#,
            r#"{"message_uuid":{"0":"a"},"error":false,"api_id":7}"#,
        ] {
            let reply = Reply::read(body.as_bytes()).unwrap();
            assert_eq!((reply.message_uuid(), reply.error()), (None, None), "{body}");
            assert_eq!(reply.api_id(), None, "{body}");
        }
        for body in ["", "<html>", "[]", "\"text\"", r#"{"message_uuid":["#] {
            assert!(Reply::read(body.as_bytes()).is_none(), "{body}");
        }
    }
}
