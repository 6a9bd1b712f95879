//! What `ringfence dev` greets with, taken apart and put to use.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::answers::Api;
use super::child::{Ringfence, Scratch};

/// `ringfence dev` without any setting but a free port, ready.
pub(crate) struct Dev {
    pub(crate) program: Ringfence,
    pub(crate) api: Api,
    pub(crate) demo: String,
    pub(crate) docs: String,
    pub(crate) inbox: String,
    pub(crate) database: String,
    walk: String,
}

impl Dev {
    /// Starts it in `directory`, without naming the command: that is what `cargo run` does.
    pub(crate) async fn start(directory: &Scratch) -> Self {
        let mut program = Ringfence::start(&[], &directory.path, &[("PORT", "0")]);
        let banner = program.until("the banner", |out, _| {
            out.contains("Ctrl-C stops everything.").then(|| out.to_owned())
        });
        let banner = banner.await;
        let word_after = |words: &str| {
            let (_, rest) = banner.split_once(words).unwrap_or_else(|| panic!("{banner}"));
            rest.split_whitespace().next().unwrap().trim_matches('\'').to_owned()
        };
        let (_, walk) = banner.split_once("paste it into another terminal:\n").unwrap();
        let (walk, _) = walk.split_once("Ctrl-C stops everything.").unwrap();
        Self {
            program,
            api: Api::new(word_after("ready at ")),
            demo: word_after("demo "),
            docs: word_after("docs "),
            inbox: word_after("inbox "),
            database: word_after("psql "),
            walk: walk.to_owned(),
        }
    }

    /// Pastes the walk into a shell and answers with the lines that it prints.
    pub(crate) fn paste_walk(&self, directory: &Path) -> Vec<Value> {
        for tool in ["bash", "curl"] {
            let found = Command::new(tool).arg("--version").output();
            assert!(found.is_ok_and(|ran| ran.status.success()), "install {tool}");
        }
        let mut shell = Command::new("bash");
        // Whoever has a proxy does not want it for this machine.
        let shell = shell.env("no_proxy", "localhost,127.0.0.1");
        let ran = shell.args(["-c", &self.walk]).current_dir(directory).output().unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && err.is_empty(), "{out}\n{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
