//! Logins: how many beside raw Argon2id, and what a flood of them does to everybody else and to
//! memory. The flood is counted while nobody else asks anything; what others feel of it is measured in
//! a phase of its own.

use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use ringfence::passwords::Argon2Cost;

use crate::connection::{self, Connection};
use crate::figures::{Pair, Row, Target, Unit, rate};
use crate::load::{Client, Phase, Repeat, drive};
use crate::process::Server;
use crate::world::World;

const CONNECTIONS: usize = 64;
const PROBES: usize = 4;
const ROUNDS: usize = 5;
const PHASE: Phase = Phase::of_seconds(4);
/// How long a probe rests between requests: it is to feel the flood, not to be one.
const PROBE_PAUSE: Duration = Duration::from_millis(2);
/// What each hashing thread may take: Argon2's 19 MiB and a little.
const THREAD_MIB: f64 = 20.0;
/// What 64 connections and the database's may take on top.
const FLOOD_MIB: f64 = 20.0;

pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let server = world.server().await?;
    let idle_mib = server.resident_mib();
    let mut flood = flood(world, &server).await?;
    let mut probes = probes(world, &server).await?;
    let (mut logins, mut latencies, mut peak_mib) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..ROUNDS {
        let hashes = tokio::task::spawn_blocking(|| raw_hashes(PHASE.measured)).await??;
        let idle = drive(&mut probes, PHASE).await?.p99();
        let alone = drive(&mut flood, PHASE).await?.per_second();
        logins.push(Pair { figure: alone, reference: hashes });
        let (flooded, flooding) = tokio::join!(drive(&mut probes, PHASE), drive(&mut flood, PHASE));
        flooding?;
        latencies.push(Pair { figure: flooded?.p99(), reference: idle });
        peak_mib = peak_mib.max(server.resident_mib().unwrap_or(f64::NAN));
    }
    let mut rows = vec![
        Row::new(
            ("login, 64 connections", "raw Argon2id, all cores"),
            Unit::PerSecond,
            Target::AtLeast(0.95),
            &logins,
        ),
        Row::new(
            ("GET /auth/session, p99 under the logins", "p99 without"),
            Unit::Milliseconds,
            Target::AtMost(5.0),
            &latencies,
        ),
    ];
    if let Some(idle_mib) = idle_mib {
        let allowed = idle_mib + THREAD_MIB * f64::from(u32::try_from(threads())?) + FLOOD_MIB;
        rows.push(Row::new(
            ("resident memory under the logins", "allowed: idle + 20 a thread + 20"),
            Unit::Mebibytes,
            Target::AtMost(1.0),
            &[Pair { figure: peak_mib, reference: allowed }],
        ));
    }
    Ok(rows)
}

async fn flood(world: &World, server: &Server) -> anyhow::Result<Vec<Repeat>> {
    let mut clients = Vec::new();
    for user in world.users.iter().take(CONNECTIONS) {
        let connection = Connection::open(server.address).await?;
        clients.push(Repeat { connection, request: user.login() });
    }
    Ok(clients)
}

/// Somebody who asks now and then what their token says.
struct Probe(Repeat);

impl Client for Probe {
    async fn act(&mut self) -> anyhow::Result<()> {
        self.0.act().await
    }

    async fn rest(&mut self) {
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}

async fn probes(world: &World, server: &Server) -> anyhow::Result<Vec<Probe>> {
    let mut clients = Vec::new();
    for user in world.users.iter().rev().take(PROBES) {
        let token = user.sign_in(server).await?;
        let address = user.address.ip().to_string();
        let request = connection::get("/api/v1/auth/session", &address, Some(&token));
        let connection = Connection::open(server.address).await?;
        clients.push(Probe(Repeat { connection, request }));
    }
    Ok(clients)
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Argon2id and nothing else: as many threads as the server has for it, at the same priority, with
/// the same parameters, in memory that is used again. Hashes a second.
fn raw_hashes(time: Duration) -> anyhow::Result<f64> {
    let until = Instant::now() + time;
    let hashing: Vec<_> =
        (0..threads()).map(|_| thread::spawn(move || hash_until(until))).collect();
    let mut hashes = 0;
    for thread in hashing {
        hashes += thread.join().map_err(|_| anyhow::anyhow!("a hashing thread panicked"))??;
    }
    Ok(rate(hashes, time))
}

fn hash_until(until: Instant) -> anyhow::Result<usize> {
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, 10)?;
    let cost = Argon2Cost::default();
    let params = Params::new(cost.memory_kib(), cost.iterations(), cost.parallelism(), Some(32))?;
    let mut blocks = vec![Block::new(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = [0; 32];
    let mut hashes = 0;
    while Instant::now() < until {
        argon2.hash_password_into_with_memory(b"a password", &[7; 16], &mut tag, &mut blocks)?;
        hashes += 1;
    }
    Ok(hashes)
}
