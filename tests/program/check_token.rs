//! The programs of `examples/check-token`, which the README shows: another service that checks tokens,
//! in each language that this machine has.
//!
//! What the languages lack stands in `target/check-token` ([`INSTALL`]); under CI nothing may be missing.

use std::env;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use ringfence::foundation::Clock;
use serde_json::{Value, json};

use super::installation::Installation;

const INSTALL: &str = "examples/check-token/install puts what Python and Node need into target/check-token; \
    Go is Debian's golang-go";

/// A program that checks a token, and where it runs.
struct Checker {
    language: &'static str,
    command: Vec<PathBuf>,
}

impl Checker {
    #[track_caller]
    fn must_take(&self, issuer: &str, token: &str, subject: Option<&str>) {
        let answer = self.check(issuer, token);
        assert!(answer.status.success(), "{}: {answer:?}", self.language);
        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(said.contains(subject.unwrap()), "{}: {said}", self.language);
    }

    #[track_caller]
    fn must_refuse(&self, issuer: &str, why: &str, token: &str) {
        let answer = self.check(issuer, token);
        let language = self.language;
        assert!(!answer.status.success(), "{language} took one that {why}: {answer:?}");
        assert!(answer.stdout.is_empty(), "{language}, {why}: {answer:?}");
    }

    fn check(&self, issuer: &str, token: &str) -> Output {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).args([issuer, token]);
        command.output().unwrap_or_else(|error| panic!("{}: {error}", self.language))
    }
}

#[tokio::test]
async fn other_services_take_a_token_of_the_server_in_every_language() {
    let issuer = free_url();
    let mut installation = Installation::new().await;
    installation.set("BASE_URL", issuer.clone());
    installation.set("PORT", issuer.rsplit(':').next().unwrap());
    let serving = installation.serve().await;
    let good = installation.token(&serving.api).await;
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = encode(&changed(&claims(payload), "sub", "0199f0a1-2f6e-7cc3-98b2-0a1b2c3d4e5f"));
    let forged = format!("{header}.{other}.{signature}");
    each_checker(move |checker| {
        checker.must_take(&issuer, &good, claims(good.split('.').nth(1).unwrap())["sub"].as_str());
        checker.must_refuse(&issuer, "says something else", &forged);
        checker.must_refuse(&free_url(), "nobody has keys for", &good);
    })
    .await;
}

#[tokio::test]
async fn other_services_refuse_what_is_not_a_good_access_token_in_every_language() {
    let issuer = Issuer::listen().await;
    let (url, good) = (issuer.url.clone(), issuer.sign("at+jwt", &issuer.claims()));
    let refused = issuer.refused();
    each_checker(move |checker| {
        checker.must_take(&url, &good, Some("ada"));
        for (why, token) in &refused {
            checker.must_refuse(&url, why, token);
        }
    })
    .await;
}

/// Does it with each program that can run here.
async fn each_checker(work: impl Fn(Checker) + Send + 'static) {
    tokio::task::spawn_blocking(move || checkers().into_iter().for_each(work)).await.unwrap();
}

/// An issuer whose key is ours, so that it signs what a Ringfence never would.
struct Issuer {
    url: String,
    key: Ed25519KeyPair,
}

impl Issuer {
    /// Serves its key set until the test ends.
    async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let issuer = Self { url, key: Ed25519KeyPair::generate().unwrap() };
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "alg": "EdDSA",
            "use": "sig", "x": URL_SAFE_NO_PAD.encode(issuer.key.public_key().as_ref())}]});
        let route = axum::routing::get(async move || axum::Json(set));
        let served = axum::Router::new().route("/.well-known/jwks.json", route);
        tokio::spawn(axum::serve(listener, served).into_future());
        issuer
    }

    fn claims(&self) -> Value {
        let now = Clock::default().now().timestamp();
        json!({"iss": self.url, "aud": self.url, "sub": "ada", "sid": "s", "iat": now - 9,
            "nbf": now - 9, "exp": now + 900, "email": "ada@example.com", "isVerified": true})
    }

    fn sign(&self, typ: &str, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "typ": typ, "kid": "k"});
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// Tokens that nobody may take, and what is wrong with each.
    fn refused(&self) -> Vec<(&'static str, String)> {
        let claims = self.claims();
        let (past, future) = (claims["iat"].as_i64().unwrap() - 9, claims["exp"].clone());
        let with = |name, value: Value| self.sign("at+jwt", &changed(&claims, name, value));
        let public = self.key.public_key().as_ref();
        let confused = Header {
            typ: Some("at+jwt".to_owned()),
            kid: Some("k".to_owned()),
            ..Header::new(Algorithm::HS256)
        };
        let none = encode(&json!({"alg": "none", "typ": "at+jwt", "kid": "k"}));
        vec![
            ("is not a token", "abc".to_owned()),
            ("has expired", with("exp", past.into())),
            ("is not good yet", with("nbf", future)),
            ("is by somebody else", with("iss", "https://other.example".into())),
            ("is for somebody else", with("aud", "https://other.example".into())),
            ("is of another type", self.sign("JWT", &claims)),
            ("is not signed", format!("{none}.{}.", encode(&claims))),
            ("takes the public key for a secret", {
                jsonwebtoken::encode(&confused, &claims, &EncodingKey::from_secret(public)).unwrap()
            }),
        ]
    }
}

fn claims(payload: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn changed(claims: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims.clone();
    claims[name] = value.into();
    claims
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// A URL of this machine at which nobody listens.
fn free_url() -> String {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    format!("http://{address}")
}

/// The programs that can run here.
fn checkers() -> Vec<Checker> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (sources, installed) = (root.join("examples/check-token"), root.join("target/check-token"));
    let example = env::current_exe().unwrap().with_file_name("../examples/check-token");
    let all = [
        ("Rust", vec![example]),
        ("Go", vec!["go".into(), "run".into(), sources.join("check.go")]),
        ("Python", vec![installed.join("venv/bin/python"), sources.join("check.py")]),
        ("Node", vec!["node".into(), installed.join("check.mjs")]),
    ];
    // Node looks for what a program imports beside that program.
    let _ = fs::copy(sources.join("check.mjs"), installed.join("check.mjs"));
    let all = all.map(|(language, command)| Checker { language, command });
    let (here, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(Checker::is_here);
    for Checker { language, .. } in missing {
        assert!(env::var_os("CI").is_none(), "{language} is missing: {INSTALL}");
        // Past the harness, which would keep it to itself.
        let _ = writeln!(std::io::stderr(), "not tested in {language}; {INSTALL}");
    }
    here
}

impl Checker {
    /// Whether its files are there, and its interpreter.
    fn is_here(&self) -> bool {
        let path = env::var_os("PATH").unwrap_or_default();
        self.command.iter().filter(|part| part.as_os_str() != "run").all(|part| {
            part.exists() || env::split_paths(&path).any(|folder| folder.join(part).is_file())
        })
    }
}
