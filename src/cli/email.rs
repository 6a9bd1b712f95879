//! `ringfence email`: what concerns the server that e-mails go to.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;

use crate::config::Environment;
use crate::emails::Emails;
use crate::foundation::{Clock, EmailAddress, Entropy};

use super::read_settings;

#[derive(Subcommand)]
pub(super) enum Email {
    /// Connect to the mail server and say who we are. Without --to it sends nothing.
    Check {
        /// Also send one e-mail to this address.
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
    },
}

pub(super) async fn run(environment: &Environment, command: &Email) -> anyhow::Result<()> {
    let Email::Check { to } = command;
    let to = to.as_deref().map(|to| EmailAddress::parse(to).with_context(|| format!("--to {to}")));
    let to = to.transpose()?;
    let settings = read_settings(environment)?;
    // The port is of no matter: nobody is told an address.
    let base_url = settings.base_url(settings.port);
    let server = settings.email.as_ref().map(|email| email.server.name());
    let server = server.context("SMTP_URL: is not set, so no e-mails are sent")?;
    let clock = Clock::default();
    let emails = Emails::new(
        settings.email,
        Arc::new(settings.keyring),
        base_url,
        clock.clone(),
        Entropy::default(),
    )?;
    emails.probe().await?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{server}  accepted  can be reached and lets us in")?;
    if let Some(to) = to {
        let id = emails.send_trial(to.as_str(), clock.now()).await?;
        writeln!(out, "{server}  sent      to {}, its id: {id}", to.as_str())?;
    }
    Ok(())
}
