//! A session that has ended is felt on every replica within a second, whatever becomes of the channel
//! by which they tell each other.
//!
//! Seen to fail where the channel's word is not heard, and where a lost channel is believed.

use std::time::Duration;

use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::support::{Answer, Person, PgProxy, TestApp, Way};

const A_SECOND: Duration = Duration::from_secs(1);

/// Waits until `app` refuses the token, no longer than a second.
#[track_caller]
fn felt_within_a_second(app: &TestApp, token: String) -> impl Future<Output = ()> {
    let began = Instant::now();
    async move {
        while app.session(&token).await.status() == 200 {
            assert!(began.elapsed() < A_SECOND, "it was not felt within a second");
            sleep(Duration::from_millis(5)).await;
        }
        app.session(&token).await.refused(401, "token_invalid");
        assert!(began.elapsed() < A_SECOND, "{:?}", began.elapsed());
    }
}

/// Two replicas, a session of Ada and one of Bob.
async fn scene() -> (TestApp, TestApp, Answer, Answer) {
    let one = TestApp::with(&[("BASE_URL", "https://auth.example.com")]).await;
    let two = one.replica(&[]).await;
    let ada = one.signed_in(&Person::ada()).await;
    let bob = one.signed_in(&Person::bob()).await;
    for app in [&one, &two] {
        app.session(&ada.text("token")).await.is(200);
        app.session(&bob.text("token")).await.is(200);
    }
    (one, two, ada, bob)
}

#[tokio::test]
async fn another_replica_feels_it_without_asking_the_database() {
    let (one, two, ada, bob) = scene().await;
    two.application.state.database.close().await;
    one.logout(&ada.text("token"), "current").await.is(204);
    one.session(&ada.text("token")).await.refused(401, "token_invalid");
    felt_within_a_second(&two, ada.text("token")).await;
    two.session(&bob.text("token")).await.is(200);
}

#[tokio::test]
async fn every_way_to_end_a_session_is_felt() {
    let (one, two, ada, bob) = scene().await;
    two.application.state.database.close().await;
    let other = one.login(&Person::ada()).await.is(200);
    let id = one.session(&ada.text("token")).await.text("sessionId");
    one.end_session(&other.text("token"), &id).await.is(204);
    felt_within_a_second(&two, ada.text("token")).await;

    let form = [("token", &*other.text("refreshToken"))];
    one.send(one.form("/api/v1/auth/revoke", &form)).await.is(200);
    felt_within_a_second(&two, other.text("token")).await;

    let child = one.refresh(&bob.text("refreshToken")).await.is(200).text("refreshToken");
    one.refresh(&child).await.is(200);
    one.refresh(&bob.text("refreshToken")).await.refused(401, "refresh_invalid");
    felt_within_a_second(&two, bob.text("token")).await;
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_ends_nothing() {
    use ringfence::sessions::{EndReason, Which, end};
    let (one, two, ada, _) = scene().await;
    let user = ringfence::foundation::UserId::parse(&ada.text("userId")).unwrap();
    let mut transaction = one.database().begin().await.unwrap();
    let ended = end(&mut transaction, user, Which::All, EndReason::Lock, one.now()).await.unwrap();
    assert_eq!(ended.len(), 1);
    let again = end(&mut transaction, user, Which::All, EndReason::Lock, one.now()).await.unwrap();
    assert_eq!(again, []);
    transaction.rollback().await.unwrap();
    sleep(Duration::from_millis(300)).await;
    two.session(&ada.text("token")).await.is(200);
}

#[tokio::test]
async fn a_replica_that_starts_knows_who_ended_before() {
    let (one, _two, ada, bob) = scene().await;
    one.logout(&ada.text("token"), "current").await.is(204);
    let three = one.replica(&[]).await;
    three.application.state.database.close().await;
    three.session(&ada.text("token")).await.refused(401, "token_invalid");
    three.session(&bob.text("token")).await.is(200);
}

#[tokio::test]
async fn it_is_felt_while_the_channel_is_cut_and_the_channel_comes_back() {
    let (one, two, ada, bob) = scene().await;
    for person in [ada, bob] {
        let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE application_name = 'ringfence sessions' AND datname = current_database()";
        assert_eq!(one.count(cut).await, 2);
        one.logout(&person.text("token"), "current").await.is(204);
        felt_within_a_second(&two, person.text("token")).await;
        sleep(A_SECOND).await;
        two.until_listening().await;
        one.until_listening().await;
    }
    two.application.state.database.close().await;
    let last = one.login(&Person::ada()).await.is(200).text("token");
    two.session(&last).await.is(200);
    one.logout(&last, "current").await.is(204);
    felt_within_a_second(&two, last).await;
}

/// Has `app` listen by another way to the database.
async fn listen_by(app: &TestApp, pool: PgPool) -> JoinHandle<()> {
    app.stop_listening().await;
    let state = app.application.state.clone();
    tokio::spawn(async move {
        state.sessions.revocations().follow(&pool, &state.clock, &state.entropy).await;
    })
}

#[tokio::test]
async fn it_is_felt_while_the_channel_swallows_everything_without_a_word() {
    let (one, two, ada, bob) = scene().await;
    let proxy = PgProxy::to(one.database(), Way::Open).await;
    let listening = listen_by(&two, proxy.pool()).await;
    two.until_listening().await;
    proxy.set(Way::BlackHole);
    one.logout(&ada.text("token"), "current").await.is(204);
    felt_within_a_second(&two, ada.text("token")).await;
    sleep(A_SECOND).await;
    assert_eq!(two.get("/readyz").await.is(200).json()["checks"]["revocations"], "asking");
    two.session(&bob.text("token")).await.is(200);
    one.logout(&bob.text("token"), "current").await.is(204);

    proxy.set(Way::Open);
    two.until_listening().await;
    two.application.state.database.close().await;
    two.session(&bob.text("token")).await.refused(401, "token_invalid");
    listening.abort();
}

#[tokio::test]
async fn a_pooler_that_swallows_notifications_is_not_trusted() {
    let (one, two, ada, bob) = scene().await;
    let proxy = PgProxy::to(one.database(), Way::Deaf).await;
    let listening = listen_by(&two, proxy.pool()).await;
    let until = Instant::now() + 2 * A_SECOND;
    while Instant::now() < until {
        assert_eq!(two.get("/readyz").await.json()["checks"]["revocations"], "asking");
        sleep(Duration::from_millis(20)).await;
    }
    one.logout(&ada.text("token"), "current").await.is(204);
    two.session(&ada.text("token")).await.refused(401, "token_invalid");
    two.session(&bob.text("token")).await.is(200);
    listening.abort();
}

#[tokio::test]
async fn without_channel_and_database_no_token_is_good() {
    let (_one, two, ada, _) = scene().await;
    two.stop_listening().await;
    two.session(&ada.text("token")).await.is(200);
    two.application.state.database.close().await;
    two.session(&ada.text("token")).await.refused(503, "database_unavailable");
}

#[tokio::test]
async fn the_token_of_a_session_that_is_not_there_is_refused_where_the_database_is_asked() {
    let (_one, two, ada, bob) = scene().await;
    let id = two.session(&ada.text("token")).await.text("sessionId");
    sqlx::query("DELETE FROM sessions WHERE id = $1::uuid")
        .bind(id)
        .execute(two.database())
        .await
        .unwrap();
    two.stop_listening().await;
    two.session(&ada.text("token")).await.refused(401, "token_invalid");
    two.session(&bob.text("token")).await.is(200);
}
