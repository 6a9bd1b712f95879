//! One proof, brought by many at a time.

use super::{FORGOT, asking, bring, forgotten, proof};
use crate::support::{RACERS, Visitor, count, race};

const ROUNDS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_who_bring_one_proof_to_two_replicas_one_is_let_through() {
    let app = asking().await;
    let other = app.replica(&[]).await;
    app.warm().await;
    other.warm().await;
    for _ in 0..ROUNDS {
        let proof = proof(&app, FORGOT, &forgotten()).await;
        let racers = (0..RACERS).map(|at| {
            let visitor = Visitor::clone(if at % 2 == 0 { &app } else { &other });
            let proof = proof.clone();
            async move { bring(&visitor, FORGOT, &forgotten(), &proof).await }
        });
        let answers = race(racers.collect()).await;
        assert_eq!(count(&answers, 202, ""), 1, "{answers:?}");
        assert_eq!(count(&answers, 428, "challenge_required"), RACERS - 1, "{answers:?}");
    }
}
