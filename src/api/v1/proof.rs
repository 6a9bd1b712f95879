//! Has a client meet a challenge before it is served: what an endpoint, or a rule of doubt, calls.

use crate::http::{Client, Kind, Problem};
use crate::proofs::{Action, Ask, Difficulty, ProofError, When};
use crate::state::App;

/// In seconds. The judges of captchas are back soon.
const JUDGE_RETRY: u64 = 10;

/// `Ok` where this request brings a proof that is good, and spends it; otherwise the refusal, with a fresh
/// challenge of at least `difficulty`. Whoever asks the same request again gets the same `Ok`.
pub(in crate::api::v1) async fn require(
    app: &App,
    client: &Client,
    action: Action,
    difficulty: Difficulty,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let ask = Ask { action, address: client.address, difficulty };
    let refused = match &client.challenge_response {
        None => None,
        Some(response) => match app.proofs.accept(&app.database, response, &ask, now).await {
            Ok(()) => return Ok(()),
            Err(ProofError::Refused(refusal)) => Some(refusal),
            Err(ProofError::Database(error)) => return Err(error.into()),
            Err(error @ ProofError::NotJudged(_)) => {
                let problem = Problem::new(Kind::ChallengeUnavailable).retry_after(JUDGE_RETRY);
                return Err(problem.caused_by(error));
            }
        },
    };
    let challenge = app.proofs.challenge(&ask, now).map_err(Problem::internal)?;
    let challenge = serde_json::to_value(challenge).map_err(Problem::internal)?;
    let problem = Problem::new(Kind::ChallengeRequired).with("challenge", challenge);
    Err(match refused {
        None => problem.detail("Meet the challenge, and send the request again."),
        Some(refusal) => {
            let words =
                format!("Meet the new challenge: the one that was sent is no proof; {refusal}.");
            problem.detail(words).caused_by(refusal)
        }
    })
}

/// [`require`], where everybody is asked: `CHALLENGE_WHEN=always`.
pub(in crate::api::v1) async fn require_of_everybody(
    app: &App,
    client: &Client,
    action: Action,
) -> Result<(), Problem> {
    match app.proofs.when() {
        When::Always => require(app, client, action, Difficulty::Usual).await,
        When::Doubt => Ok(()),
    }
}
