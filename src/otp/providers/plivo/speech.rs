//! What Plivo speaks in a call: the code, slowly and twice, in a language that its voices know.
//!
//! Owns the words of calls and the XML. Source: docs.plivo.com, Speak and Wait.

use zeroize::Zeroizing;

use crate::otp::OtpCode;

/// Plivo's language, the language's own tag, and what is said before the code.
const VOICES: [(&str, &str, &str); 10] = [
    ("en-US", "en", "Your code is"),
    ("da-DK", "da", "Din kode er"),
    ("de-DE", "de", "Ihr Code lautet"),
    ("es-ES", "es", "Su código es"),
    ("fr-FR", "fr", "Votre code est"),
    ("it-IT", "it", "Il suo codice è"),
    ("nl-NL", "nl", "Uw code is"),
    ("pl-PL", "pl", "Twój kod to"),
    ("pt-BR", "pt", "Seu código é"),
    ("sv-SE", "sv", "Din kod är"),
];

/// What Plivo is answered when somebody has picked up.
pub fn answer_xml(code: &OtpCode, language: &str) -> Zeroizing<String> {
    let tag = language.split(['-', '_']).next().unwrap_or_default();
    let voice = VOICES.iter().find(|(_, known, _)| known.eq_ignore_ascii_case(tag));
    let (language, _, words) = voice.unwrap_or(&VOICES[0]);
    // A comma makes a voice pause.
    let digits: Vec<_> = code.expose().chars().map(String::from).collect();
    let digits = Zeroizing::new(digits.join(", "));
    let text = Zeroizing::new(escape(&format!("{words} {}", *digits)));
    let speak =
        Zeroizing::new(format!(r#"<Speak voice="WOMAN" language="{language}">{}.</Speak>"#, *text));
    let pause = r#"<Wait length="2"/>"#;
    Zeroizing::new(format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response>{0}{pause}{0}</Response>"#,
        *speak
    ))
}

/// XML 1.0, 2.4: the characters that would be read as marks.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_spoken_digit_by_digit_and_twice() {
        let code = OtpCode::parse("493817").unwrap();
        let speak =
            r#"<Speak voice="WOMAN" language="en-US">Your code is 4, 9, 3, 8, 1, 7.</Speak>"#;
        let wanted = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Response>{speak}<Wait length="2"/>{speak}</Response>"#
        );
        assert_eq!(*answer_xml(&code, "en-US"), wanted);
        assert_eq!(*answer_xml(&code, "tlh"), wanted);
        assert_eq!(*answer_xml(&code, r#""><Dial>"#), wanted);
        assert!(answer_xml(&code, "de-AT").contains(r#"language="de-DE">Ihr Code lautet 4, "#));
        assert_eq!(escape("a<b>&"), "a&lt;b&gt;&amp;");
    }
}
