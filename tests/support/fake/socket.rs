//! Connections that break on command.
//!
//! Owns the two ways of breaking: before a request is read, and after it, instead of the answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How many of the next requests are to find their connection reset.
#[derive(Clone, Default)]
pub(crate) struct Resets(Arc<AtomicU32>);

/// Cuts one connection: at once, or just before the end of the next answer.
#[derive(Clone, Default)]
pub(crate) struct Cut(Arc<AtomicU8>);

/// Everything is written.
const OPEN: u8 = 0;
/// The end of the next answer is not written any more.
const LACKING: u8 = 1;
/// Nothing is written.
const CLOSED: u8 = 2;

/// So many bytes are lacking; less than any body has.
const LACKING_BYTES: usize = 8;

pub(crate) struct Sockets {
    listener: TcpListener,
    resets: Resets,
}

/// One connection.
pub(crate) struct Line {
    stream: TcpStream,
    resets: Resets,
    cut: Cut,
}

impl Resets {
    pub(crate) fn plan(&self, times: u32) {
        self.0.store(times, Ordering::SeqCst);
    }

    fn planned(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }

    /// Uses up one reset, if one is planned.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

impl Cut {
    /// Nothing more goes out.
    pub(crate) fn at_once(&self) {
        self.0.store(CLOSED, Ordering::SeqCst);
    }

    /// The next answer goes out but for its last bytes.
    pub(crate) fn before_the_end(&self) {
        self.0.store(LACKING, Ordering::SeqCst);
    }
}

impl Sockets {
    pub(crate) async fn bind(address: SocketAddr, resets: Resets) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, resets })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Sockets {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        loop {
            if let Ok((stream, peer)) = self.listener.accept().await {
                // Without it small answers wait for the peer's acknowledgement.
                let _ = stream.set_nodelay(true);
                let line = Line { stream, resets: self.resets.clone(), cut: Cut::default() };
                return (line, peer);
            }
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

impl Connected<IncomingStream<'_, Sockets>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Sockets>) -> Self {
        stream.io().cut.clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.resets.planned() {
            // Only data counts as a request: an idle connection may also end.
            let mut byte = [0];
            let seen = ready!(self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte)))?;
            if seen > 0 && self.resets.take() {
                // Closing a socket with unread data makes the kernel send a reset.
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.cut.0.load(Ordering::SeqCst) {
            OPEN => Pin::new(&mut self.stream).poll_write(cx, buf),
            // A small answer comes in one piece, head and body.
            LACKING => {
                let end = buf.len().saturating_sub(LACKING_BYTES);
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &buf[..end]))?;
                self.cut.at_once();
                Poll::Ready(Ok(written))
            }
            _ => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
