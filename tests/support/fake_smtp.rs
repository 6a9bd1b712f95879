//! A strict SMTP server (RFC 5321) that keeps what it is handed, and fails on command.
//!
//! Strict: lines end in CRLF, are ASCII and at most 998 octets long; commands come in their order.
//! What breaks a rule is answered with 5xx and remembered, and the test fails that looks at the
//! e-mails.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// RFC 5321, 4.5.3.1.6, without the CRLF.
const LINE_MAX: usize = 998;
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_hours(1);

/// Where something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Greeting,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// When the whole e-mail has come, before it is kept.
    Content,
    /// When it is kept, before that is said.
    Kept,
}

/// What goes wrong there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Answer(&'static str),
    Stall,
    HangUp,
}

/// An e-mail that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) content: String,
}

/// The server. Stops when dropped.
pub(crate) struct FakeSmtp {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    plan: VecDeque<(Step, Fault)>,
    always: Option<(Step, Fault)>,
    violations: Vec<String>,
    credentials: Option<String>,
    connections: usize,
}

impl FakeSmtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let state = Arc::clone(&shared);
                // An error is a client that has gone.
                tokio::spawn(async move { Session::new(stream, state).run().await.ok() });
            }
        });
        Self { address, state, listening }
    }

    /// Wants this user and password (RFC 4616).
    pub(crate) fn require(&self, user: &str, password: &str) {
        let plain = STANDARD.encode(format!("\0{user}\0{password}"));
        self.lock().credentials = Some(plain);
    }

    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What goes wrong next, each once, in this order.
    pub(crate) fn plan(&self, faults: &[(Step, Fault)]) {
        self.lock().plan.extend(faults);
    }

    /// What goes wrong each time.
    pub(crate) fn always(&self, fault: Option<(Step, Fault)>) {
        self.lock().always = fault;
    }

    /// How much of the plan has not come about yet.
    pub(crate) fn planned(&self) -> usize {
        self.lock().plan.len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.lock().connections
    }

    /// Everything that was taken so far. Fails where the client broke a rule.
    #[track_caller]
    pub(crate) fn mails(&self) -> Vec<Mail> {
        let state = self.lock();
        assert!(state.violations.is_empty(), "{:?}", state.violations);
        state.mails.clone()
    }

    /// The only e-mail to `address`.
    #[track_caller]
    pub(crate) fn only_mail_to(&self, address: &str) -> Mail {
        let mails = self.mails();
        let mut to = mails.iter().filter(|mail| mail.to == [address]);
        let mail = to.next().unwrap_or_else(|| panic!("no e-mail to {address}: {mails:?}"));
        assert!(to.next().is_none(), "{mails:?}");
        mail.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for FakeSmtp {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// The client has gone, or is to be left alone.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Session {
    stream: BufReader<TcpStream>,
    state: Arc<Mutex<State>>,
    greeted: bool,
    trusted: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, state: Arc<Mutex<State>>) -> Self {
        let trusted = {
            let mut state = state.lock().unwrap();
            state.connections += 1;
            state.credentials.is_none()
        };
        let stream = BufReader::new(stream);
        Self { stream, state, greeted: false, trusted, from: None, to: Vec::new() }
    }

    async fn run(mut self) -> Result<(), Over> {
        if self.goes_on(Step::Greeting).await? {
            self.say("220 mail.test ESMTP").await?;
        }
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" if !rest.is_empty() => {
                    self.greeted = true;
                    self.say("250-mail.test\r\n250-AUTH PLAIN\r\n250 SIZE 1000000").await?;
                }
                "AUTH" if self.greeted => self.auth(rest).await?,
                "MAIL" if self.greeted && self.from.is_none() => self.mail(rest).await?,
                "RCPT" if self.from.is_some() => self.rcpt(rest).await?,
                "DATA" if !self.to.is_empty() && rest.is_empty() => self.data().await?,
                "NOOP" => self.say("250 ok").await?,
                "QUIT" => return self.say("221 bye").await,
                _ => self.refuse(&line).await?,
            }
        }
    }

    async fn auth(&mut self, rest: &str) -> Result<(), Over> {
        if !self.goes_on(Step::Auth).await? {
            return Ok(());
        }
        let wanted = self.state.lock().unwrap().credentials.clone();
        self.trusted = wanted.is_some_and(|wanted| rest == format!("PLAIN {wanted}"));
        let answer = if self.trusted { "235 welcome" } else { "535 5.7.8 not you" };
        self.say(answer).await
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if !self.trusted {
            return self.say("530 5.7.0 who are you?").await;
        }
        let Some(from) = path(rest, "FROM:") else { return self.refuse(rest).await };
        if self.goes_on(Step::Mail).await? {
            self.from = Some(from);
            self.say("250 ok").await?;
        }
        Ok(())
    }

    async fn rcpt(&mut self, rest: &str) -> Result<(), Over> {
        let Some(to) = path(rest, "TO:") else { return self.refuse(rest).await };
        if self.goes_on(Step::Rcpt).await? {
            self.to.push(to);
            self.say("250 ok").await?;
        }
        Ok(())
    }

    async fn data(&mut self) -> Result<(), Over> {
        if !self.goes_on(Step::Data).await? {
            return Ok(());
        }
        self.say("354 go on").await?;
        let mut content = String::new();
        loop {
            let line = self.line().await?;
            if line == "." {
                break;
            }
            content.push_str(line.strip_prefix('.').unwrap_or(&line));
            content.push_str("\r\n");
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if self.goes_on(Step::Content).await? {
            self.state.lock().unwrap().mails.push(Mail { from, to, content });
            if self.goes_on(Step::Kept).await? {
                self.say("250 kept").await?;
            }
        }
        Ok(())
    }

    /// Whether nothing is to go wrong here; what is to go wrong has, otherwise.
    async fn goes_on(&mut self, step: Step) -> Result<bool, Over> {
        let fault = {
            let mut state = self.state.lock().unwrap();
            let planned = state.plan.front().is_some_and(|(at, _)| *at == step);
            let planned = if planned { state.plan.pop_front() } else { None };
            planned.or(state.always.filter(|(at, _)| *at == step))
        };
        match fault {
            None => Ok(true),
            Some((_, Fault::Answer(answer))) => {
                self.say(answer).await?;
                Ok(false)
            }
            Some((_, Fault::HangUp)) => Err(Over),
            Some((_, Fault::Stall)) => {
                tokio::time::sleep(FOR_EVER).await;
                Err(Over)
            }
        }
    }

    async fn line(&mut self) -> Result<String, Over> {
        let mut bytes = Vec::new();
        if self.stream.read_until(b'\n', &mut bytes).await? == 0 {
            return Err(Over);
        }
        let line = bytes.strip_suffix(b"\r\n");
        let fine = line.filter(|line| {
            line.len() <= LINE_MAX && line.is_ascii() && !line.iter().any(|b| b"\r\n\0".contains(b))
        });
        if let Some(line) = fine {
            return Ok(String::from_utf8(line.to_vec()).unwrap());
        }
        self.note(format!("no line of SMTP: {:?}", String::from_utf8_lossy(&bytes)));
        Err(Over)
    }

    async fn refuse(&mut self, line: &str) -> Result<(), Over> {
        self.note(format!("not to be said here: {line:?}"));
        self.say("503 5.5.1 not now").await
    }

    fn note(&self, violation: String) {
        self.state.lock().unwrap().violations.push(violation);
    }

    async fn say(&mut self, answer: &str) -> Result<(), Over> {
        self.stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await?;
        Ok(())
    }
}

/// The address of `FROM:<address>`.
fn path(text: &str, before: &str) -> Option<String> {
    let bracketed = text.strip_prefix(before)?.split_whitespace().next()?;
    let address = bracketed.strip_prefix('<')?.strip_suffix('>')?;
    (!address.contains(['<', '>', ','])).then(|| address.to_owned())
}

impl Mail {
    /// The values of a header of the e-mail itself, unfolded.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let head = self.content.split("\r\n\r\n").next().unwrap_or_default();
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let named = head.lines().filter_map(|line| line.split_once(": "));
        let named = named.filter(|(of, _)| of.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// The only value of a header.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        let mut values = self.headers(name);
        assert_eq!(values.len(), 1, "{name}: {}", self.content);
        values.remove(0)
    }

    /// The decoded text of the part of that type.
    #[track_caller]
    pub(crate) fn part(&self, content_type: &str) -> String {
        let kind = self.header("Content-Type");
        let boundary = kind.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next());
        let boundary = format!("--{}", boundary.unwrap_or_else(|| panic!("no boundary: {kind}")));
        let part = self.content.split(&boundary).skip(1).find_map(|part| {
            let (head, body) = part.split_once("\r\n\r\n")?;
            let of_type = head.contains(&format!("Content-Type: {content_type}"));
            of_type.then(|| (head.to_owned(), body.to_owned()))
        });
        let (head, body) = part.unwrap_or_else(|| panic!("no {content_type}: {}", self.content));
        let bytes = if head.contains("quoted-printable") {
            unquoted(&body)
        } else if head.contains("base64") {
            STANDARD.decode(body.replace("\r\n", "")).unwrap()
        } else {
            body.into_bytes()
        };
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
    }

    /// What stands behind the `#` of the link.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        let text = self.part("text/plain");
        let token = text.split("/email/verify#").nth(1).and_then(|rest| rest.lines().next());
        token.unwrap_or_else(|| panic!("no link in {text}")).to_owned()
    }
}

/// Quoted-printable (RFC 2045, 6.7).
fn unquoted(text: &str) -> Vec<u8> {
    let text = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'=' {
            let digits = str::from_utf8(&after[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
        }
    }
    bytes
}
