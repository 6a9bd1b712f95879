//! The languages that there are texts in, and how the one for a person is found.
//!
//! Only languages that can be written well in the GSM-7 alphabet: in any other one text would cost
//! as much as two.

/// A language that there are texts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// `en`, which everybody gets for whom there is nothing better.
    #[default]
    English,
    /// `de`
    German,
    /// `fr`
    French,
    /// `es`
    Spanish,
    /// `pt`
    Portuguese,
    /// `it`
    Italian,
    /// `nl`
    Dutch,
    /// `sv`
    Swedish,
    /// `da`
    Danish,
    /// `nb`; also for those who ask for `no` or `nn`.
    Norwegian,
    /// `fi`
    Finnish,
    /// `pl`
    Polish,
    /// `tr`
    Turkish,
}

/// The weight of a range that states none, in thousandths (RFC 9110, 12.4.2).
const WEIGHT_MAX: u16 = 1000;

impl Language {
    /// Every language, in the order of the enum.
    pub const ALL: [Self; 13] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Portuguese,
        Self::Italian,
        Self::Dutch,
        Self::Swedish,
        Self::Danish,
        Self::Norwegian,
        Self::Finnish,
        Self::Polish,
        Self::Turkish,
    ];

    /// The language tag (RFC 5646): in `OTP_TEXTS_FILE` and in `users.locale`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Portuguese => "pt",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Swedish => "sv",
            Self::Danish => "da",
            Self::Norwegian => "nb",
            Self::Finnish => "fi",
            Self::Polish => "pl",
            Self::Turkish => "tr",
        }
    }

    /// The language of exactly that tag, if there is one.
    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The best match of an `Accept-Language` header (RFC 9110, 12.5.4), by lookup (RFC 4647, 3.4):
    /// ranges in the order of their weights, the first that leads to a language wins. `*` leads to
    /// none. What is not a range is passed over.
    pub fn look_up(accept_language: &str) -> Option<Self> {
        let ranges = accept_language.split(',').filter_map(weighted);
        let mut found: Vec<_> =
            ranges.filter_map(|(range, weight)| Some((Self::of_range(range)?, weight))).collect();
        // Stable: what is equal in weight stays in the order in which it was written.
        found.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        found.first().map(|(language, _)| *language)
    }

    /// Lookup shortens a range from its end until it is a tag that there are texts in; ours have one
    /// subtag each, so only the first one of the range counts.
    fn of_range(range: &str) -> Option<Self> {
        let primary = range.split('-').next()?.to_ascii_lowercase();
        match primary.as_str() {
            // The macrolanguage, and the other written form of Norwegian.
            "no" | "nn" => Some(Self::Norwegian),
            primary => Self::parse(primary),
        }
    }
}

/// A range with its weight in thousandths; `None` where it is not one, or is not acceptable.
fn weighted(element: &str) -> Option<(&str, u16)> {
    let (range, weight) = match element.split_once(';') {
        Some((range, parameter)) => (range, read_weight(parameter.trim())?),
        None => (element, WEIGHT_MAX),
    };
    let range = range.trim_matches([' ', '\t']);
    (weight > 0 && is_range(range)).then_some((range, weight))
}

/// A `language-range` (RFC 4647, 2.1) other than `*`.
fn is_range(range: &str) -> bool {
    let mut subtags = range.split('-');
    let sound = |subtag: &str| (1..=8).contains(&subtag.len());
    let alphabetic = |subtag: &str| subtag.bytes().all(|b| b.is_ascii_alphabetic());
    let alphanumeric = |subtag: &str| subtag.bytes().all(|b| b.is_ascii_alphanumeric());
    subtags.next().is_some_and(|primary| sound(primary) && alphabetic(primary))
        && subtags.all(|subtag| sound(subtag) && alphanumeric(subtag))
}

/// `q=0.5` in thousandths: `0` or `1`, a point and up to three digits, at most 1.
fn read_weight(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let sound = name.eq_ignore_ascii_case("q")
        && matches!(whole, "0" | "1")
        && fraction.len() <= 3
        && fraction.bytes().all(|b| b.is_ascii_digit());
    let thousandths = format!("{whole}{fraction:0<3}").parse().ok()?;
    (sound && thousandths <= WEIGHT_MAX).then_some(thousandths)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_language_is_found_by_its_tag_and_stands_at_its_place() {
        for (at, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(Language::parse(language.tag()), Some(language));
            assert_eq!(language as usize, at);
        }
        assert_eq!(Language::parse("DE"), None);
        assert_eq!(Language::parse("ja"), None);
    }

    #[test]
    fn the_weightiest_range_that_leads_somewhere_wins() {
        for (header, wanted) in [
            ("de", Some(Language::German)),
            ("DE-at", Some(Language::German)),
            // RFC 9110, 12.5.4.
            ("da, en-gb;q=0.8, en;q=0.7", Some(Language::Danish)),
            // RFC 4647, 3.4: shortened from the end, private subtags and all.
            ("zh-Hant-CN-x-private1-private2", None),
            ("de-CH-1996-x-phonebk", Some(Language::German)),
            ("en;q=0.3, fr;q=0.9", Some(Language::French)),
            ("en;q=0.899, fr;q=0.9", Some(Language::French)),
            ("fr;q=0.5, de;q=0.5", Some(Language::French)),
            ("ja, ko;q=0.9, it;q=0.1", Some(Language::Italian)),
            ("sv ; q=1.000 ,en", Some(Language::Swedish)),
            ("pt-BR;Q=0.5", Some(Language::Portuguese)),
            ("no", Some(Language::Norwegian)),
            ("nn-NO, nb;q=0.1", Some(Language::Norwegian)),
            (",, ,pl", Some(Language::Polish)),
            ("*", None),
            ("*, fi;q=0.1", Some(Language::Finnish)),
            ("", None),
        ] {
            assert_eq!(Language::look_up(header), wanted, "{header}");
        }
    }

    #[test]
    fn what_is_not_acceptable_or_not_a_range_is_passed_over() {
        for header in [
            "de;q=0",
            "de;q=0.000",
            "de;q=1.1",
            "de;q=1.001",
            "de;q=0.1234",
            "de;q=.5",
            "de;q=-1",
            "de;q=+1",
            "de;q=",
            "de;q",
            "de;",
            "de;level=1",
            "de;q=0.5;q=1",
            "d e",
            "de_DE",
            "de-",
            "-de",
            "de-toolongsubtag",
            "dé",
            "1de",
        ] {
            assert_eq!(Language::look_up(header), None, "{header}");
            let others = format!("{header},nl;q=0.001");
            assert_eq!(Language::look_up(&others), Some(Language::Dutch), "{others}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read(header in "\\PC{0,200}") {
            let _ = Language::look_up(&header);
        }

        #[test]
        fn the_order_is_that_of_the_weights(weights in prop::collection::vec(1_u16..=1000, 13)) {
            let element = |(language, weight): (&Language, &u16)| {
                format!("{};q={}.{:03}", language.tag(), weight / 1000, weight % 1000)
            };
            let header: Vec<_> = Language::ALL.iter().zip(&weights).map(element).collect();
            let best = weights.iter().max().unwrap();
            let first = weights.iter().position(|weight| weight == best).unwrap();
            let found = Language::look_up(&header.join(", "));
            prop_assert_eq!(found, Some(Language::ALL[first]));
        }
    }
}
