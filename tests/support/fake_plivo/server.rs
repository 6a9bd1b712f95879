//! The socket: one hyper connection after another, so that an answer can also be a closed
//! connection, which no web framework offers.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::{Shared, routes};

/// Serves until the task is aborted; its connections end with it.
pub(super) async fn serve(listener: TcpListener, fake: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Without it small answers wait for the peer's acknowledgement.
        let _ = stream.set_nodelay(true);
        let fake = Arc::clone(&fake);
        connections.spawn(async move {
            let service = service_fn(|request| routes::answer(Arc::clone(&fake), request));
            // It fails where the client goes away, and where closing is what was planned.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}
