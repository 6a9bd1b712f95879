//! The simulator: attacks on the real server, in simulated time, with honest people among them.
//!
//! `examples/attack/main.rs` runs it at full size and `tests/attacks.rs` at a small one. Both include it
//! by `#[path]`.

mod agenda;
mod carrier;
mod codes;
mod enumeration;
#[path = "../../../tests/support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "tests of the adapter ask the fake for more")]
mod fake_plivo;
mod honest;
mod networks;
mod numbers;
mod people;
#[path = "../../../tests/support/postgres.rs"]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "made for tests: no database, no run"
)]
mod postgres;
mod proof;
mod pump;
mod random;
mod report;
pub(crate) mod scenarios;
mod stuffing;
mod world;

pub(crate) use report::{Row, markdown, table};
pub(crate) use scenarios::{Scenario, run};

/// What the server's guard over texts is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Guard {
    /// It refuses, as it does by default.
    On,
    /// It watches only.
    Record,
    /// There is none.
    Off,
}

impl Guard {
    /// The value of `GUARD`.
    fn setting(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Record => "record",
            Self::Off => "off",
        }
    }
}

/// How much of everything there is, in percent of the full size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale(u32);

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// What all chance comes from.
    pub(crate) seed: u64,
    /// How much of everything.
    pub(crate) scale: Scale,
    /// With the guard, or without.
    pub(crate) guard: Guard,
}

impl Scale {
    /// Everything.
    pub(crate) const FULL: Self = Self(100);
    /// Just enough to see each mechanism at work.
    pub(crate) const SMALL: Self = Self(3);

    /// Reads `full`, `small` or percents.
    ///
    /// # Errors
    /// It is none of them.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::FULL),
            "small" => Ok(Self::SMALL),
            percent => match percent.parse() {
                Ok(percent @ 1..=100) => Ok(Self(percent)),
                _ => Err("write full, small, or 1 to 100 for percents of the full size".to_owned()),
            },
        }
    }

    /// As a share of the full size.
    fn share(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Half as much.
    fn half(self) -> Self {
        Self((self.0 / 2).max(1))
    }

    /// So many instead of `full` ones; one at least.
    fn of(self, full: u32) -> u32 {
        (full * self.0 / 100).max(1)
    }
}
