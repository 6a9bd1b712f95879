//! The policy for new passwords: every rule, every reason, no more.

use proptest::prelude::*;
use ringfence::passwords::{Composition, Password, PasswordPolicy, PasswordProblem};

const EMAIL: &str = "ada.lovelace@example.org";
const PHONE: &str = "+14155552671";

fn problems(raw: &str) -> Vec<PasswordProblem> {
    PasswordPolicy::default().check(raw, Some(EMAIL), Some(PHONE)).err().unwrap_or_default()
}

#[test]
fn good_passwords_are_taken_whatever_they_are_made_of() {
    for raw in [
        "correct horse battery",
        "        .        ",
        "пароли хорошие",
        "合言葉はひみつです",
        "🦀🦀🦀🦀🦀🦀🦀🦀",
        "ALL UPPER CASE",
        "72910483",
        "new\nline\0null",
    ] {
        assert_eq!(problems(raw), [], "{raw:?}");
    }
}

#[test]
fn length_is_counted_in_code_points() {
    let too_short = [PasswordProblem::TooShort { at_least: 8 }];
    assert_eq!(problems(""), too_short);
    assert_eq!(problems("ébréché"), too_short);
    assert_eq!(problems("ébréchée"), []);
    // Neither combining marks nor ligatures that unfold buy length.
    assert_eq!(problems("e\u{301}e\u{301}e\u{301}e\u{301}"), too_short);
    assert_eq!(problems("\u{fdfa}"), too_short);
    assert_eq!(problems(&"🦀".repeat(256)), []);
    assert_eq!(problems(&"🦀".repeat(257)), [PasswordProblem::TooLong]);
    assert_eq!(problems(&"x".repeat(257)), [PasswordProblem::TooLong]);
    assert_eq!(problems(&"x".repeat(16 * 1024 * 1024)), [PasswordProblem::TooLong]);
}

#[test]
fn the_least_length_can_be_raised_but_not_below_what_nist_asks_for() {
    let policy = PasswordPolicy::new(15, Composition::None).unwrap();
    let refused = policy.check("fourteen chars", None, None).unwrap_err();
    assert_eq!(refused, [PasswordProblem::TooShort { at_least: 15 }]);
    assert!(policy.check("fifteen chars !", None, None).is_ok());
    for (min_length, is_possible) in [(7, false), (8, true), (64, true), (65, false)] {
        let policy = PasswordPolicy::new(min_length, Composition::None);
        assert_eq!(policy.is_ok(), is_possible, "{min_length}");
    }
    let told = PasswordPolicy::new(6, Composition::None).unwrap_err().to_string();
    assert_eq!(told, "the least password length must be between 8 and 64 characters, not 6");
}

#[test]
fn the_most_used_are_refused_in_whatever_case_and_form() {
    for raw in [
        "password1",
        "PassWord1",
        "\u{ff30}\u{ff21}\u{ff33}\u{ff33}\u{ff37}\u{ff2f}\u{ff32}\u{ff24}1",
    ] {
        assert_eq!(problems(raw), [PasswordProblem::MostUsed], "{raw}");
    }
    assert_eq!(problems("password1 with more"), []);
}

#[test]
fn passwords_that_contain_the_email_are_refused() {
    let contained = [PasswordProblem::ContainsEmail];
    for raw in [
        "ada.lovelace@example.org",
        "xx ADA.Lovelace@Example.ORG",
        "my ada.lovelace!",
        "1ADA.LOVELACE1",
        "\u{ff41}da.lovelace",
    ] {
        assert_eq!(problems(raw), contained, "{raw}");
    }
    for raw in ["ada lovelace", "example.org!", "lovelace.ada"] {
        assert_eq!(problems(raw), [], "{raw}");
    }
}

#[test]
fn a_short_local_part_counts_only_with_its_domain() {
    let check = |raw| PasswordPolicy::default().check(raw, Some("al@example.org"), None);
    assert!(check("always signal").is_ok());
    assert_eq!(check("me: al@example.org").unwrap_err(), [PasswordProblem::ContainsEmail]);
    for nothing in ["", "@", " "] {
        assert!(PasswordPolicy::default().check("correct horse", Some(nothing), None).is_ok());
    }
}

#[test]
fn passwords_that_contain_the_phone_number_are_refused() {
    let contained = [PasswordProblem::ContainsPhone];
    for raw in [
        "+14155552671",
        "14155552671",
        "4155552671",
        "x5552671",
        "call 415-555-2671 now",
        "(415) 555 26 71",
        "415.555.2671",
        "415\u{2011}555\u{a0}2671",
        "\u{ff14}\u{ff11}\u{ff15}\u{ff15}\u{ff15}\u{ff15}\u{ff12}\u{ff16}\u{ff17}\u{ff11}",
    ] {
        assert_eq!(problems(raw), contained, "{raw}");
    }
    for raw in ["415555 x 2671", "x 552671 x", "1762555514"] {
        assert_eq!(problems(raw), [], "{raw}");
    }
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let policy = PasswordPolicy::new(20, Composition::Mixed).unwrap();
    let told = policy.check("5552671", Some("5552671@example.org"), Some(PHONE)).unwrap_err();
    assert_eq!(
        told,
        [
            PasswordProblem::TooShort { at_least: 20 },
            PasswordProblem::ContainsEmail,
            PasswordProblem::ContainsPhone,
            PasswordProblem::Composition,
        ]
    );
    let told = policy.check("12345678", None, None).unwrap_err();
    assert!(told.contains(&PasswordProblem::MostUsed), "{told:?}");
}

#[test]
fn mixed_composition_asks_for_upper_lower_and_digit_in_any_script() {
    let policy = PasswordPolicy::new(8, Composition::Mixed).unwrap();
    for raw in ["Zwölf 12 Boxkämpfer", "ДЛИНный пароль 7", "ｆｕｌｌ Ｗｉｄｅ ９"]
    {
        assert!(policy.check(raw, None, None).is_ok(), "{raw}");
    }
    for raw in ["only lower 7", "ONLY UPPER 7", "Only Letters", "1234 5678 90"] {
        let refused = policy.check(raw, None, None).unwrap_err();
        assert_eq!(refused, [PasswordProblem::Composition], "{raw}");
    }
}

#[test]
fn login_tells_nothing_of_the_policy() {
    for raw in ["x", "password", "12345678"] {
        assert!(Password::for_login(raw).is_ok(), "{raw}");
    }
    assert_eq!(Password::for_login("").unwrap_err(), PasswordProblem::Empty);
    let long = "x".repeat(257);
    assert_eq!(Password::for_login(&long).unwrap_err(), PasswordProblem::TooLong);
}

#[test]
fn every_reason_has_its_code_and_its_sentence() {
    for (problem, code, sentence) in [
        (PasswordProblem::Empty, "password_too_short", "Enter a password."),
        (
            PasswordProblem::TooShort { at_least: 8 },
            "password_too_short",
            "Use at least 8 characters.",
        ),
        (PasswordProblem::TooLong, "password_too_long", "Use at most 256 characters."),
        (
            PasswordProblem::MostUsed,
            "password_common",
            "This is one of the most used passwords and would be guessed first. Choose another one.",
        ),
        (
            PasswordProblem::ContainsEmail,
            "password_contains_email",
            "The password must not contain your e-mail address or the part before its @.",
        ),
        (
            PasswordProblem::ContainsPhone,
            "password_contains_phone",
            "The password must not contain your phone number.",
        ),
        (
            PasswordProblem::Composition,
            "password_composition",
            "Use at least one upper-case letter, one lower-case letter and one digit.",
        ),
    ] {
        assert_eq!(problem.code(), code);
        assert_eq!(problem.to_string(), sentence);
    }
}

proptest! {
    /// Whatever is taken at sign-up is taken at login, and nothing makes the check panic.
    #[test]
    fn a_password_that_was_taken_can_be_given_again(
        raw in "\\PC{0,300}",
        email in proptest::option::of("\\PC{0,40}"),
        phone in proptest::option::of("\\PC{0,20}"),
    ) {
        match PasswordPolicy::default().check(&raw, email.as_deref(), phone.as_deref()) {
            Ok(_) => prop_assert!(Password::for_login(&raw).is_ok()),
            Err(problems) => prop_assert!(!problems.is_empty()),
        }
    }

    #[test]
    fn the_phone_is_found_however_it_is_written(
        before in "[a-z]{1,8}",
        separators in proptest::collection::vec("[ ./()\u{2013}-]{0,2}", 6),
        after in "[a-z]{1,8}",
    ) {
        let mut raw = before;
        for (digit, separator) in "5552671".chars().zip(separators.iter().map(String::as_str).chain([""])) {
            raw.push(digit);
            raw.push_str(separator);
        }
        raw.push_str(&after);
        let refused = PasswordPolicy::default().check(&raw, None, Some(PHONE)).unwrap_err();
        prop_assert_eq!(refused, vec![PasswordProblem::ContainsPhone]);
    }

    #[test]
    fn the_email_is_found_wherever_it_stands(
        before in "\\PC{0,20}",
        // A letter or a mark next to it could compose with it.
        after in "[0-9 ]\\PC{0,20}",
        local_part in "[a-z0-9.+_-]{4,20}",
    ) {
        let raw = format!("{before} {}{after}", local_part.to_uppercase());
        let email = format!("{local_part}@example.org");
        let refused = PasswordPolicy::default().check(&raw, Some(&email), None).unwrap_err();
        prop_assert!(refused.contains(&PasswordProblem::ContainsEmail));
    }
}

#[test]
fn words_of_the_service_do_not_count_towards_eight_characters() {
    let policy =
        PasswordPolicy::default().with_context_words(["Acme", "Acme Rockets", "ringfence"]);
    let is_refused = |raw: &str| match policy.check(raw, None, None) {
        Ok(_) => false,
        Err(problems) => {
            assert_eq!(problems, [PasswordProblem::ContextWords], "{raw}");
            true
        }
    };
    for raw in [
        "Acme2026!",
        "acme acme acme",
        "Acme Rockets",
        "1234Ringfence7!x",
        "ACMEringFENCE",
        "acme    1234567",
    ] {
        assert!(is_refused(raw), "{raw}");
    }
    // Whoever adds a password of their own to it has one; and without a word of ours nothing changes.
    for raw in ["acme12345678", "we like acme and its rockets", "acne2026!", "7 others"] {
        assert!(!is_refused(raw), "{raw}");
    }
    // What is left beside a word comes together to no other.
    assert!(!is_refused("acacmeme 123456"));
    let bare = PasswordPolicy::default();
    assert!(bare.check("Acme2026!", None, None).is_ok() && bare.context_words().is_empty());
}

#[test]
fn of_the_most_used_those_within_reach_are_counted() {
    let in_reach =
        |length| PasswordPolicy::new(length, Composition::None).unwrap().most_used_in_reach();
    assert_eq!([8, 9, 10, 15].map(in_reach), [8354, 3852, 1780, 48]);
}
