//! What several targets stand on: a runtime, a database that is away, and a server that answers what a target
//! has made up.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Method, Request};
use reqwest::Url;
use ringfence::otp::providers::failure::ProviderFailure;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// For `SECRET_KEY`.
pub const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The statuses of answers that a target may choose from.
const STATUSES: [u16; 13] = [200, 201, 302, 400, 401, 402, 403, 404, 408, 409, 429, 500, 503];

/// Everything happens on one thread, so that nothing depends on who is faster.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A database that is away: every question fails at once.
pub fn no_database(runtime: &Runtime) -> PgPool {
    runtime.block_on(async {
        let pool = PgPoolOptions::new().connect_lazy("postgres://127.0.0.1:1/x").expect("a pool");
        pool.close().await;
        pool
    })
}

/// Which of `count` choices `byte` stands for: `0` for the first, `1` for the next, and so on.
pub fn choice(byte: u8, count: usize) -> usize {
    usize::from(byte.wrapping_sub(b'0')) % count
}

/// Whether `text` has 1 to `most` characters of `[A-Za-z0-9_-]`: an id, or a word for the log.
pub fn is_plain(text: &str, most: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=most).contains(&text.len()) && text.bytes().all(is_plain)
}

/// What is told of a failure is short, on one line, and holds nothing of `private`.
pub fn hold_harmless(failure: &ProviderFailure, private: &[&str]) {
    let told = format!("{failure} {failure:?}");
    for word in private {
        assert!(!told.contains(word), "{told}");
    }
    let detail = failure.detail().unwrap_or_default();
    assert!(detail.chars().count() <= 300 && !detail.contains(char::is_control), "{detail}");
}

/// Reads `POST /path`, headers, an empty line, a body. `None`: nothing that a server would let through.
pub fn read_request(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let mut lines = head.split(|&byte| byte == b'\n');
    let (method, target) = str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    if !target.starts_with('/') || method == Method::CONNECT {
        return None;
    }
    let mut request = Request::builder().method(method).uri(target);
    for line in lines {
        let (name, value) = line.split_at(line.iter().position(|&byte| byte == b':')?);
        request = request.header(name, value[1..].trim_ascii());
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// A server on this machine that answers whatever it is asked in one and the same way.
pub struct Answering {
    /// Where it is.
    pub base_url: Url,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Answering {
    /// Starts it. It serves while `runtime` blocks on something.
    pub fn start(runtime: &Runtime) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let answer = Arc::default();
        let answers = Arc::clone(&answer);
        runtime.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&answers)));
            }
        });
        Self { base_url: format!("http://{address}").parse().expect("a URL"), answer }
    }

    /// Has it answer with `body` and the status that `byte` chooses, which is returned.
    pub fn answer(&self, byte: u8, body: &[u8]) -> u16 {
        let status = STATUSES[choice(byte, STATUSES.len())];
        let mut answer =
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        answer.extend_from_slice(body);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = answer;
        status
    }
}

/// Reads requests and does not look at them.
async fn serve(socket: TcpStream, answer: Arc<Mutex<Vec<u8>>>) -> io::Result<()> {
    let mut socket = BufReader::new(socket);
    let (mut line, mut length) = (String::new(), 0);
    while socket.read_line(&mut line).await? > 0 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            socket.read_exact(&mut vec![0; std::mem::take(&mut length)]).await?;
            let whole = answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
            socket.write_all(&whole).await?;
        }
        line.clear();
    }
    Ok(())
}
