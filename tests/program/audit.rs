//! `ringfence audit`, and what the other commands write down.

use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use super::installation::Installation;

/// Every event as `export` writes it.
async fn exported(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let ended = installation.run(&[&["audit", "export"], arguments].concat()).await;
    assert!(ended.status.success(), "{}", ended.err);
    ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

/// Waits until a server has sealed everything.
pub(crate) async fn until_sealed(connection: &mut PgConnection) {
    let unsealed = "SELECT count(*) FROM audit_events
        WHERE id NOT IN (SELECT event_id FROM audit_chain)";
    let begun = std::time::Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar(unsealed).fetch_one(&mut *connection).await.unwrap();
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < super::child::SOON, "{left} are never sealed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn commands_are_written_down_sealed_verified_and_dropped_with_their_month() {
    let installation = Installation::new().await;
    let mut owner = installation.database.options.connect().await.unwrap();
    let made = installation.run(&["audit", "partitions"]).await;
    assert_eq!(made.out.matches(" is made").count(), 13, "{}{}", made.out, made.err);
    let long_ago = "INSERT INTO audit_events (id, created_at, event, outcome, actor, detail)
        VALUES (gen_random_uuid(), '2020-01-31 12:00+00', 'registered', 'success', 'self', '{}')";
    sqlx::query(long_ago).execute(&mut owner).await.unwrap();

    give_commands(&installation).await;
    let told = exported(&installation, &["--from", "2021-01-01"]).await;
    let wanted = [
        "users_imported",
        "account_locked",
        "account_unlocked",
        "account_deleted",
        "keys_rotated",
        "keys_withdrawn",
    ];
    assert_eq!(names(&told), wanted);
    assert!(told.iter().all(|event| event["actor"] == "cli"), "{told:?}");
    assert_eq!(told[0]["detail"]["users"], 1);
    assert_eq!(exported(&installation, &["--to", "2021-01-01"]).await.len(), 1);

    let serving = installation.serve().await;
    until_sealed(&mut owner).await;
    let verified = installation.run(&["audit", "verify"]).await;
    assert!(verified.status.success(), "{}{}", verified.out, verified.err);
    assert!(
        verified.out.contains("events in the chain: 7, dropped with their month: 0,"),
        "{}",
        verified.out
    );
    let pruned = installation.run(&["audit", "prune", "--before", "2021-01"]).await;
    assert!(
        pruned.out.contains("the default partition is emptied"),
        "{}{}",
        pruned.out,
        pruned.err
    );
    until_sealed(&mut owner).await;
    let left = exported(&installation, &[]).await;
    assert_eq!(names(&left).last(), Some(&"audit_pruned"));
    assert_eq!(left.len(), 7);
    drop(serving);

    let verified = installation.run(&["audit", "verify"]).await;
    let head = verified.out.lines().find_map(|line| line.strip_prefix("checkpoint ")).unwrap();
    let known = installation.run(&["audit", "verify", "--checkpoint", head]).await;
    assert!(known.status.success(), "{}{}", known.out, known.err);
    let tail = installation.run(&["audit", "tail", "-n", "2", "--event", "keys_rotated"]).await;
    assert_eq!(tail.out.lines().count(), 1, "{}", tail.out);

    tamper(&mut owner).await;
    let found = installation.run(&["audit", "verify"]).await;
    assert_eq!(found.status.code(), Some(1), "{}", found.out);
    assert!(found.out.contains(" is changed"), "{}", found.out);
}

/// Takes somebody in, does this and that to them, and has other keys.
async fn give_commands(installation: &Installation) {
    let person = r#"{"email":"ada@example.com","phoneNumber":"+14155552671","passwordHash":"$2b$04$c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO"}"#;
    let file = installation.directory.write("people.ndjson", person);
    let imported = installation.run(&["users", "import", file.to_str().unwrap()]).await;
    assert!(imported.status.success(), "{}{}", imported.out, imported.err);
    for command in [
        &["users", "lock", "ada@example.com", "--reason", "to see"][..],
        &["users", "unlock", "ada@example.com"],
        &["users", "delete", "ada@example.com", "--yes"],
        &["keys", "rotate"],
        &["keys", "rotate", "--now"],
    ] {
        let ended = installation.run(command).await;
        assert!(ended.status.success(), "{command:?}: {}", ended.err);
    }
}

/// Changes what the triggers would refuse: only a superuser can.
async fn tamper(owner: &mut PgConnection) {
    let mut tampering = owner.begin().await.unwrap();
    for statement in [
        "SET LOCAL session_replication_role = replica",
        "UPDATE audit_events SET actor = 'system' WHERE event = 'account_locked'",
    ] {
        sqlx::query(statement).execute(&mut *tampering).await.unwrap();
    }
    tampering.commit().await.unwrap();
}
