//! The command line: one file for each command.

mod adopt;
mod audit;
mod banner;
mod config;
mod dev;
pub mod doctor;
mod email;
pub mod erasure;
mod guard;
mod keys;
mod migrate;
mod openapi;
mod providers;
mod scrape;
mod secrets;
mod serve;
mod sms;
pub mod users;

use std::path::Path;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{DEFAULT_LOG_LEVEL, Environment, InForce, Settings};
use crate::foundation::{Clock, Entropy};
use crate::observability::{LogFormat, spans, start_logging};

/// A self-hosted, phone-verified auth server.
#[derive(Parser)]
#[command(name = "ringfence", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, with settings from the environment.
    Serve,
    /// Serve on this machine without any settings: private PostgreSQL, codes in the terminal, demo
    /// page. What runs where no command is given.
    Dev,
    /// Bring the database's schema up to date, or show how it stands.
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// The keys that sign access tokens: list them, have a new one.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Look at the guard against codes that are asked for to be paid for.
    #[command(subcommand)]
    Guard(guard::Guard),
    /// What is kept under which key of `SECRET_KEY`: look at it, write it under the first.
    #[command(subcommand)]
    Secrets(secrets::Secrets),
    /// Look at the messages that were sent.
    #[command(subcommand)]
    Sms(sms::Sms),
    /// Look after the people who have accounts, and bring them over from another system.
    #[command(subcommand)]
    Users(users::Users),
    /// Bring the people over from the database of an application that Ringfence takes the place of.
    Adopt(adopt::Arguments),
    /// The audit log: read it, verify it, look after its months.
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Print the settings in force, secrets masked.
    Config,
    /// What concerns the carriers of codes.
    #[command(subcommand)]
    Providers(providers::Providers),
    /// Hold settings and database against OWASP ASVS 5.0, NIST SP 800-63B-4 and RFC 8725: what holds, what
    /// does not, and the mend. Ends with 1 unless every applicable line holds.
    Doctor(doctor::Arguments),
    /// What concerns the server that e-mails go to.
    #[command(subcommand)]
    Email(email::Email),
    /// Print the document of the API (OpenAPI 3.1).
    Openapi,
}

/// Runs the command that the arguments name.
pub fn run() -> anyhow::Result<()> {
    let command = Arguments::parse().command.unwrap_or(Command::Dev);
    let mut environment = Environment::of_process();
    if !environment.is_production() {
        environment = environment.with_dotenv(Path::new(".env"))?;
    }
    if let Command::Openapi = command {
        return openapi::run();
    }
    let format = match command {
        Command::Serve => LogFormat::Json,
        _ => LogFormat::Pretty,
    };
    // The log is wanted before all settings are read, and spans are noted beside it.
    let is_wanted = matches!(command, Command::Serve | Command::Dev) && environment.is_traced();
    let traces = is_wanted.then(|| spans(Clock::default(), Entropy::default()));
    let (sink, queue) = traces.unzip();
    start_logging(log_filter(&environment), format, sink);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => Box::pin(serve::run(&environment, queue)).await,
            Command::Dev => Box::pin(dev::run(environment, queue)).await,
            Command::Migrate(migrate) => migrate::run(&environment, migrate).await,
            Command::Keys(keys) => keys::run(&environment, keys).await,
            Command::Guard(command) => guard::run(&environment, command).await,
            Command::Secrets(secrets) => secrets::run(&environment, secrets).await,
            Command::Sms(sms) => sms::run(&environment, sms).await,
            Command::Users(users) => users::run(&environment, users).await,
            Command::Adopt(arguments) => adopt::run(&environment, &arguments).await,
            Command::Audit(audit) => audit::run(&environment, audit).await,
            Command::Config => config::run(&environment),
            Command::Providers(providers) => providers::run(&environment, &providers).await,
            Command::Doctor(arguments) => doctor::run(&environment, &arguments).await,
            Command::Email(email) => email::run(&environment, &email).await,
            Command::Openapi => openapi::run(),
        }
    })
}

/// `LOG_LEVEL`. A wrong one is complained about with all other settings; until then the default
/// does.
fn log_filter(environment: &Environment) -> EnvFilter {
    let filter = environment.log_level().and_then(|level| EnvFilter::try_new(level).ok());
    filter.unwrap_or_else(|| EnvFilter::new(DEFAULT_LOG_LEVEL))
}

/// The settings; names in `.env` that nobody reads are warned about.
fn read_settings(environment: &Environment) -> anyhow::Result<Settings> {
    let (settings, InForce { unread, .. }) = Settings::read(environment)?;
    for name in unread {
        tracing::warn!(name, "nobody reads this name of .env; is it spelt right?");
    }
    Ok(settings)
}
