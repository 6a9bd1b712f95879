//! E-mails over TLS, to aiosmtpd: a mail server that nobody here wrote.
//!
//! Its Python is looked for at `RINGFENCE_AIOSMTPD`. The certificate is made by `openssl`.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::installation::Installation;

const INSTALL: &str = "aiosmtpd is missing: python3 -m venv target/aiosmtpd && \
    target/aiosmtpd/bin/pip install -r tests/aiosmtpd/requirements.txt, then set \
    RINGFENCE_AIOSMTPD=$PWD/target/aiosmtpd/bin/python";

/// An authority, and a certificate of it for localhost.
const CERTIFICATES: &str = r"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Test-CA
    openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > extensions
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile extensions -out certificate.pem
";

struct Aiosmtpd {
    child: Child,
    /// Its input is the tie: it ends when nobody can write there any more.
    _tied: ChildStdin,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Aiosmtpd {
    fn start(python: &Path, mode: &str, folder: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aiosmtpd/server.py");
        let mut command = Command::new(python);
        command.args([script, mode, "certificate.pem", "key.pem", "ringfence", "p@ss word"]);
        command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let tied = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut server = Self { child, _tied: tied, said, port: 0 };
        server.port = server.line().trim().parse().unwrap();
        server
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// `None` where it is not installed, which only a newcomer's machine is forgiven.
fn python() -> Option<PathBuf> {
    let python = env::var_os("RINGFENCE_AIOSMTPD").map(PathBuf::from);
    if python.is_none() {
        assert!(env::var_os("CI").is_none(), "{INSTALL}");
        // Past the harness, which would keep it to itself.
        let _ = writeln!(std::io::stderr(), "not tested against aiosmtpd; {INSTALL}");
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_and_e_mails_go_over_tls_only_and_only_to_the_server_that_is_named() {
    let Some(python) = python() else { return };
    let mut installation = Installation::new().await;
    let folder = installation.directory.path.clone();
    let made = Command::new("sh").args(["-ec", CERTIFICATES]).current_dir(&folder).output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let authority = folder.join("ca.pem");
    installation.set("EMAIL_FROM", "no-reply@example.com");
    for (mode, scheme, query) in [("starttls", "smtp", "?tls=required"), ("tls", "smtps", "")] {
        let mut server = Aiosmtpd::start(&python, mode, &folder);
        let url = |host: &str, password: &str| {
            format!("{scheme}://ringfence:{password}@{host}:{}{query}", server.port)
        };
        let (right, wrong) = (url("localhost", "p%40ss%20word"), url("localhost", "p%40ss"));
        let elsewhere = url("127.0.0.1", "p%40ss%20word");
        installation.set("SMTP_URL", right);
        installation.unset("SSL_CERT_FILE");
        let refused = installation.run(&["email", "check"]).await;
        assert!(refused.complaint().contains("ertificate"), "{mode}: {}", refused.err);

        installation.set("SSL_CERT_FILE", authority.to_str().unwrap());
        let sent = installation.run(&["email", "check", "--to", "ada@example.com"]).await;
        assert_eq!(sent.status.code(), Some(0), "{mode}: {}", sent.err);
        let mail: Value = serde_json::from_str(&server.line()).unwrap();
        assert_eq!(mail["to"][0], "ada@example.com");
        assert_eq!((&mail["encrypted"], &mail["authenticated"]), (&true.into(), &true.into()));
        assert!(mail["content"].as_str().unwrap().contains("Subject: Test e-mail\r\n"));

        for (url, why) in [(wrong, "535"), (elsewhere, "ertificate")] {
            installation.set("SMTP_URL", url);
            let refused = installation.run(&["email", "check"]).await;
            assert!(refused.complaint().contains(why), "{mode}: {}", refused.err);
        }
    }
}
