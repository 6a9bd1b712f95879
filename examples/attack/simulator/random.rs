//! Chance that repeats: the same seed, the same people and the same attack.
//!
//! `SplitMix64` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014):
//! good enough to draw people from, and no secret comes from it.

use chrono::TimeDelta;

/// A stream of numbers.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// The stream of that seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for another actor.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Any number.
    pub(crate) fn any(&mut self) -> u32 {
        let [a, b, c, d, ..] = self.next().to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// A number below `bound`; 0 where that is 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from((u64::from(self.any()) * u64::from(bound)) >> 32).unwrap_or(0)
    }

    /// `true` in so many of a hundred cases.
    pub(crate) fn percent(&mut self, of_a_hundred: u32) -> bool {
        self.below(100) < of_a_hundred
    }

    /// `true` in so many of a thousand cases.
    pub(crate) fn per_mille(&mut self, of_a_thousand: u32) -> bool {
        self.below(1000) < of_a_thousand
    }

    /// One of `things`, of which there is at least one.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let at = self.below(u32::try_from(things.len()).unwrap_or(u32::MAX));
        &things[at as usize]
    }

    /// So many digits.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        (0..count).filter_map(|_| char::from_digit(self.below(10), 10)).collect()
    }

    /// A time between the two, to the second.
    pub(crate) fn seconds(&mut self, least: u32, most: u32) -> TimeDelta {
        TimeDelta::seconds(i64::from(least + self.below(most.saturating_sub(least) + 1)))
    }

    /// A time before `end`, to the millisecond.
    pub(crate) fn moment_before(&mut self, end: TimeDelta) -> TimeDelta {
        let milliseconds =
            u128::from(self.next()) * u128::from(end.num_milliseconds().unsigned_abs());
        TimeDelta::milliseconds(i64::try_from(milliseconds >> 64).unwrap_or(0))
    }
}
