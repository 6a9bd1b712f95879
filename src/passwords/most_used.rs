//! The list of the passwords that people choose most, compiled in and searched where it lies.
//!
//! Owns the search. The list, its licence and the way to make it again are in `data/`. Never builds a copy on the
//! heap.

use std::cmp::Ordering;

/// One entry a line, in the form of [`super::password::fold`], sorted bytewise.
const LIST: &str = include_str!("../../data/common-passwords.txt");

/// Whether `folded` (see [`super::password::fold`]) is on the list.
pub(super) fn is_most_used(folded: &str) -> bool {
    has_line(LIST, folded)
}

/// How many entries have at least `length` code points.
pub(super) fn most_used_of_at_least(length: usize) -> usize {
    LIST.lines().filter(|entry| entry.chars().count() >= length).count()
}

/// Binary search among the lines of `sorted`: a probe lands inside a line and widens to all of it.
fn has_line(sorted: &str, wanted: &str) -> bool {
    let text = sorted.as_bytes();
    // Both always stand where a line begins, or behind the last one.
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start =
            text[low..middle].iter().rposition(|&b| b == b'\n').map_or(low, |at| low + at + 1);
        let end =
            text[middle..high].iter().position(|&b| b == b'\n').map_or(high, |at| middle + at);
        match text[start..end].cmp(wanted.as_bytes()) {
            Ordering::Less => low = end + 1,
            Ordering::Greater => high = start,
            Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_search_finds_exactly_what_is_there(
            lines in proptest::collection::btree_set("[a-cé]{1,4}", 0..30),
            wanted in "[a-cé]{0,4}",
            ends_with_newline: bool,
        ) {
            let mut text = lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
            if ends_with_newline && !lines.is_empty() {
                text.push('\n');
            }
            prop_assert_eq!(has_line(&text, &wanted), lines.contains(&wanted));
            for line in &lines {
                prop_assert!(has_line(&text, line));
            }
        }
    }

    #[test]
    fn the_list_is_sorted_unique_and_long() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() >= 10_000, "{} entries", lines.len());
        assert!(lines.is_sorted_by(|a, b| a.as_bytes() < b.as_bytes()));
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
        assert!(LIST.ends_with('\n') && !LIST.contains('\r') && !lines.contains(&""));
    }

    #[test]
    fn every_entry_is_in_the_form_that_is_compared_and_is_found() {
        for line in LIST.lines() {
            assert_eq!(super::super::password::fold(line).as_str(), line);
            assert!(is_most_used(line), "{line}");
        }
    }

    #[test]
    fn a_word_between_entries_is_not_found() {
        for absent in ["", "\n", "passwor", "password\n123456", "zzzzzzzzzzzzzzz", "\u{10ffff}"] {
            assert!(!is_most_used(absent), "{absent:?}");
        }
    }
}
