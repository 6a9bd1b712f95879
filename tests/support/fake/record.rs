//! Records that do not grow without end, and the chance for ids and codes.

use std::collections::VecDeque;

/// The most requests of a kind that are remembered.
const MAX_RECORDS: usize = 10_000;

pub(crate) fn push_bounded<T>(records: &mut VecDeque<T>, record: T) {
    if records.len() == MAX_RECORDS {
        records.pop_front();
    }
    records.push_back(record);
}

/// A code of `length` digits, 10 at most.
pub(crate) fn draw_digits(length: usize) -> String {
    draw::<10>().iter().take(length).map(|byte| char::from(b'0' + byte % 10)).collect()
}

/// Bytes that nobody has to be unable to guess, but that should not repeat either.
pub(crate) fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without entropy all codes are zeros, which a test would notice.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}
