//! A stand-in for Sinch that runs by itself, for trying Ringfence without an account.
//!
//! Prints the settings that lead to it and every code that it "sends". Its control API
//! (`/_fake/codes`, `/_fake/requests`, `/_fake/mode`) has no credentials: keep it on loopback.

#![expect(clippy::print_stdout, reason = "the terminal is where this program shows its codes")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};

#[path = "../tests/support/fake_sinch/mod.rs"]
#[expect(dead_code, reason = "tests ask the fake for more than this program does")]
mod fake_sinch;

use fake_sinch::{AuthLevel, FakeConfig, FakeSinch, Mode, Operation, SentCode};

/// A stand-in for the Sinch Verification API.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4010)]
    port: u16,
    /// Key of the application
    #[arg(long, default_value_t = FakeConfig::default().app_key)]
    app_key: String,
    /// Secret of the application, base64
    #[arg(long, default_value_t = FakeConfig::default().app_secret)]
    app_secret: String,
    /// The least that a request must prove
    #[arg(long, value_enum, default_value_t = MinAuth::Basic)]
    min_auth: MinAuth,
    /// Digits in a code
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=10))]
    code_length: u8,
    /// A wrong code leaves the verification alive
    #[arg(long)]
    wrong_code_keeps: bool,
    /// How long every answer takes, in milliseconds
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// How an operation misbehaves, for instance start=error:503:50300; may be repeated
    #[arg(long, value_name = "OPERATION=MODE", value_parser = parse_mode)]
    mode: Vec<(Operation, Mode)>,
    /// Do not print codes
    #[arg(long)]
    quiet: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum MinAuth {
    Basic,
    Signed,
}

fn parse_mode(text: &str) -> Result<(Operation, Mode), String> {
    let (operation, mode) = text.split_once('=').ok_or("write OPERATION=MODE")?;
    let operation = operation.parse().map_err(|error| format!("{operation}: {error}"))?;
    let mode = mode.parse().map_err(|error| format!("{mode}: {error}"))?;
    Ok((operation, mode))
}

fn print_code(sent: &SentCode) {
    println!("{}  {:7}  {}", sent.number, sent.method, sent.code);
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let config = FakeConfig {
        address: SocketAddr::from((arguments.host, arguments.port)),
        app_key: arguments.app_key,
        app_secret: arguments.app_secret,
        min_auth: match arguments.min_auth {
            MinAuth::Basic => AuthLevel::Basic,
            MinAuth::Signed => AuthLevel::Signed,
        },
        code_length: usize::from(arguments.code_length),
        wrong_code_burns: !arguments.wrong_code_keeps,
        delay: Duration::from_millis(arguments.delay_ms),
        on_sent: if arguments.quiet { None } else { Some(Arc::new(print_code)) },
        ..FakeConfig::default()
    };
    let (app_key, app_secret) = (config.app_key.clone(), config.app_secret.clone());
    let fake = FakeSinch::start(config).await?;
    for (operation, mode) in arguments.mode {
        fake.set_mode(operation, mode);
    }
    println!("Sinch, or something like it, listens on {}\n", fake.base_url());
    println!("export VERIFICATION_PROVIDER=sinch");
    println!("export SINCH_BASE_URL={}", fake.base_url());
    println!("export SINCH_APP_KEY={app_key}");
    println!("export SINCH_APP_SECRET={app_secret}\n");
    fake.serve().await;
    Ok(())
}
