//! Plivo's signatures on what it sends to us: V2 on reports of messages, V3 on everything of calls.
//!
//! Owns the strings to sign. V2 covers the address and a nonce, neither query nor body; V3 covers all.
//! Source: plivo-go, `utils.go` and its tests.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A key of a query or a form, and its value, decoded.
pub type Pairs = Vec<(String, String)>;

/// What V2 signs. `base` is scheme, host and path.
pub fn v2_text(base: &str, nonce: &str) -> String {
    format!("{base}{nonce}")
}

/// What V3 signs: `query` sorted as in an address, then `form` sorted and run together.
pub fn v3_text(base: &str, mut query: Pairs, mut form: Pairs, nonce: &str) -> String {
    query.sort();
    form.sort();
    let mut text = base.to_owned();
    if !query.is_empty() || !form.is_empty() {
        text.push('?');
    }
    let pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={value}")).collect();
    text.push_str(&pairs.join("&"));
    if !query.is_empty() && !form.is_empty() {
        text.push('.');
    }
    for (key, value) in &form {
        text.push_str(key);
        text.push_str(value);
    }
    format!("{text}.{nonce}")
}

/// The signature of `text` under the auth token.
pub fn sign(auth_token: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, auth_token.as_bytes());
    STANDARD.encode(hmac::sign(&key, text.as_bytes()))
}

/// Whether one of the signatures in `header`, divided by commas, fits `text`; compared in constant
/// time.
pub fn fits(auth_token: &str, text: &str, header: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, auth_token.as_bytes());
    header.split(',').any(|signature| {
        STANDARD
            .decode(signature.trim())
            .is_ok_and(|tag| hmac::verify(&key, text.as_bytes(), &tag).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Pairs {
        let pairs = [("Duration", "300"), ("CallUUID", "97ceeb52-58b6-11e1-86da-77300b68f8bb")];
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec()
    }

    /// plivo-go, `TestValidateSignatureV2Pass` and `…Fail`.
    #[test]
    fn the_published_v2_signature_fits() {
        let (text, signature) = (
            v2_text("https://answer.url", "12345"),
            "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc=",
        );
        assert_eq!(sign("my_auth_token", &text), signature);
        assert!(fits("my_auth_token", &text, signature));
        assert!(!fits("my_auth_tokens", &text, signature));
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        let text = v3_text("https://answer.url", call(), Vec::new(), "12345");
        let right = sign("my_auth_token", &text);
        assert!(fits("my_auth_token", &text, &format!("AAAA, {right}")));
        for wrong in ["", ",", "*", &right[1..]] {
            assert!(!fits("my_auth_token", &text, wrong), "{wrong}");
        }
    }

    /// plivo-go, `utils_test.go`: a POST with a query and one without.
    #[test]
    fn the_published_v3_signatures_of_posts_fit() {
        let form = [
            ("Direction", "outbound"),
            ("From", "19792014278"),
            ("ALegUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
            ("CallStatus", "in-progress"),
            ("BillRate", "0.002"),
            ("ParentAuthID", "MANWVLYTK4ZWU1YTY4QA"),
            ("To", "sip:PlivoSignature382029104058171078704104@phone-qa.voice.plivodev.com"),
            ("ALegRequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
            ("CallUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
            ("RequestUUID", "3e82ae9d-2c78-4d85-b1a4-6eae7dbafb36"),
            (
                "SIP-H-To",
                "<sip:PlivoSignature382029104058171078704104@52.9.11.55;transport=udp>;tag=1",
            ),
            ("SessionStart", "2020-04-08 11:34:33.238707"),
            ("Event", "StartApp"),
        ];
        let form: Pairs = form.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let base = "https://plivobin.non-prod.plivops.com/api/v1/validate_signature03.xml";
        let with_query = format!("{base}/");
        let query = [("a", "b"), ("c", "d")];
        let query = query.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        for (base, query, published) in [
            (base, Vec::new(), "iAjE5QqI37mbkYe4w3jTMudqEzbDufdqi7sYwTu64e0="),
            (&with_query, query, "k7Pusd4OxCIjR5IfA9iedDNu/h/gbdYqdzG/MiYtd1c="),
        ] {
            let text = v3_text(base, query, form.clone(), "31627761595286130198");
            assert_eq!(sign("Y2Q2ZDgxZmY5YWRiOTI5YmQ1Njg0MTAxZWIyOTc4", &text), published);
        }
    }

    #[test]
    fn the_string_of_a_post_has_its_marks_where_plivo_puts_them() {
        let query = vec![("c".to_owned(), "d".to_owned()), ("a".to_owned(), "b".to_owned())];
        let form = vec![("Z".to_owned(), "1".to_owned()), ("Y".to_owned(), "2".to_owned())];
        let text = |query: &Pairs, form: &Pairs| v3_text("u", query.clone(), form.clone(), "n");
        assert_eq!(text(&query, &form), "u?a=b&c=d.Y2Z1.n");
        assert_eq!(text(&Vec::new(), &form), "u?Y2Z1.n");
        assert_eq!(text(&query, &Vec::new()), "u?a=b&c=d.n");
        assert_eq!(text(&Vec::new(), &Vec::new()), "u.n");
    }
}
