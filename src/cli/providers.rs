//! `ringfence providers`: what concerns the carriers of codes.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;

use crate::app::{self, Application};
use crate::config::{Environment, ProviderSettings, Settings};
use crate::database;
use crate::foundation::{Clock, PhoneNumber};
use crate::otp::providers::failure::FailureKind;
use crate::otp::providers::{infobip, plivo, sinch};
use crate::otp::{Channel, WebhookLinks};

use super::read_settings;

#[derive(Subcommand)]
pub(super) enum Providers {
    /// Print the address that each carrier is to call back at. The addresses are secrets.
    Webhooks,
    /// Ask each configured carrier whether it can be reached and takes our credentials. Without --to
    /// it sends nothing and costs nothing.
    Check {
        /// Also send one message to this number, in international form. It is paid for.
        #[arg(long, value_name = "NUMBER")]
        to: Option<String>,
        /// With --to: call instead of sending a text.
        #[arg(long, requires = "to")]
        call: bool,
    },
}

pub(super) async fn run(environment: &Environment, command: &Providers) -> anyhow::Result<()> {
    match command {
        Providers::Webhooks => webhooks(environment),
        Providers::Check { to, call } => {
            check(environment).await?;
            let channel = if *call { Channel::Call } else { Channel::Sms };
            match to {
                Some(number) => send_trial(environment, number, channel).await,
                None => Ok(()),
            }
        }
    }
}

async fn check(environment: &Environment) -> anyhow::Result<()> {
    let settings = read_settings(environment)?;
    // The port is of no matter: nobody is told an address.
    let base_url = settings.base_url(settings.port);
    let links = WebhookLinks::new(Arc::new(settings.keyring), &base_url)?;
    let (carriers, _) = app::carriers(settings.carriers, false, &links)?;
    let now = Clock::default().now();
    let mut refused = 0;
    for name in ProviderSettings::names() {
        let Some(carrier) = carriers.find(name) else {
            show(name, "not configured", "is not in VERIFICATION_PROVIDER")?;
            continue;
        };
        match carrier.provider().probe(now).await {
            Ok(()) => show(name, "accepted", "can be reached and takes our credentials")?,
            Err(failure) => {
                refused += 1;
                show(
                    name,
                    verdict(failure.kind()),
                    &format!("{:#}", anyhow::Error::from(failure)),
                )?;
            }
        }
    }
    anyhow::ensure!(
        refused == 0,
        "{refused} of the carriers in VERIFICATION_PROVIDER cannot be used"
    );
    Ok(())
}

/// Through the ledger and the budgets, like any other message.
async fn send_trial(
    environment: &Environment,
    number: &str,
    channel: Channel,
) -> anyhow::Result<()> {
    let number = PhoneNumber::parse(number, None).with_context(|| format!("--to {number}"))?;
    let (settings, _) = Settings::read(environment)?;
    let database = database::pool(settings.database.clone(), 1);
    database::require_current(&database).await?;
    let base_url = settings.base_url(settings.port);
    let application =
        Application::build(settings, database.clone(), Clock::default(), base_url).await?;
    let otp = &application.state.otp;
    let trial = otp.send_trial(&database, &number, channel).await?;
    let reference = trial.reference.as_deref().unwrap_or("none");
    show(
        trial.provider,
        "sent",
        &format!("{} to {number}, its id: {reference}", channel.as_str()),
    )?;
    Ok(())
}

fn verdict(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotSent | FailureKind::OutcomeUnknown => "unreachable",
        FailureKind::Unavailable | FailureKind::Capacity | FailureKind::Malformed => "out of order",
        _ => "refused",
    }
}

fn show(name: &str, verdict: &str, words: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{name:<8}  {verdict:<14}  {words}")
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
