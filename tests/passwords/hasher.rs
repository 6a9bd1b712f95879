//! The hashing threads: verdicts, equal work, overload, callers who leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringfence::passwords::{Argon2Cost, HashError, Hasher, PasswordHash, PoolSize, Verification};

use crate::{hasher, password, tiny};

const SALT: [u8; PasswordHash::SALT_LENGTH] = *b"sixteen bytes ok";

/// Tens of milliseconds at least, even on a fast core.
fn heavy() -> Argon2Cost {
    Argon2Cost::new(65_536, 3, 1).unwrap()
}

async fn hash(hasher: &Hasher, text: &str) -> PasswordHash {
    hasher.hash(password(text), SALT).await.unwrap()
}

#[tokio::test]
async fn the_right_password_matches_and_a_wrong_one_does_not() {
    let hasher = hasher(tiny(), 1, 4);
    let stored = Some(hash(&hasher, "correct horse").await);
    for (text, verdict) in [
        ("correct horse", Verification::Match),
        ("Correct horse", Verification::Mismatch),
        ("correct horse ", Verification::Mismatch),
        ("c", Verification::Mismatch),
    ] {
        assert_eq!(hasher.verify(password(text), stored).await.unwrap(), verdict, "{text:?}");
    }
}

#[tokio::test]
async fn a_hash_survives_the_database() {
    let hasher = hasher(tiny(), 1, 4);
    let text = hash(&hasher, "correct horse").await.to_phc();
    assert!(text.starts_with("$argon2id$v=19$m=64,t=1,p=1$c2l4dGVlbiBieXRlcyBvaw$"), "{text}");
    let read = PasswordHash::parse(&text).unwrap();
    assert_eq!(read.to_phc(), text);
    let verdict = hasher.verify(password("correct horse"), Some(read)).await.unwrap();
    assert_eq!(verdict, Verification::Match);
}

#[tokio::test]
async fn another_salt_makes_another_hash() {
    let hasher = hasher(tiny(), 1, 4);
    let one = hasher.hash(password("correct horse"), [1; 16]).await.unwrap();
    let other = hasher.hash(password("correct horse"), [2; 16]).await.unwrap();
    let tag = |hash: &PasswordHash| hash.to_phc().rsplit('$').next().unwrap().to_owned();
    assert_ne!(tag(&one), tag(&other));
}

#[tokio::test]
async fn an_unknown_user_costs_one_hash_as_a_wrong_password_does() {
    let hasher = hasher(tiny(), 1, 4);
    let stored = hash(&hasher, "correct horse").await;
    for user in [Some(stored), None] {
        let before = hasher.hashes_done();
        let verdict = hasher.verify(password("wrong"), user).await.unwrap();
        assert_eq!(verdict, Verification::Mismatch);
        assert_eq!(hasher.hashes_done() - before, 1);
    }
}

/// One count is not the same work: the decoy must also cost what a real hash does. On a busy machine single times
/// scatter, so the least of each is compared, and measured again until they agree or never will.
#[tokio::test]
async fn an_unknown_user_takes_as_long_as_a_wrong_password() {
    let hasher = hasher(Argon2Cost::default(), 1, 4);
    let stored = hash(&hasher, "correct horse").await;
    let [mut wrong, mut unknown] = [Duration::MAX; 2];
    for _ in 0..100 {
        for (user, least) in [(Some(stored), &mut wrong), (None, &mut unknown)] {
            let started = Instant::now();
            hasher.verify(password("wrong"), user).await.unwrap();
            *least = started.elapsed().min(*least);
        }
        if unknown * 3 < wrong * 4 && wrong * 3 < unknown * 4 {
            return;
        }
    }
    panic!("wrong password {wrong:?}, unknown user {unknown:?}");
}

#[tokio::test]
async fn no_password_logs_an_unknown_user_in() {
    let hasher = hasher(tiny(), 1, 4);
    for text in ["\0", "decoy", "correct horse"] {
        assert_eq!(
            hasher.verify(password(text), None).await.unwrap(),
            Verification::Mismatch,
            "{text:?}"
        );
    }
}

#[tokio::test]
async fn a_hash_at_a_lower_cost_is_told_and_one_at_a_higher_is_not() {
    let now = hasher(Argon2Cost::new(64, 2, 2).unwrap(), 1, 4);
    for (cost, verdict) in [
        ((64, 2, 2), Verification::Match),
        ((128, 3, 4), Verification::Match),
        ((63, 2, 2), Verification::MatchOutdated),
        ((64, 1, 2), Verification::MatchOutdated),
        ((64, 2, 1), Verification::MatchOutdated),
        ((128, 1, 4), Verification::MatchOutdated),
    ] {
        let then = hasher(Argon2Cost::new(cost.0, cost.1, cost.2).unwrap(), 1, 4);
        let stored = hash(&then, "correct horse").await;
        assert_eq!(
            now.verify(password("correct horse"), Some(stored)).await.unwrap(),
            verdict,
            "{cost:?}"
        );
        assert_eq!(
            now.verify(password("wrong"), Some(stored)).await.unwrap(),
            Verification::Mismatch,
            "{cost:?}"
        );
    }
}

#[tokio::test]
async fn other_forms_of_the_same_password_verify_against_each_other() {
    let hasher = hasher(tiny(), 1, 4);
    for forms in [
        ["caf\u{e9} au lait", "cafe\u{301} au lait"],
        ["\u{fb01}rst things", "first things"],
        ["\u{ff50}\u{ff41}\u{ff53}\u{ff53} word", "pass word"],
        ["no\u{a0}break", "no break"],
    ] {
        for (set, given) in [(forms[0], forms[1]), (forms[1], forms[0])] {
            let stored = hash(&hasher, set).await;
            let verdict = hasher.verify(password(given), Some(stored)).await.unwrap();
            assert_eq!(verdict, Verification::Match, "{set} {given}");
        }
    }
    let plain = hash(&hasher, "cafe au lait").await;
    let verdict = hasher.verify(password("caf\u{e9} au lait"), Some(plain)).await.unwrap();
    assert_eq!(verdict, Verification::Mismatch, "an accent is part of a password");
}

/// One async thread, so that a hash computed on it would stop the ticks for its whole duration.
#[tokio::test(flavor = "current_thread")]
async fn hashing_never_holds_up_the_async_thread() {
    let hasher = hasher(heavy(), 1, 4);
    let started = Instant::now();
    let mut hashing = std::pin::pin!(hasher.hash(password("correct horse"), SALT));
    let mut ticks = 0_u32;
    loop {
        tokio::select! {
            biased;
            outcome = &mut hashing => {
                outcome.unwrap();
                break;
            }
            () = tokio::time::sleep(Duration::from_millis(2)) => ticks += 1,
        }
    }
    assert!(ticks >= 5, "{ticks} ticks in {:?}", started.elapsed());
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_with_a_time_to_come_again() {
    let hasher = Arc::new(hasher(heavy(), 1, 2));
    let one_hash = {
        let started = Instant::now();
        hash(&hasher, "warm up").await;
        started.elapsed()
    };
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move {
                let started = Instant::now();
                (hasher.hash(password("correct horse"), SALT).await, started.elapsed())
            })
        })
        .collect();
    let (mut served, mut refused) = (0, 0);
    for caller in callers {
        match caller.await.unwrap() {
            (Ok(_), _) => served += 1,
            (Err(HashError::Busy { retry_after }), after) => {
                assert!(retry_after >= Duration::from_secs(1), "{retry_after:?}");
                assert!(after < one_hash, "refused after {after:?}, a hash takes {one_hash:?}");
                refused += 1;
            }
            (Err(error), _) => panic!("{error}"),
        }
    }
    // Two may wait, one more is with the thread if that has woken in time.
    assert!((2..=3).contains(&served), "{served} served");
    assert_eq!(served + refused, 8);
    hash(&hasher, "after the rush").await;
    assert_eq!(hasher.queue_depth(), 0);
}

#[tokio::test]
async fn callers_who_left_are_skipped() {
    let hasher = Arc::new(hasher(heavy(), 1, 8));
    let first = tokio::spawn({
        let hasher = Arc::clone(&hasher);
        async move { hash(&hasher, "stays").await }
    });
    tokio::task::yield_now().await;
    for _ in 0..4 {
        let left = hasher.hash(password("leaves"), SALT);
        assert!(tokio::time::timeout(Duration::ZERO, left).await.is_err());
    }
    first.await.unwrap();
    hash(&hasher, "comes last").await;
    assert_eq!(hasher.hashes_done(), 2);
}

#[tokio::test]
async fn all_threads_work_at_once_and_every_answer_reaches_its_caller() {
    let hasher = Arc::new(hasher(tiny(), 4, 64));
    let callers: Vec<_> = (0..64)
        .map(|number| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move {
                let text = format!("password of {number}");
                let stored = hash(&hasher, &text).await;
                hasher.verify(password(&text), Some(stored)).await.unwrap()
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Verification::Match);
    }
    assert_eq!(hasher.hashes_done(), 128);
}

#[tokio::test]
async fn a_closed_hasher_says_so() {
    let hasher = hasher(tiny(), 1, 4);
    hasher.close();
    let refused = hasher.hash(password("correct horse"), SALT).await;
    assert!(matches!(refused, Err(HashError::Closed)));
}

#[test]
fn a_dearer_hash_gets_a_shorter_queue() {
    let waiting_a_thread = |cost| {
        let size = PoolSize::for_this_machine(cost);
        size.waiting.get() / size.threads.get()
    };
    assert_eq!(waiting_a_thread(Argon2Cost::default()), 32);
    assert_eq!(waiting_a_thread(heavy()), 6);
    assert_eq!(waiting_a_thread(Argon2Cost::new(262_144, 4, 1).unwrap()), 4);
    assert_eq!(waiting_a_thread(tiny()), 256);
}
