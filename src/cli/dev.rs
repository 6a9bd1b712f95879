//! `ringfence dev`: everything on this machine, without any settings.

use std::path::Path;

use anyhow::Context as _;
use tracing::warn;

use crate::config::Environment;
use crate::foundation::Entropy;
use crate::observability::SpanQueue;

use super::{banner, read_settings, serve};

/// Where the database and the key of a developer's machine live.
const DIRECTORY: &str = ".ringfence";

pub(super) async fn run(
    mut environment: Environment,
    spans: Option<SpanQueue>,
) -> anyhow::Result<()> {
    anyhow::ensure!(
        !environment.is_production(),
        "dev shows codes to everybody and refuses to run with APP_ENV=production; \
         use: ringfence serve"
    );
    for (name, value) in
        [("APP_ENV", "development"), ("VERIFICATION_PROVIDER", "console"), ("AUTO_MIGRATE", "true")]
    {
        environment.set_default(name, value);
    }
    if !environment.has("SECRET_KEY") {
        environment.set_default("SECRET_KEY", secret_key(Path::new(DIRECTORY))?);
    }
    let private = private_database(&mut environment).await?;
    let settings = read_settings(&environment)?;
    if !settings.host.is_loopback() {
        warn!(host = %settings.host, "everybody who reaches this address can read every code");
    }
    let psql = private.as_ref().map(PrivateDatabase::url);
    let served = serve::serve(settings, spans, |address, base_url| {
        banner::print(address, base_url, psql.as_deref());
    })
    .await;
    if let Some(private) = private {
        private.stop().await?;
    }
    served
}

/// A key made once and kept, so that a second start reads what the first one wrote.
fn secret_key(directory: &Path) -> anyhow::Result<String> {
    use base64::Engine as _;
    let path = directory.join("secret_key");
    if let Ok(key) = std::fs::read_to_string(&path) {
        return Ok(key.trim().to_owned());
    }
    let key = base64::engine::general_purpose::STANDARD.encode(Entropy::default().bytes::<32>()?);
    std::fs::create_dir_all(directory)
        .and_then(|()| write_private(&path, &key))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(key)
}

fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content.as_bytes())
}

#[cfg(all(unix, feature = "private-postgres"))]
use with_private_postgres::{PrivateDatabase, private_database};
#[cfg(not(all(unix, feature = "private-postgres")))]
use without_private_postgres::{PrivateDatabase, private_database};

#[cfg(all(unix, feature = "private-postgres"))]
mod with_private_postgres {
    use std::path::Path;

    use anyhow::Context as _;
    use tracing::info;

    use crate::config::Environment;
    use crate::database::private_postgres::{Durability, PrivatePostgres, Settings};

    use super::DIRECTORY;

    const DATABASE: &str = "ringfence";

    pub(super) struct PrivateDatabase(PrivatePostgres);

    /// Starts a PostgreSQL of our own unless the settings name one.
    pub(super) async fn private_database(
        environment: &mut Environment,
    ) -> anyhow::Result<Option<PrivateDatabase>> {
        if environment.has("DATABASE_URL") || environment.has("DB_HOST") {
            return Ok(None);
        }
        info!("starting a private PostgreSQL in {DIRECTORY}/postgres");
        let settings = Settings::new(Path::new(DIRECTORY).join("postgres"), Durability::Durable);
        let postgres = tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings))
            .await
            .context("starting PostgreSQL was interrupted")??;
        postgres.create_database(DATABASE).await?;
        environment.set_default("DATABASE_URL", postgres.url(DATABASE));
        Ok(Some(PrivateDatabase(postgres)))
    }

    impl PrivateDatabase {
        pub(super) fn url(&self) -> String {
            self.0.url(DATABASE)
        }

        pub(super) async fn stop(self) -> anyhow::Result<()> {
            tokio::task::spawn_blocking(|| self.0.stop()).await??;
            Ok(())
        }
    }
}

#[cfg(not(all(unix, feature = "private-postgres")))]
mod without_private_postgres {
    use crate::config::Environment;

    pub(super) enum PrivateDatabase {}

    /// Built without a PostgreSQL of our own: the settings must name one.
    pub(super) async fn private_database(
        environment: &mut Environment,
    ) -> anyhow::Result<Option<PrivateDatabase>> {
        anyhow::ensure!(
            environment.has("DATABASE_URL") || environment.has("DB_HOST"),
            "this build brings no PostgreSQL of its own; set DATABASE_URL"
        );
        Ok(None)
    }

    impl PrivateDatabase {
        pub(super) fn url(&self) -> String {
            match *self {}
        }

        #[expect(clippy::unused_async, reason = "the other build's does wait")]
        pub(super) async fn stop(self) -> anyhow::Result<()> {
            match self {}
        }
    }
}
