//! What all measurements share: the database, its people, and how to have a server on it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use ringfence::database::private_postgres::{Durability, PrivatePostgres, Settings};
use ringfence::database::{MIGRATOR, pool};
use ringfence::foundation::{ClientAddress, Clock, EmailAddress, Entropy, PhoneNumber, UserId};
use ringfence::passwords::{Argon2Cost, Hasher, Password, PoolSize};
use ringfence::users::{self, NewUser, PhcString};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use crate::connection::{self, Connection};
use crate::process::{Carrier, Helper, Role, Server, ServerSettings};

/// Connections to the database, of a server as of the bare clients.
pub(crate) const POOL_SIZE: u32 = 10;

const DATABASE: &str = "bench";
/// So many that no user's sliding windows grow beyond what they do in real life.
const USERS: u32 = 2000;
const PASSWORD: &str = "correct horse battery staple";

/// A migrated database with verified users in it, flushed to disk at each commit.
pub(crate) struct World {
    pub(crate) database: PgPool,
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) clock: Clock,
    pub(crate) entropy: Entropy,
    postgres: PrivatePostgres,
    provider: Helper,
    directory: Directory,
}

/// Somebody with the password and an address of their own.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) number: PhoneNumber,
    pub(crate) address: ClientAddress,
    email: String,
}

impl World {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let directory = Directory::make()?;
        let settings = Settings::new(directory.0.join("postgres"), Durability::Durable);
        let started = tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings));
        let postgres = started.await??;
        postgres.create_database(DATABASE).await?;
        let database = pool(postgres.connect_options(DATABASE), POOL_SIZE);
        MIGRATOR.run(&database).await?;
        let provider = Helper::start(Role::Provider(Duration::ZERO)).await?;
        let (clock, entropy) = (Clock::default(), Entropy::default());
        let users = insert_users(&database, &clock, &entropy).await?;
        Ok(Self { database, users, clock, entropy, postgres, provider, directory })
    }

    /// A server with the usual pool and a provider that answers at once.
    pub(crate) async fn server(&self) -> anyhow::Result<Server> {
        self.server_with(POOL_SIZE, Carrier::Sinch(self.provider.address)).await
    }

    pub(crate) async fn server_with(
        &self,
        pool_size: u32,
        carrier: Carrier,
    ) -> anyhow::Result<Server> {
        self.server_on(DATABASE, pool_size, carrier, None).await
    }

    /// A server whose shared limits are those that everybody has.
    pub(crate) async fn strict_server(&self) -> anyhow::Result<Server> {
        let settings = ServerSettings {
            database_url: &self.postgres.url(DATABASE),
            pool_size: POOL_SIZE,
            carrier: Carrier::Sinch(self.provider.address),
            redis_url: None,
            is_strict: true,
            directory: self.directory.path(),
        };
        Server::start(&settings).await
    }

    /// With codes in Redis.
    pub(crate) async fn server_on_redis(
        &self,
        pool_size: u32,
        carrier: Carrier,
        redis_url: &str,
    ) -> anyhow::Result<Server> {
        self.server_on(DATABASE, pool_size, carrier, Some(redis_url)).await
    }

    /// A server with the usual settings on [another database](Self::another_database).
    pub(crate) async fn server_on_another(&self, database: &str) -> anyhow::Result<Server> {
        self.server_on(database, POOL_SIZE, Carrier::Sinch(self.provider.address), None).await
    }

    async fn server_on(
        &self,
        database: &str,
        pool_size: u32,
        carrier: Carrier,
        redis_url: Option<&str>,
    ) -> anyhow::Result<Server> {
        let settings = ServerSettings {
            database_url: &self.postgres.url(database),
            pool_size,
            carrier,
            redis_url,
            is_strict: false,
            directory: self.directory.path(),
        };
        Server::start(&settings).await
    }

    /// Another database on the same PostgreSQL, with the current schema and nothing in it.
    pub(crate) async fn another_database(
        &self,
        name: &str,
        pool_size: u32,
    ) -> anyhow::Result<PgPool> {
        self.postgres.create_database(name).await?;
        let database = pool(self.postgres.connect_options(name), pool_size);
        MIGRATOR.run(&database).await?;
        Ok(database)
    }

    /// How a program reaches one of the databases.
    pub(crate) fn url(&self, name: &str) -> String {
        self.postgres.url(name)
    }

    /// Where files may be written.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// How a bare client reaches the database.
    pub(crate) fn connect_options(&self) -> PgConnectOptions {
        self.postgres.connect_options(DATABASE)
    }

    /// Stops what was started and removes what was written.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        let Self { database, postgres, provider, directory, .. } = self;
        drop(provider);
        database.close().await;
        let data = postgres.directory().to_owned();
        tokio::task::spawn_blocking(|| postgres.stop()).await??;
        // Not below our directory where PostgreSQL runs as a user who cannot get there.
        if data.exists() && !data.starts_with(directory.path()) {
            std::fs::remove_dir_all(data)?;
        }
        Ok(())
    }
}

impl User {
    /// The request that logs this user in.
    pub(crate) fn login(&self) -> Vec<u8> {
        login(&self.email, &self.address.ip().to_string())
    }

    /// Logs in and returns the access token.
    pub(crate) async fn sign_in(&self, server: &Server) -> anyhow::Result<String> {
        self.sign_in_for(server, "token").await
    }

    /// Logs in and returns the member of the answer that holds a token.
    pub(crate) async fn sign_in_for(
        &self,
        server: &Server,
        member: &str,
    ) -> anyhow::Result<String> {
        let mut connection = Connection::open(server.address).await?;
        let answer: serde_json::Value =
            serde_json::from_slice(connection.succeed(&self.login()).await?)?;
        Ok(answer[member].as_str().context("the login gave no token")?.to_owned())
    }
}

/// The request that logs in whoever has that e-mail address and everybody's password.
pub(crate) fn login(email: &str, address: &str) -> Vec<u8> {
    let body = json!({ "email": email, "password": PASSWORD });
    connection::post("/api/v1/auth/login", address, &body)
}

async fn insert_users(
    database: &PgPool,
    clock: &Clock,
    entropy: &Entropy,
) -> anyhow::Result<Vec<Arc<User>>> {
    let cost = Argon2Cost::default();
    let hasher = Hasher::start(cost, PoolSize::for_this_machine(cost))?;
    let hash = hasher.hash(Password::for_login(PASSWORD)?, entropy.bytes()?).await?;
    let password_hash = PhcString::from(hash.to_phc());
    let mut transaction = database.begin().await?;
    let mut inserted = Vec::new();
    for place in 0..USERS {
        let email = EmailAddress::parse(&format!("user-{place}@example.com"))?;
        let number = format!("+4670{place:07}");
        let number = PhoneNumber::from_e164(&number).context("no number")?;
        let now = clock.now();
        let new = NewUser {
            id: UserId::new(now, entropy)?,
            email: &email,
            phone_number: Some(&number),
            password_hash: &password_hash,
            password_expires_at: None,
            locale: None,
            created_at: now,
        };
        users::insert(&mut *transaction, &new).await?;
        users::verify_phone(&mut transaction, new.id, &number, now).await?;
        let address = Ipv4Addr::from_bits(Ipv4Addr::new(10, 0, 0, 1).to_bits() + place);
        let address = ClientAddress::new(IpAddr::from(address));
        let email = email.as_str().to_owned();
        inserted.push(Arc::new(User { id: new.id, email, number, address }));
    }
    transaction.commit().await?;
    Ok(inserted)
}

/// A temporary directory, removed when this is dropped.
struct Directory(PathBuf);

impl Directory {
    fn make() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("ringfence-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left behind is a few megabytes of the system's own temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
