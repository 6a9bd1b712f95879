//! The lines of `users import`, as NDJSON and as CSV: each is taken or refused, no value is told again, and
//! whoever is taken reads back as the same person from either kind of file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::cli::users::import::{Batch, Checker, Format, Place, read};
use ringfence::foundation::{Clock, Entropy};
use ringfence::users::{ImportedUser, Role};
use tokio::sync::mpsc;

/// What is no word of a complaint.
const SECRET: &str = "hunter2";

/// All batches; `None` where the file as a whole is refused.
fn batches(text: &[u8], format: Format) -> Option<Vec<Batch>> {
    let checker = Checker::new(None, Clock::default(), Entropy::default());
    // More than a text of this size can fill.
    let (sender, mut receiver) = mpsc::channel(16);
    let read = read(text, format, &checker, &sender);
    drop(sender);
    let batches = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
    read.is_ok().then_some(batches)
}

fn line_of(place: &Place) -> u64 {
    match place {
        Place::Line(line) => *line,
        Place::Row(row) => panic!("a file has no row {row}"),
    }
}

fn reads_back(user: &ImportedUser) {
    let ImportedUser { email, phone_number, password_hash, is_verified, locale, .. } = user;
    let roles: Vec<&str> = user.roles.iter().map(Role::as_str).collect();
    let created_at = user.created_at.to_rfc3339();
    let ndjson = serde_json::json!({
        "email": email.as_str(), "phoneNumber": phone_number.e164(), "locale": locale,
        "passwordHash": password_hash.as_str(), "isVerified": is_verified, "roles": roles,
        "createdAt": created_at,
    });
    let csv = format!(
        "email,phoneNumber,passwordHash,isVerified,locale,roles,createdAt\n\
         \"{email}\",{number},\"{hash}\",{is_verified},{locale},{roles},{created_at}",
        email = email.as_str().replace('"', "\"\""),
        number = phone_number.e164(),
        hash = password_hash.as_str(),
        locale = locale.as_deref().unwrap_or_default(),
        roles = roles.join(" "),
    );
    for (text, format) in [(ndjson.to_string(), Format::Ndjson), (csv, Format::Csv)] {
        let batches = batches(text.as_bytes(), format).expect("what we write we read");
        let [Batch { people, refused, .. }] = &batches[..] else { panic!("one batch") };
        assert!(refused.is_empty(), "{text}: {refused:?}");
        let [(_, again)] = &people[..] else { panic!("one person") };
        assert_eq!((&again.email, &again.phone_number), (email, phone_number));
        assert_eq!(again.password_hash.as_str(), password_hash.as_str());
        assert_eq!((again.is_verified, &again.locale), (*is_verified, locale));
        assert_eq!((&again.roles, again.created_at), (&user.roles, user.created_at));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|&byte| byte == b'\n').count() as u64;
    for format in [Format::Ndjson, Format::Csv] {
        let Some(batches) = batches(bytes, format) else { continue };
        for (place, faults) in batches.iter().flat_map(|batch| &batch.refused) {
            assert!((1..=lines).contains(&line_of(place)) && !faults.is_empty());
            for fault in faults {
                let names = fault.reason.starts_with("nobody knows the field");
                assert!(names || !fault.reason.contains(SECRET), "{}", fault.reason);
            }
        }
        for (place, user) in batches.iter().flat_map(|batch| &batch.people) {
            assert!((1..=lines).contains(&line_of(place)));
            reads_back(user);
        }
        let read: u64 = batches.iter().map(|batch| batch.bytes).sum();
        let told: usize = batches.iter().map(|it| it.people.len() + it.refused.len()).sum();
        assert!(read <= bytes.len() as u64 && told as u64 <= lines);
        assert!(format == Format::Csv || read == bytes.len() as u64, "{read}");
    }
});
