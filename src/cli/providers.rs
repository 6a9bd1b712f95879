//! `ringfence providers`: what concerns the carriers of codes.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;

use crate::config::{Environment, Settings};
use crate::otp::WebhookLinks;
use crate::otp::providers::{infobip, plivo, sinch};

#[derive(Subcommand)]
pub(super) enum Providers {
    /// Print the address that each carrier is to call back at. The addresses are secrets.
    Webhooks,
}

pub(super) fn run(environment: &Environment, command: &Providers) -> anyhow::Result<()> {
    match command {
        Providers::Webhooks => webhooks(environment),
    }
}

fn webhooks(environment: &Environment) -> anyhow::Result<()> {
    let (keyring, base_url) = Settings::read_webhooks(environment)?;
    let base_url =
        base_url.context("BASE_URL: is required, since carriers must reach the server")?;
    let links = WebhookLinks::new(Arc::new(keyring), &base_url)?;
    let mut out = std::io::stdout().lock();
    for provider in [sinch::NAME, infobip::NAME, plivo::NAME] {
        writeln!(out, "{provider:<8} {}", links.report_url(provider))?;
    }
    if !links.is_public() {
        writeln!(out, "# no carrier can reach this BASE_URL: https at a public host is wanted")?;
    }
    Ok(())
}
