//! Taking connections: HTTP/1.1 with a bound on how long a client may dawdle over its headers, and a
//! stop that lets requests under way finish.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt as _;
use tracing::{debug, warn};

/// From the first byte (or the end of the answer before) to the end of the headers. Also how long
/// an idle connection is kept.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(30);
/// Each takes a file descriptor and some 10 KiB. Further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 4096;
/// Request line and headers together; ours are below 4 KiB. The library's default of 400 KiB for
/// each connection is an invitation.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// How long to wait where a connection could not be taken, most likely for want of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(500);

/// Serves `router` until `stop` completes, then finishes the requests under way.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = std::pin::pin!(stop);
    loop {
        let taken = tokio::select! {
            taken = take(&listener, &room) => taken,
            () = &mut stop => break,
        };
        match taken {
            Ok((stream, peer, permit)) => {
                tokio::spawn(converse(stream, peer, router.clone(), connections.watcher(), permit));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
    // Refuses newcomers at once instead of leaving them in the queue.
    drop(listener);
    connections.shutdown().await;
}

type Taken = (TcpStream, SocketAddr, OwnedSemaphorePermit);

async fn take(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<Taken> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Answers are small: waiting to fill a segment would only make them late. Where it cannot be
    // set, late is good enough.
    let _ = stream.set_nodelay(true);
    Ok((stream, peer, permit))
}

/// Whether the client was gone before it was taken: no reason to make others wait.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// One connection, from its first request to its last.
async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    watcher: Watcher,
    _permit: OwnedSemaphorePermit,
) {
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(Body::new)
    });
    let service = service.map_err(|never: Infallible| never);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection).await {
        // The client went away or sent no HTTP: its own affair.
        debug!(error = &error as &dyn std::error::Error, "a connection ended early");
    }
}
