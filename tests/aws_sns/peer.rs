//! A peer on this machine that answers what it is told to, and remembers what it was asked.
//!
//! Speaks just enough HTTP/1.1; each connection carries one request.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How one request is treated.
#[derive(Clone, Debug)]
pub(crate) enum Treatment {
    /// A whole answer.
    Reply { http: u16, body: String },
    /// The answer comes only after this time.
    Delay(Duration),
    /// The connection closes instead of an answer.
    Close,
    /// The connection closes in the middle of the answer.
    BrokenOff,
    /// The answer repeats the whole request as AWS's words on an error, on one line.
    Echo,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Request line and headers, in lower case.
    pub(crate) head: String,
    /// The fields of the form, in their order.
    pub(crate) form: Vec<(String, String)>,
    raw: String,
}

#[derive(Default)]
struct Script {
    asked: Vec<Asked>,
    for_texts: VecDeque<Treatment>,
    for_opt_outs: VecDeque<Treatment>,
}

/// Serves until it is dropped.
pub(crate) struct Peer {
    pub(crate) base_url: String,
    script: Arc<Mutex<Script>>,
    server: tokio::task::JoinHandle<()>,
}

impl Asked {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Peer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::<Mutex<Script>>::default();
        let shared = script.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { base_url, script, server }
    }

    /// The next text is treated so; without it, it is accepted.
    pub(crate) fn next_text(&self, treatment: Treatment) {
        self.script.lock().unwrap().for_texts.push_back(treatment);
    }

    /// The next question about an opt-out is treated so; without it, the answer is no.
    pub(crate) fn next_opt_out(&self, treatment: Treatment) {
        self.script.lock().unwrap().for_opt_outs.push_back(treatment);
    }

    /// Everything that was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.script.lock().unwrap().asked.clone()
    }

    /// The texts that came.
    pub(crate) fn texts(&self) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(|asked| asked.field("Action") == Some("Publish"));
        asked
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<Script>>) {
    let Some(asked) = read(&mut stream).await else { return };
    let (treatment, usual) = {
        let mut script = script.lock().unwrap();
        script.asked.push(asked.clone());
        if asked.field("Action") == Some("Publish") {
            (script.for_texts.pop_front(), ACCEPTED)
        } else {
            (script.for_opt_outs.pop_front(), OPTED_IN)
        }
    };
    let (http, body) = match treatment {
        None => (200, usual.to_owned()),
        Some(Treatment::Reply { http, body }) => (http, body),
        Some(Treatment::Delay(time)) => {
            tokio::time::sleep(time).await;
            (200, usual.to_owned())
        }
        Some(Treatment::Close) => return,
        Some(Treatment::BrokenOff) => {
            let answer = whole(200, usual);
            let _ = stream.write_all(&answer.as_bytes()[..answer.len() - 8]).await;
            return;
        }
        Some(Treatment::Echo) => {
            let words = asked.raw.replace('&', "&amp;").replace('<', "&lt;").replace("\r\n", " ");
            (400, error("SignatureDoesNotMatch", &words))
        }
    };
    let _ = stream.write_all(whole(http, &body).as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn whole(http: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {http} -\r\nContent-Type: text/xml\r\nConnection: close\r\n\
         x-amzn-RequestId: {REQUEST_ID}\r\n\
         Location: http://127.0.0.1:1/\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut raw = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        raw.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&raw);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        if body.len() >= length.parse().ok()? {
            let url = reqwest::Url::parse(&format!("http://peer/?{body}")).ok()?;
            let form = url.query_pairs().into_owned().collect();
            return Some(Asked { head, form, raw: text.clone().into_owned() });
        }
    }
}

/// What SNS answers to an error; botocore, `sns/2010-03-31`.
pub(crate) fn error(code: &str, words: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{words}</Message></Error>\
         <RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
}

pub(crate) const REQUEST_ID: &str = "f187a3c1-376f-11df-8963-01868b7c937a";

pub(crate) const MESSAGE_ID: &str = "94f20ce6-13c5-43a0-9a9e-ca52d816e90b";

/// The API reference's sample answer to `Publish`.
pub(crate) const ACCEPTED: &str = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
    <PublishResult><MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId></PublishResult>\
    <ResponseMetadata><RequestId>f187a3c1-376f-11df-8963-01868b7c937a</RequestId></ResponseMetadata>\
    </PublishResponse>";

const OPTED_IN: &str = "<CheckIfPhoneNumberIsOptedOutResponse \
    xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><CheckIfPhoneNumberIsOptedOutResult>\
    <isOptedOut>false</isOptedOut></CheckIfPhoneNumberIsOptedOutResult>\
    </CheckIfPhoneNumberIsOptedOutResponse>";

/// That a number has opted out.
pub(crate) fn opted_out() -> Treatment {
    Treatment::Reply { http: 200, body: OPTED_IN.replace("false", "true") }
}
