//! `ringfence users import`: many people, a kill in the middle, and lines that are wrong.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection};

use super::child::{Ended, Ringfence, Scratch};
use super::installation::Installation;
use super::postgres::TestDatabase;

/// What Python's bcrypt 4.0.1 makes of "correct horse bättery".
const HASH: &str = "$2b$04$c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO";
const HASHED: &str = "correct horse b\u{e4}ttery";
const MANY: usize = 100_000;

/// A database, a directory, and the program on both.
struct Ground {
    database: TestDatabase,
    directory: Scratch,
}

impl Ground {
    async fn new() -> Self {
        Self { database: TestDatabase::new().await, directory: Scratch::new() }
    }

    fn start(&self, arguments: &[&str]) -> Ringfence {
        let arguments = [&["users", "import"], arguments].concat();
        let settings = [("DATABASE_URL", self.database.url.as_str())];
        Ringfence::start(&arguments, &self.directory.path, &settings)
    }

    async fn import(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).ended(super::child::START).await
    }

    async fn connect(&self) -> PgConnection {
        self.database.options.connect().await.unwrap()
    }

    async fn count(&self, what: &str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT count({what}) FROM users"));
        sqlx::query_scalar(query).fetch_one(&mut self.connect().await).await.unwrap()
    }
}

fn sums(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}{}", ended.out, ended.err))
}

/// A line for each of so many people.
fn people(many: usize) -> String {
    (0..many).fold(String::new(), |mut lines, at| {
        let person = format!("\"person{at}@example.com\",\"phoneNumber\":\"+4670{at:07}\"");
        writeln!(lines, "{{\"email\":{person},\"passwordHash\":\"{HASH}\"}}").unwrap();
        lines
    })
}

#[tokio::test]
async fn an_import_that_was_killed_half_way_goes_on_and_loses_and_doubles_nobody() {
    let ground = Ground::new().await;
    ground.directory.write("people.ndjson", &people(MANY));
    let killed = ground.start(&["people.ndjson"]);
    let some = i64::try_from(MANY / 5).unwrap();
    while ground.count("*").await < some {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    killed.crash();
    let there = ground.count("*").await;
    assert!((some..i64::try_from(MANY).unwrap()).contains(&there), "{there} at the kill");

    let sums = sums(&ground.import(&["people.ndjson", "--json"]).await);
    assert_eq!(sums["read"], MANY);
    assert_eq!(sums["refused"], 0);
    let (imported, already) = (&sums["imported"], &sums["alreadyThere"]);
    // What was under way when it was killed may have come after the count.
    assert!(already.as_i64().unwrap() >= there, "{sums}");
    assert_eq!(imported.as_u64().unwrap() + already.as_u64().unwrap(), MANY as u64);
    for what in ["*", "DISTINCT id", "DISTINCT email", "DISTINCT phone_number"] {
        assert_eq!(ground.count(what).await, i64::try_from(MANY).unwrap(), "{what}");
    }
}

#[tokio::test]
async fn two_imports_at_once_write_everybody_once() {
    let ground = Ground::new().await;
    ground.directory.write("people.ndjson", &people(6000));
    let run = || ground.import(&["people.ndjson", "--json"]);
    let (one, other) = tokio::join!(run(), run());
    let imported = [sums(&one), sums(&other)].map(|sums| sums["imported"].as_u64().unwrap());
    assert_eq!(imported[0] + imported[1], 6000, "{imported:?}");
    assert_eq!(ground.count("*").await, 6000);
}

/// What docs/import.md grants, in its order.
fn documented_grants() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/import.md");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().filter(|line| line.starts_with("GRANT ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn nobody_is_written_by_a_role_that_may_not_write_down_that_they_were() {
    let mut ground = Ground::new().await;
    let mut owner = ground.connect().await;
    let grants = documented_grants();
    let (auditing, reading) = grants.split_last().unwrap();
    assert!(auditing.starts_with("GRANT INSERT ON audit_events") && !reading.is_empty());
    let create = "CREATE ROLE importer LOGIN".to_owned();
    for statement in [create].iter().chain(reading) {
        sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut owner).await.unwrap();
    }
    let url = ground.database.url.replace("//ringfence@", "//importer@");
    assert_ne!(url, ground.database.url);
    ground.database.url = url;
    ground.directory.write("people.ndjson", &people(3));
    let refused = ground.import(&["people.ndjson"]).await;
    assert!(refused.complaint().contains("permission denied"), "{}", refused.err);
    assert_eq!(ground.count("*").await, 0, "nobody comes without the event that tells of it");

    sqlx::raw_sql(AssertSqlSafe(auditing.clone())).execute(&mut owner).await.unwrap();
    let ended = ground.import(&["people.ndjson", "--json"]).await;
    assert_eq!(sums(&ended)["imported"], 3, "{}", ended.err);
    let users = "SELECT (detail ->> 'users')::int FROM audit_events WHERE event = 'users_imported'";
    let users: Vec<i32> = sqlx::query_scalar(users).fetch_all(&mut owner).await.unwrap();
    assert_eq!(users, [3]);
}

/// A file with one good line, and the line and field of everything that is wrong with the others.
fn faulty() -> (String, Vec<(u64, Option<&'static str>)>) {
    let ok = |email: &str, phone: &str| json!({"email": email, "phoneNumber": phone, "passwordHash": HASH});
    let with = |field: &str, value: Value| {
        let mut line = ok("bob@example.com", "+14155552672");
        line[field] = value;
        line.to_string()
    };
    let long = format!("{{\"email\":\"{}\"}}", "secret".repeat(20_000));
    let lines = [
        (ok("ada@example.com", "+14155552671").to_string(), vec![]),
        ("secret".to_owned(), vec![None]),
        ("[\"secret\"]".to_owned(), vec![None]),
        ("\"secret\"".to_owned(), vec![None]),
        (String::new(), vec![]),
        (with("email", json!("secret")), vec![Some("email")]),
        (with("email", json!(null)), vec![Some("email")]),
        (with("email", json!(5)), vec![None]),
        (with("phoneNumber", json!("secret")), vec![Some("phoneNumber")]),
        (with("passwordHash", json!("secret")), vec![Some("passwordHash")]),
        (with("isVerified", json!("secret")), vec![Some("isVerified")]),
        (with("locale", json!("secret secret")), vec![Some("locale")]),
        (with("createdAt", json!("secret")), vec![Some("createdAt")]),
        (with("roles", json!(["Secret"])), vec![Some("roles")]),
        (with("roles", json!("secret")), vec![Some("roles")]),
        (with("phone", json!("+14155552672")), vec![None]),
        (long, vec![None]),
        ("{}".to_owned(), vec![Some("email"), Some("phoneNumber"), Some("passwordHash")]),
        // What would poison the server.
        (with("passwordHash", json!(HASH.replace("$04$", "$31$"))), vec![Some("passwordHash")]),
        (
            with(
                "passwordHash",
                json!(
                    "$argon2id$v=19$m=4194304,t=9,p=1$c2l4dGVlbiBieXRlcyBvaw$92+N1j24oFZ0IXBCfdZaS9yYqX6HGae2x8YiwZWs98M"
                ),
            ),
            vec![Some("passwordHash")],
        ),
        // The same person, and people who have something of theirs.
        (ok("ADA@example.com", "+1 415 555 2671").to_string(), vec![]),
        (ok("ada@EXAMPLE.com", "+14155552673").to_string(), vec![Some("email")]),
        (ok("eve@example.com", "+14155552671").to_string(), vec![Some("phoneNumber")]),
    ];
    let faults = lines.iter().zip(1..);
    let faults = faults.flat_map(|((_, fields), at)| fields.iter().map(move |field| (at, *field)));
    let faults = faults.collect();
    let lines = lines.map(|(line, _)| line + "\n");
    // A mark at the beginning, as some programs write it.
    (format!("\u{feff}{}", lines.concat()), faults)
}

#[tokio::test]
async fn every_line_that_is_wrong_is_told_with_its_field_and_without_what_stands_there() {
    let ground = Ground::new().await;
    let (lines, wanted) = faulty();
    let refused = wanted.iter().map(|(line, _)| line).collect::<BTreeSet<_>>().len();
    ground.directory.write("people.jsonl", &lines);
    let sums_of = |dry_run: bool| json!({"dryRun": dry_run, "read": 22, "imported": 1, "alreadyThere": 1, "refused": refused});
    for dry_run in [true, false] {
        let flag = if dry_run { ["--dry-run"].as_slice() } else { &[] };
        let arguments = [["people.jsonl", "--json", "--errors", "wrong"].as_slice(), flag].concat();
        let ended = ground.import(&arguments).await;
        assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
        assert_eq!(sums(&ended), sums_of(dry_run), "{}", ended.err);
        let told = std::fs::read_to_string(ground.directory.path.join("wrong")).unwrap();
        assert!(!format!("{told}{}", ended.err).to_lowercase().contains("secret"), "{told}");
        let told = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut told: Vec<(u64, Option<String>)> = told
            .map(|it| (it["line"].as_u64().unwrap(), it["field"].as_str().map(str::to_owned)))
            .collect();
        told.sort();
        let wanted = wanted.iter().map(|(line, field)| (*line, field.map(str::to_owned)));
        let mut wanted: Vec<_> = wanted.collect();
        wanted.sort();
        assert_eq!(told, wanted);
        assert_eq!(ground.count("*").await, i64::from(!dry_run));
    }
    // Without a file for them they are told on standard error, in words.
    let ended = ground.import(&["people.jsonl"]).await;
    assert!(ended.err.contains("line 6: email: Write the address in full"), "{}", ended.err);
    assert_eq!(ended.out, format!("22 read: 0 imported, 2 already there, {refused} refused\n"));
}

#[tokio::test]
async fn a_csv_file_and_standard_input_are_read() {
    let ground = Ground::new().await;
    let csv = format!(
        "email,phoneNumber,passwordHash,isVerified,locale,createdAt,roles\r\n\
         ada@example.com,+14155552671,{HASH},TRUE,de-AT,2020-01-02T03:04:05Z,admin ops\r\n\
         \"bob@example.com\",\"+1 415 555 2672\",{HASH},,,,\r\n\
         \r\n\
         eve@example.com,+14155552673\r\n"
    );
    ground.directory.write("people.csv", &csv);
    let ended = ground.import(&["people.csv"]).await;
    assert_eq!(ended.out, "3 read: 2 imported, 0 already there, 1 refused\n", "{}", ended.err);
    assert!(ended.err.contains("line 5: has 2 columns, the header 7"), "{}", ended.err);
    let row = "SELECT to_jsonb(u) FROM users u WHERE email = 'ada@example.com'";
    let ada: Value = sqlx::query_scalar(row).fetch_one(&mut ground.connect().await).await.unwrap();
    assert_eq!((&ada["is_verified"], &ada["locale"]), (&json!(true), &json!("de")));
    assert_eq!(ada["roles"], json!(["admin", "ops"]));
    assert_eq!(ada["created_at"], "2020-01-02T03:04:05+00:00");

    ground.directory.write("unknown.csv", "email,secret\na,b\n");
    let unknown = ground.import(&["unknown.csv"]).await;
    assert!(unknown.complaint().contains("nobody knows the field \"secret\""), "{}", unknown.err);
    let people = ground.directory.write("people", &people(3));
    let settings = [("DATABASE_URL", ground.database.url.as_str())];
    let arguments = ["users", "import", "-", "--json"];
    let directory = &ground.directory.path;
    let ended = Ringfence::run_reading(&arguments, directory, &settings, &people).await;
    assert_eq!(sums(&ended)["imported"], 3, "{}", ended.err);
    assert_eq!(ground.import(&["people"]).await.status.code(), Some(1), "no format is told");
}

#[tokio::test]
async fn a_line_of_csv_that_does_not_end_ends_the_command_with_the_place_where_it_began() {
    const LINE_MAX: usize = 64 * 1024;
    let ground = Ground::new().await;
    let good = format!("ada@example.com,+14155552671,{HASH}\n");
    // As long as it may be, in two lines, and wrong only for what it says.
    let mut longest = format!("\"a\n{:a<1$}", "", LINE_MAX - 3);
    longest.replace_range(LINE_MAX - 3.., "\",,");
    assert_eq!(longest.len(), LINE_MAX);
    let header = "email,phoneNumber,passwordHash\n";
    ground.directory.write("longest.csv", &format!("{header}{longest}\n{good}"));
    let ended = ground.import(&["longest.csv"]).await;
    assert_eq!(ended.out, "2 read: 1 imported, 0 already there, 1 refused\n", "{}", ended.err);
    assert!(ended.err.contains("line 2: email: "), "{}", ended.err);

    let longer = longest.replacen('a', "aa", 1);
    let rest = good.repeat(LINE_MAX);
    let not_closed = format!("\"eve@example.com,+14155552673,{HASH}\n{rest}");
    for text in [format!("{header}{good}{longer}\n{good}"), format!("{header}{good}{not_closed}")] {
        ground.directory.write("endless.csv", &text);
        let ended = ground.import(&["endless.csv"]).await;
        let told = "line 3: what begins there has more than 65536 bytes";
        assert!(ended.complaint().contains(told), "{}", ended.err);
        assert_eq!(ended.out, "");
    }
    ground.directory.write("header.csv", &format!("\"{rest}"));
    let ended = ground.import(&["header.csv"]).await;
    assert!(ended.complaint().contains("line 1: what begins there has more"), "{}", ended.err);
}

#[tokio::test]
async fn who_was_imported_logs_in_with_the_old_password_and_gets_a_hash_of_ours() {
    let installation = Installation::new().await;
    let line = json!({"email": "ada@example.com", "phoneNumber": "+14155552671", "passwordHash": HASH, "isVerified": true});
    installation.directory.write("people.ndjson", &line.to_string());
    let ended = installation.run(&["users", "import", "people.ndjson"]).await;
    assert_eq!(ended.out, "1 read: 1 imported, 0 already there, 0 refused\n", "{}", ended.err);
    let serving = installation.serve().await;
    let login = |password: &str| {
        let api = serving.api.clone();
        let body = json!({"email": "ada@example.com", "password": password});
        async move { api.post("login", body).await }
    };
    login("correct horse battery").await.expect(401);
    let mut database = installation.database.options.connect().await.unwrap();
    for stored in [HASH, "$argon2id$"] {
        let hash: String = sqlx::query_scalar("SELECT password_hash FROM users")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert!(hash.starts_with(stored), "{hash}");
        assert_eq!(login(HASHED).await.expect(200).body["requiresOtp"], false);
    }
}
