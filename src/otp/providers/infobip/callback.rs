//! Infobip's delivery reports.
//!
//! Owns their reading. Infobip signs nothing: the secret path is all that protects them, and they are
//! hints in any case. [U] The form is that of Infobip's published SMS reports; whether reports of the
//! 2FA service look the same, and name the PIN's id as `messageId`, could not be checked.

use std::num::NonZeroU16;

use serde::Deserialize;
use serde_json::Value;

use crate::otp::providers::callback::{Event, Refusal};
use crate::otp::providers::preflight::is_plain_id;
use crate::otp::providers::receipt::{Fate, Price, Receipt, Subject};

#[derive(Deserialize)]
struct Report {
    results: Vec<Value>,
}

/// Reads a report; entries that are not understood are left out.
pub(in crate::otp::providers) fn read_report(body: &[u8]) -> Result<Event, Refusal> {
    let report: Report = serde_json::from_slice(body).map_err(|_| Refusal::Body)?;
    Ok(Event::Receipts(report.results.iter().filter_map(read_result).collect()))
}

fn read_result(result: &Value) -> Option<Receipt> {
    let id = result["messageId"].as_str().filter(|id| is_plain_id(id))?;
    let status = &result["status"];
    let fate = match status["groupName"].as_str()? {
        "PENDING" => Fate::Sent,
        "DELIVERED" => Fate::Delivered,
        group @ ("UNDELIVERABLE" | "EXPIRED" | "REJECTED") => {
            Fate::failed(status["name"].as_str().unwrap_or(group))
        }
        _ => return None,
    };
    let segments = result["smsCount"].as_u64().and_then(|count| u16::try_from(count).ok());
    let segments = segments.and_then(NonZeroU16::new);
    let per_message = &result["price"]["pricePerMessage"];
    let currency = result["price"]["currency"].as_str().unwrap_or_default();
    let price = per_message.is_number().then(|| Price::parse(&per_message.to_string(), currency));
    let price = price.flatten().map(|price| price.times(segments.map_or(1, NonZeroU16::get)));
    Some(Receipt { subject: Subject::ProviderReference(id.to_owned()), fate, price, segments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_and_what_is_odd_left_out() {
        let body = br#"{"results":[
            {"messageId":"2250be2d4219-3af1","smsCount":2,"price":{"pricePerMessage":0.01,"currency":"EUR"},
             "status":{"groupId":3,"groupName":"DELIVERED","name":"DELIVERED_TO_HANDSET"}},
            {"messageId":"b","status":{"groupName":"REJECTED","name":"REJECTED_NETWORK"}},
            {"messageId":"c","status":{"groupName":"PENDING"},"price":{"pricePerMessage":"?"}},
            {"messageId":"../d","status":{"groupName":"DELIVERED"}},
            {"messageId":"e","status":{"groupName":"NEW"}},
            7
        ]}"#;
        let receipt = |id: &str, fate| {
            let subject = Subject::ProviderReference(id.to_owned());
            Receipt { subject, fate, price: None, segments: None }
        };
        let delivered = Receipt {
            price: Price::parse("0.02", "EUR"),
            segments: NonZeroU16::new(2),
            ..receipt("2250be2d4219-3af1", Fate::Delivered)
        };
        let rejected = receipt("b", Fate::failed("REJECTED_NETWORK"));
        let wanted = vec![delivered, rejected, receipt("c", Fate::Sent)];
        assert_eq!(read_report(body), Ok(Event::Receipts(wanted)));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for body in ["", "[]", "{}", r#"{"results":7}"#, "<html>"] {
            assert_eq!(read_report(body.as_bytes()), Err(Refusal::Body), "{body}");
        }
    }
}
