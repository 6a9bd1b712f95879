//! There is always an administrator left, however they race.
//!
//! Seen to fail on a program that looks without holding the rows.

use serde_json::{Value, json};

use crate::support::{Answer, Person, RACERS, TestApp, USERS, Visitor, count, race};

const ADMINS: &str = "SELECT count(*) FROM users WHERE 'admin' = ANY (roles) AND locked_at IS NULL";
const ROUNDS: usize = 6;

/// A way of making somebody no administrator.
#[derive(Clone, Copy, Debug)]
enum Act {
    Demote,
    Lock,
    Delete,
}

const ACTS: [Act; 3] = [Act::Demote, Act::Lock, Act::Delete];

async fn act(admin: Visitor, act: Act, subject: String) -> Answer {
    let path = format!("{USERS}/{subject}");
    match act {
        Act::Demote => admin.put(&format!("{path}/roles"), &json!({ "roles": [] })).await,
        Act::Lock => admin.post(&format!("{path}/lock"), &json!({})).await,
        Act::Delete => admin.delete(&path).await,
    }
}

fn is_done(answer: &Answer) -> bool {
    (200..300).contains(&answer.status())
}

#[tokio::test]
async fn the_last_administrator_cannot_go() {
    let app = TestApp::new().await;
    let (ada, bob) = (Person::ada(), Person::bob());
    let admin = app.admin(&ada).await;
    app.verified(&bob).await;
    let id = app.id_of(&ada).await;
    for way in ACTS {
        act(admin.clone(), way, id.clone()).await.refused(409, "last_admin");
    }
    // One who is locked is no administrator, and one who is none does not count.
    app.set_roles(&bob, "{admin}").await;
    let lock = "UPDATE users SET locked_at = created_at WHERE phone_number = $1";
    sqlx::query(lock).bind(&bob.phone).execute(app.database()).await.unwrap();
    for way in ACTS {
        act(admin.clone(), way, id.clone()).await.refused(409, "last_admin");
    }
    assert_eq!(app.user_row(&ada).await["locked_at"], Value::Null);
    assert_eq!(app.user_row(&ada).await["roles"], json!(["admin"]));
    // Roles that keep `admin` are no demotion.
    let roles = json!({ "roles": ["billing", "admin"] });
    admin.put(&format!("{USERS}/{id}/roles"), &roles).await.is(200);
}

#[tokio::test]
async fn an_administrator_goes_where_another_stays() {
    for way in ACTS {
        let app = TestApp::new().await;
        let (ada, bob) = (Person::ada(), Person::bob());
        let admin = app.admin(&ada).await;
        app.admin(&bob).await;
        let answer = act(admin.clone(), way, app.id_of(&ada).await).await;
        assert!(is_done(&answer), "{way:?}: {answer:?}");
        assert_eq!(app.count(ADMINS).await, 1);
        assert!((401..=403).contains(&admin.get(USERS).await.status()));
    }
}

/// Two administrators, and somebody who acts for each of them as often as it takes to race.
async fn two(app: &TestApp, round: usize) -> [(Visitor, String); 2] {
    sqlx::query("DELETE FROM users").execute(app.database()).await.unwrap();
    let mut both = Vec::new();
    for person in [Person::numbered(2 * round), Person::numbered(2 * round + 1)] {
        both.push((app.admin(&person).await, app.id_of(&person).await));
    }
    both.try_into().unwrap_or_else(|_| unreachable!("two were made"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_demote_one_another_at_once_leave_one() {
    let app = TestApp::with(&[("OTP_MAX_PER_ADDRESS_HOURLY", "1000")]).await;
    app.warm().await;
    for round in 0..ROUNDS {
        let [(one, id_one), (other, id_other)] = two(&app, round).await;
        let way = ACTS[round % ACTS.len()];
        let racers = (0..RACERS).map(|place| match place % 2 {
            0 => act(one.clone(), way, id_other.clone()),
            _ => act(other.clone(), way, id_one.clone()),
        });
        let answers = race(racers.collect()).await;
        assert_eq!(app.count(ADMINS).await, 1, "{way:?}: {answers:?}");
        // The one who came second is told in the words of one who is none any more; whose session
        // has ended by then, or who is gone, with a 401.
        let second = (0..2).map(|side| answers.iter().skip(side).step_by(2));
        let losers = second.filter(|of_side| !of_side.clone().any(is_done)).count();
        assert_eq!(losers, 1, "{way:?}: {answers:?}");
        assert!(answers.iter().all(|it| it.status() < 500), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_give_it_up_at_once_leave_one() {
    let app = TestApp::with(&[("OTP_MAX_PER_ADDRESS_HOURLY", "1000")]).await;
    app.warm().await;
    for round in 0..ROUNDS {
        let [(one, id_one), (other, id_other)] = two(&app, round).await;
        let way = ACTS[round % ACTS.len()];
        let racers = [act(one, way, id_one), act(other, way, id_other)];
        let answers = race(racers.into()).await;
        assert_eq!(app.count(ADMINS).await, 1, "{way:?}: {answers:?}");
        assert_eq!(count(&answers, 409, "last_admin"), 1, "{way:?}: {answers:?}");
    }
}
