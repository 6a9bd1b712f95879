//! `ringfence config`: the settings in force, secrets masked.

use std::io::Write as _;

use crate::config::{Environment, Settings};

pub(super) fn run(environment: &Environment) -> anyhow::Result<()> {
    let (_, in_force) = Settings::read(environment)?;
    let mut out = std::io::stdout().lock();
    for (name, value) in &in_force.values {
        writeln!(out, "{name}={value}")?;
    }
    for name in &in_force.unread {
        writeln!(out, "# nobody reads {name}; is it spelt right?")?;
    }
    Ok(())
}
