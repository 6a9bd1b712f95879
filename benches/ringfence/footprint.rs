//! How long a server takes to start, and how much memory it wants before it has done anything.

use std::time::Duration;

use crate::figures::{Pair, Row, Target, Unit, milliseconds};
use crate::world::World;

const STARTS: usize = 9;
/// A container is ready before a load balancer asks twice.
const READY_WITHIN_MS: f64 = 300.0;
const IDLE_MIB: f64 = 25.0;
/// After this nothing is under way that belongs to the start.
const SETTLE: Duration = Duration::from_millis(300);

pub(crate) async fn start(world: &World) -> anyhow::Result<Vec<Row>> {
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let server = world.server().await?;
        let time = milliseconds(server.start_took);
        times.push(Pair { figure: time, reference: READY_WITHIN_MS });
        tokio::time::sleep(SETTLE).await;
        let resident = server.resident_mib();
        memory.extend(resident.map(|figure| Pair { figure, reference: IDLE_MIB }));
    }
    let names = ("start to ready", "allowed");
    let mut rows = vec![Row::new(names, Unit::Milliseconds, Target::AtMost(1.0), &times)];
    if !memory.is_empty() {
        let names = ("resident memory, idle", "allowed");
        rows.push(Row::new(names, Unit::Mebibytes, Target::AtMost(1.0), &memory));
    }
    Ok(rows)
}
