//! A stand-in for Infobip that runs by itself, for trying Ringfence without an account.
//!
//! Prints the settings that lead to it and every PIN that it "sends". Its control API
//! (`/_fake/codes`, `/_fake/requests`, `/_fake/mode`) has no credentials: keep it on loopback.

#![expect(clippy::print_stdout, reason = "the terminal is where this program shows its codes")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Parser;

#[path = "../tests/support/fake_infobip/mod.rs"]
#[expect(dead_code, reason = "tests ask the fake for more than this program does")]
mod fake_infobip;

use fake_infobip::{FakeConfig, FakeInfobip, Mode, Operation, SentPin};

/// A stand-in for the Infobip 2FA API.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4011)]
    port: u16,
    /// API key of the account
    #[arg(long, default_value_t = FakeConfig::default().api_key)]
    api_key: String,
    /// Id of the 2FA application
    #[arg(long, default_value_t = FakeConfig::default().application_id)]
    application_id: String,
    /// Id of its message template
    #[arg(long, default_value_t = FakeConfig::default().message_id)]
    message_id: String,
    /// Digits in a PIN
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=10))]
    pin_length: u8,
    /// Wrong PINs that a verification bears
    #[arg(long, default_value_t = FakeConfig::default().pin_attempts)]
    pin_attempts: u32,
    /// How long a PIN counts, in seconds
    #[arg(long, default_value_t = 900)]
    pin_ttl_seconds: u32,
    /// A right PIN counts once only
    #[arg(long)]
    single_verification: bool,
    /// How long every answer takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// How an operation misbehaves, for instance verify=html:502; may be repeated
    #[arg(long, value_name = "OPERATION=MODE", value_parser = parse_mode)]
    mode: Vec<(Operation, Mode)>,
    /// Do not print PINs
    #[arg(long)]
    quiet: bool,
}

fn parse_mode(text: &str) -> Result<(Operation, Mode), String> {
    let (operation, mode) = text.split_once('=').ok_or("write OPERATION=MODE")?;
    let operation = operation.parse().map_err(|error| format!("{operation}: {error}"))?;
    let mode = mode.parse().map_err(|error| format!("{mode}: {error}"))?;
    Ok((operation, mode))
}

fn print_pin(sent: &SentPin) {
    println!("+{}  {:5}  {}", sent.number, sent.channel, sent.code);
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let config = FakeConfig {
        address: SocketAddr::from((arguments.host, arguments.port)),
        api_key: arguments.api_key,
        application_id: arguments.application_id,
        message_id: arguments.message_id,
        pin_length: usize::from(arguments.pin_length),
        pin_attempts: arguments.pin_attempts,
        pin_time_to_live: TimeDelta::seconds(arguments.pin_ttl_seconds.into()),
        allow_multiple_pin_verifications: !arguments.single_verification,
        delay: Duration::from_millis(arguments.delay_ms),
        on_sent: if arguments.quiet { None } else { Some(Arc::new(print_pin)) },
        ..FakeConfig::default()
    };
    let FakeConfig { api_key, application_id, message_id, .. } = config.clone();
    let fake = FakeInfobip::start(config).await?;
    for (operation, mode) in arguments.mode {
        fake.set_mode(operation, mode);
    }
    println!("Infobip, or something like it, listens on {}\n", fake.base_url());
    println!("export VERIFICATION_PROVIDER=infobip");
    println!("export INFOBIP_BASE_URL={}", fake.base_url());
    println!("export INFOBIP_API_KEY={api_key}");
    println!("export INFOBIP_2FA_APP_ID={application_id}");
    println!("export INFOBIP_2FA_MSG_ID={message_id}\n");
    fake.serve().await;
    Ok(())
}
