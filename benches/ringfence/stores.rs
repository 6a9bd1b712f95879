//! The two stores of codes side by side: rounds of our own codes with Redis, and with PostgreSQL.

use crate::codes::{PHASE, ROUNDS, TICKETS, Tickets, clients};
use crate::figures::{Pair, Row, Target, Unit};
use crate::load::drive;
use crate::phones::Phones;
use crate::process::{Carrier, Helper, Role};
use crate::redis_server::{INSTALL, RedisServer, program};
use crate::world::{POOL_SIZE, World};

/// The same rounds on two servers that differ in `REDIS_URL` only. What is written to the disk is in
/// PostgreSQL with either, so that neither can be far from the other.
pub(crate) async fn measure(world: &World) -> anyhow::Result<Vec<Row>> {
    let Some(program) = program() else {
        println!("not measured: {INSTALL}");
        return Ok(Vec::new());
    };
    let redis = RedisServer::start(program).await;
    let plivo = Helper::start(Role::Texts).await?;
    let carrier = Carrier::Plivo(plivo.address);
    let on_redis = world.server_on_redis(POOL_SIZE, carrier, &redis.url(0)).await?;
    let on_postgres = world.server_with(POOL_SIZE, carrier).await?;
    let phones = Phones::of(plivo);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut rates = [0.0; 2];
        for (rate, server) in rates.iter_mut().zip([&on_postgres, &on_redis]) {
            let tickets = Tickets::issue(world, TICKETS).await?;
            let mut clients = clients(server, &tickets, Some(&phones)).await?;
            *rate = drive(&mut clients, PHASE).await?.per_second();
        }
        let [reference, figure] = rates;
        rounds.push(Pair { figure, reference });
    }
    let names = ("own codes in Redis, 32 connections", "the same in PostgreSQL");
    Ok(vec![Row::new(names, Unit::PerSecond, Target::AtLeast(0.8), &rounds)])
}
