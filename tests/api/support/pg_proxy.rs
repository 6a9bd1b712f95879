//! A way to PostgreSQL that goes wrong on purpose: it swallows everything, or only notifications, as
//! a pooler does that hands out connections by the transaction.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What becomes of what the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It arrives.
    Open,
    /// Nothing arrives, in either direction, and no connection is closed.
    BlackHole,
    /// Everything but notifications arrives.
    Deaf,
}

/// Stands between a pool and the server of another.
pub(crate) struct PgProxy {
    way: Arc<watch::Sender<Way>>,
    options: PgConnectOptions,
    accepting: JoinHandle<()>,
}

impl PgProxy {
    /// Leads to the server of `pool`.
    pub(crate) async fn to(pool: &PgPool, way: Way) -> Self {
        let server = pool.connect_options();
        let socket = server.get_socket().unwrap();
        let socket = socket.join(format!(".s.PGSQL.{}", server.get_port()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(listener.local_addr().unwrap().port())
            .username(server.get_username())
            .database(server.get_database().unwrap())
            .ssl_mode(PgSslMode::Disable);
        let way = Arc::new(watch::Sender::new(way));
        let accepting = tokio::spawn(accept(listener, socket, Arc::clone(&way)));
        Self { way, options, accepting }
    }

    /// A pool whose connections go through here.
    pub(crate) fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(2).connect_lazy_with(self.options.clone())
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for PgProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, socket: PathBuf, way: Arc<watch::Sender<Way>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (socket, way) = (socket.clone(), way.subscribe());
        connections.spawn(async move {
            let server = UnixStream::connect(socket).await.unwrap();
            carry(client, server, way).await;
        });
    }
}

async fn carry(client: TcpStream, server: UnixStream, way: watch::Receiver<Way>) {
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut asked = way.clone();
    let asking = async move {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            let _ = asked.wait_for(|way| *way != Way::BlackHole).await;
            if to_server.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = asking => {}
        () = answer(from_server, to_client, way) => {}
    }
}

/// Message by message: a byte of type, and four of length that count themselves.
async fn answer(
    mut from: impl AsyncRead + Unpin,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
) {
    let mut head = [0; 5];
    while from.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        let mut body = vec![0; length as usize - 4];
        if from.read_exact(&mut body).await.is_err() {
            break;
        }
        let is_notification = head[0] == b'A';
        let way = *way.wait_for(|way| *way != Way::BlackHole).await.unwrap();
        if way == Way::Deaf && is_notification {
            continue;
        }
        if to.write_all(&[head.as_slice(), &body].concat()).await.is_err() {
            break;
        }
    }
}
