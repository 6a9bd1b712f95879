//! A stand-in for Plivo that runs by itself, for trying Ringfence without an account.
//!
//! Prints the settings that lead to it and every text that it "sends". Its control API
//! (`/_fake/messages`, `/_fake/mode`) has no credentials: keep it on loopback.

#![expect(clippy::print_stdout, reason = "the terminal is where this program shows its texts")]

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use clap::Parser;

#[path = "../tests/support/fake_plivo/mod.rs"]
#[expect(dead_code, reason = "tests ask the fake for more than this program does")]
mod fake_plivo;

use fake_plivo::{FakeConfig, FakePlivo, Mode, SentMessage};

/// A stand-in for Plivo's API.
#[derive(Parser)]
struct Arguments {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 4040)]
    port: u16,
    /// Auth id of the account
    #[arg(long, default_value_t = FakeConfig::default().auth_id)]
    auth_id: String,
    /// Auth token of the account
    #[arg(long, default_value_t = FakeConfig::default().auth_token)]
    auth_token: String,
    /// Number of the account, without a plus sign
    #[arg(long, default_value_t = FakeConfig::default().phone_number)]
    phone_number: String,
    /// How requests are treated, for instance html:503
    #[arg(long, default_value = "normal")]
    mode: Mode,
    /// Do not print texts
    #[arg(long)]
    quiet: bool,
}

fn print_message(sent: &SentMessage) {
    println!("+{}  {}", sent.dst, sent.text);
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let config = FakeConfig {
        address: SocketAddr::from((arguments.host, arguments.port)),
        auth_id: arguments.auth_id,
        auth_token: arguments.auth_token,
        phone_number: arguments.phone_number,
        on_sent: if arguments.quiet { None } else { Some(Arc::new(print_message)) },
    };
    let FakeConfig { auth_id, auth_token, phone_number, .. } = config.clone();
    let fake = FakePlivo::start(config).await?;
    fake.set_mode(arguments.mode);
    println!("Plivo, or something like it, listens on {}\n", fake.base_url());
    println!("export VERIFICATION_PROVIDER=plivo");
    println!("export PLIVO_BASE_URL={}", fake.base_url());
    println!("export PLIVO_AUTH_ID={auth_id}");
    println!("export PLIVO_AUTH_TOKEN={auth_token}");
    println!("export PLIVO_PHONE_NUMBER=+{phone_number}\n");
    fake.serve().await;
    Ok(())
}
