//! What a client brings to show that it has met a challenge, before anybody has judged it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest response, in bytes. A solved proof of work has some 300; tokens of Turnstile have at most
/// 2048, those of hCaptcha are of no documented length.
const BYTES_MAX: usize = 8192;

/// The content of `Challenge-Response`. Clones are the same response: once it is accepted it stays so for
/// the request that brought it, however many rules ask.
#[derive(Clone)]
pub struct ChallengeResponse {
    text: Arc<str>,
    is_accepted: Arc<AtomicBool>,
}

impl ChallengeResponse {
    /// Reads 1 to 8192 visible ASCII characters; `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_sound = (1..=BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sound.then(|| Self { text: text.into(), is_accepted: Arc::default() })
    }

    /// The text, for who judges it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether it has been found good and is spent.
    pub fn is_accepted(&self) -> bool {
        self.is_accepted.load(Ordering::Relaxed)
    }

    /// Notes that it has been found good and is spent.
    pub fn accept(&self) {
        self.is_accepted.store(true, Ordering::Relaxed);
    }
}

/// Whoever has it can spend it.
impl fmt::Debug for ChallengeResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeResponse").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_no_sound_length_or_other_characters_is_none() {
        for text in ["", " ", "a b", "a\tb", "é", "\u{7f}", &"a".repeat(BYTES_MAX + 1)] {
            assert!(ChallengeResponse::parse(text).is_none(), "{text:?}");
        }
        assert!(ChallengeResponse::parse(&"a".repeat(BYTES_MAX)).is_some());
    }

    #[test]
    fn one_that_was_accepted_is_so_in_all_its_clones_and_in_no_other() {
        let response = ChallengeResponse::parse("token").unwrap();
        let clone = response.clone();
        clone.accept();
        assert!(response.is_accepted());
        assert!(!ChallengeResponse::parse("token").unwrap().is_accepted());
    }

    proptest! {
        #[test]
        fn any_text_is_kept_as_it_is_or_refused_and_never_shown(text in "[ -~]{0,100}") {
            let Some(response) = ChallengeResponse::parse(&text) else {
                prop_assert!(text.is_empty() || text.contains(' '));
                return Ok(());
            };
            prop_assert_eq!(response.expose(), &text);
            let shown = format!("{response:?}");
            prop_assert!(text.len() < 6 || !shown.contains(&text));
        }
    }
}
