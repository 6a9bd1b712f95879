//! A keep-alive HTTP/1.1 connection that does no more than a load generator needs.
//!
//! Requests are bytes made beforehand, so that next to nothing of the machine goes to asking.
//! Understands answers with a `Content-Length` only, which all of ours have.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Far above any answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The server gives up after 20 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection, one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// A whole answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends `request` and waits for the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.read_more().await?;
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (status, length) = read_head(&self.buffer[..head])?;
        while self.buffer.len() < head + length {
            self.read_more().await?;
        }
        Ok(Answer { status, body: &self.buffer[head..] })
    }

    /// Like [`Self::exchange`], where nothing but 200 will do. Returns the body.
    pub(crate) async fn succeed(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        let Answer { status, body } = self.exchange(request).await?;
        ensure!(status == 200, "answered {status}: {}", String::from_utf8_lossy(body));
        Ok(body)
    }

    async fn read_more(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the connection was closed");
        ensure!(self.buffer.len() <= ANSWER_BYTES_MAX, "the answer is too large");
        Ok(())
    }
}

/// The status, and how long the body is.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = str::from_utf8(head)?;
    let status = head.get(9..12).context("no status")?.parse()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())
    });
    Ok((status, length.context("no content-length")??))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// A `GET`, perhaps with a bearer token. `client` is the address that the server shall see.
pub(crate) fn get(path: &str, client: &str, token: Option<&str>) -> Vec<u8> {
    let authorization =
        token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n{authorization}\r\n"
    )
    .into_bytes()
}

/// A `POST` of JSON. `client` is the address that the server shall see.
pub(crate) fn post(path: &str, client: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
