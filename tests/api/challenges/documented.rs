//! The solvers that we hand out: `/challenge.js`, and those of docs/challenges.md.
//!
//! Each runs where this machine has its language; under CI none may be missing.

use std::env;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{FORGOT, asking, bring, challenge, forgotten};

/// Runs the solver of docs/challenges.md in `language` by `command`; `None` where that is missing.
fn solved_by(language: &str, command: &[&str], challenge: &Value) -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/challenges.md");
    let text = std::fs::read_to_string(path).unwrap();
    let solver = text.split(&format!("```{language}\n")).nth(1).unwrap();
    run(command, solver.split("```").next().unwrap(), challenge)
}

/// What `program` prints, which reads the challenge from its input.
fn run(command: &[&str], program: &str, challenge: &Value) -> Option<String> {
    let child = Command::new(command[0])
        .args(&command[1..])
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(env::var_os("CI").is_none(), "{} is missing", command[0]);
        return None;
    };
    child.stdin.take().unwrap().write_all(challenge.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

#[tokio::test]
async fn the_documented_solvers_solve() {
    let app = asking().await;
    let node: &[&str] = &["node", "--input-type=module", "--eval"];
    for (language, command) in [("js", node), ("python", &["python3", "-c"])] {
        let challenge = challenge(&app, FORGOT, &forgotten()).await;
        if let Some(proof) = solved_by(language, command, &challenge) {
            bring(&app, FORGOT, &forgotten(), &proof).await.is(202);
        }
    }
}

#[tokio::test]
async fn the_solver_that_the_server_hands_out_solves() {
    let app = asking().await;
    let challenge = challenge(&app, FORGOT, &forgotten()).await;
    let answer = app.get("/challenge.js").await.is(200);
    let solver = String::from_utf8(answer.bytes().to_vec()).unwrap();
    let main = "import { readFileSync } from \"node:fs\";\n\
        console.log(await solve(JSON.parse(readFileSync(0, \"utf8\"))));\n";
    let node = ["node", "--input-type=module", "--eval"];
    if let Some(proof) = run(&node, &format!("{solver}{main}"), &challenge) {
        bring(&app, FORGOT, &forgotten(), &proof).await.is(202);
    }
}
