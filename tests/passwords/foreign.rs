//! Hashes of other systems: published vectors of each kind, what is refused before it can do harm, and the traps
//! that bcrypt and HMAC have.

use proptest::prelude::*;
use ringfence::passwords::{Hasher, InvalidHash, PasswordHash, Verification};

use crate::{hasher, password, tiny};

/// A password, and its hash by somebody else.
const VECTORS: [(&str, &str); 17] = [
    // crypt_blowfish 1.3, wrapper.c; also in the tests of PyPI's bcrypt and of jBCrypt.
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
    ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
    ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    // The tests of PyPI's bcrypt 5.0, `_test_vectors`.
    ("Kk4DQuMMfZL9o", "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm"),
    ("Tg4daC27epFBE", "$2b$04$ahiTdwRXpUG2JLRcIznxc.s1.ydaPGD372bsGs8NqyYjLY1inG5n2"),
    ("J8eHUDuxBB520", "$2b$04$VvlCUKbTMjaxaYJ.k5juoecpG/7IzcH1AkmqKi.lIZMVIOLClWAk."),
    // PyPI's bcrypt 4.0.1, `hashpw`; `$2y$` is PHP's name for the same.
    (BATTERY, "$2b$04$c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO"),
    (BATTERY, "$2y$04$c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO"),
    // RFC 7914 §12, the third vector: N = 16384, r = 8, p = 1.
    (
        "pleaseletmein",
        "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$\
         cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
    ),
    // The second: N = 1024, r = 8, p = 16.
    (
        "password",
        "$scrypt$ln=10,r=8,p=16$TmFDbA$\
         /bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
    ),
    // RFC 7914 §11: PBKDF2 with SHA-256, one iteration; the first of its two blocks.
    ("passwd", "$pbkdf2-sha256$i=1,l=32$c2FsdA$VawEblbjCJ/sFpHCJUS2BflBhSFt3gRl5oudV8INrLw"),
    // RFC 6070: PBKDF2 with SHA-1, 4096 iterations.
    ("password", "$pbkdf2$i=4096$c2FsdA$SwB5AbdlSJq+rUnZJvch0GWkKcE"),
    // passlib 1.7.4: `pbkdf2_sha256`, `pbkdf2_sha512`, `pbkdf2_sha1`, `scrypt`.
    (
        BATTERY,
        "$pbkdf2-sha256$1000$c2l4dGVlbiBieXRlcyBvaw$zfDf5HY93mOiLLxfxgpcgPk6BvXycFUpeZ54UGPKViQ",
    ),
    (
        BATTERY,
        "$pbkdf2-sha512$1000$c2l4dGVlbiBieXRlcyBvaw$\
         KN2eagoNwygyqeN67Tjkjt/kxz5/5Vx709eRVULinqKu/xNMN/YFi/EjnuRTlLmFocIw0ETIurbUNxNe4sHwMQ",
    ),
    (BATTERY, "$pbkdf2$1000$c2l4dGVlbiBieXRlcyBvaw$GBlwj9R9860EB0peld1cK.lkeBA"),
    (
        BATTERY,
        "$scrypt$ln=4,r=8,p=2$c2l4dGVlbiBieXRlcyBvaw$sx/RwVGWy/P3kJ+hBp9RBARB+9kcWC42+Tyds8tmCHQ",
    ),
    // Django 5.2.8, `PBKDF2PasswordHasher().encode`.
    (
        BATTERY,
        "pbkdf2_sha256$1000$seasalt22characters000$4J42INAzM8o3GDZYAG0qBgj8/JdR2y6dHYz18KcNjWw=",
    ),
];

/// `correct horse bättery`, with one code point for the `ä`.
const BATTERY: &str = "correct horse b\u{e4}ttery";

async fn verify(hasher: &Hasher, text: &str, stored: &str) -> Verification {
    let stored = PasswordHash::parse(stored).unwrap();
    hasher.verify(password(text), Some(stored)).await.unwrap()
}

#[tokio::test]
async fn published_vectors_match_and_are_to_be_hashed_anew() {
    let hasher = hasher(tiny(), 2, 8);
    for (text, stored) in VECTORS {
        assert_eq!(verify(&hasher, text, stored).await, Verification::MatchOutdated, "{stored}");
        let wrong = format!("{text}x");
        assert_eq!(verify(&hasher, &wrong, stored).await, Verification::Mismatch, "{stored}");
    }
}

#[tokio::test]
async fn what_is_stored_of_a_hash_verifies_like_what_was_read() {
    let hasher = hasher(tiny(), 2, 8);
    for (text, read) in VECTORS {
        let stored = PasswordHash::parse(read).unwrap().to_phc();
        assert_eq!(verify(&hasher, text, &stored).await, Verification::MatchOutdated, "{stored}");
        assert_eq!(PasswordHash::parse(&stored).unwrap().to_phc(), stored, "{read}");
    }
}

/// The time of a login with a hash of another system is that hash and one of ours, whatever comes of it: so it does
/// not tell a right password by a hash that comes after it.
#[tokio::test]
async fn a_wrong_password_costs_a_hash_of_ours_besides() {
    let hasher = hasher(tiny(), 1, 4);
    let (right, stored) = VECTORS[0];
    let before = hasher.hashes_done();
    verify(&hasher, right, stored).await;
    assert_eq!(hasher.hashes_done() - before, 1, "the one that follows is the new hash");
    verify(&hasher, "wrong", stored).await;
    assert_eq!(hasher.hashes_done() - before, 3);
}

/// bcrypt stops at 72 bytes: the old system let in whoever knew those. Such a login is good, but must not become the
/// new hash, since nothing shows that the rest of it is right.
#[tokio::test]
async fn what_bcrypt_has_not_read_lets_in_and_is_never_made_the_new_hash() {
    let hasher = hasher(tiny(), 1, 4);
    // PyPI's bcrypt 4.0.1 of "0123456789" eight times.
    let stored = "$2a$04$c2l4dGVlbiBieXRlc.b2iuo5aF5wjQhemXPn18dW3tcY4VnzlmQwi";
    let whole = "0123456789".repeat(8);
    let other_end = format!("{}wrong!", &whole[..72]);
    for text in [whole.as_str(), &other_end, &whole[..72]] {
        assert_eq!(verify(&hasher, text, stored).await, Verification::Match, "{text}");
    }
    assert_eq!(verify(&hasher, &whole[..71], stored).await, Verification::Mismatch);
}

/// bcrypt goes round `a`, NUL, `a`, NUL …, and HMAC fills a key up with NULs: to either, other passwords than the
/// right one are the same.
#[tokio::test]
async fn a_nul_never_makes_two_passwords_one() {
    let hasher = hasher(tiny(), 1, 4);
    // PyPI's bcrypt 4.0.1 of "a".
    let of_a = "$2b$04$c2l4dGVlbiBieXRlc.b2iuEXOE16jUeseiOoiuRIORlieXAtdiaAm";
    assert_eq!(verify(&hasher, "a", of_a).await, Verification::MatchOutdated);
    let (passwd, of_passwd) = VECTORS[10];
    let padded = format!("{passwd}\0");
    for (text, stored) in [("a\0a", of_a), ("a\0", of_a), ("a\0b", of_a), (&padded, of_passwd)] {
        assert_eq!(verify(&hasher, text, stored).await, Verification::Mismatch, "{text:?}");
    }
}

/// Other systems hash the bytes that were typed; ours is the normal form (NFKC).
#[tokio::test]
async fn a_password_is_tried_as_it_was_typed_and_then_in_its_normal_form() {
    let hasher = hasher(tiny(), 1, 4);
    // PyPI's bcrypt 4.0.1 of the ligature in "ﬁrst things", and of "bättery" with a combining accent.
    let of_ligature = "$2b$04$c2l4dGVlbiBieXRlc.b2iuLW3SjmWQMv3zs3bSwe3vR7.YBZqMaTW";
    let of_combining = "$2b$04$c2l4dGVlbiBieXRlc.b2iuzDT5mRBay2wQpUQCzlaWgVygXVXmr4m";
    let (_, of_composed) = VECTORS[6];
    let combining = "correct horse ba\u{308}ttery";
    for (text, stored, verdict) in [
        ("\u{fb01}rst things", of_ligature, Verification::MatchOutdated),
        ("first things", of_ligature, Verification::Mismatch),
        (combining, of_combining, Verification::MatchOutdated),
        (combining, of_composed, Verification::MatchOutdated),
        (BATTERY, of_combining, Verification::Mismatch),
    ] {
        assert_eq!(verify(&hasher, text, stored).await, verdict, "{text} {stored}");
    }
}

#[test]
fn absurd_costs_are_refused_when_read() {
    let bcrypt = "c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO";
    let rest = "c2l4dGVlbiBieXRlcyBvaw$zfDf5HY93mOiLLxfxgpcgPk6BvXycFUpeZ54UGPKViQ";
    for text in [
        format!("$2b$03${bcrypt}"),
        format!("$2b$15${bcrypt}"),
        format!("$2b$31${bcrypt}"),
        format!("$scrypt$ln=18,r=8,p=1${rest}"),
        format!("$scrypt$ln=17,r=8,p=3${rest}"),
        format!("$scrypt$ln=63,r=8,p=1${rest}"),
        format!("$scrypt$ln=14,r=4294967295,p=1${rest}"),
        format!("$scrypt$ln=14,r=8,p=17${rest}"),
        format!("$scrypt$ln=0,r=8,p=1${rest}"),
        format!("$pbkdf2-sha256$i=0${rest}"),
        format!("$pbkdf2-sha256$i=2000001${rest}"),
        format!("$pbkdf2-sha256$99999999999999999999${rest}"),
        format!("pbkdf2_sha256$2000001${rest}="),
    ] {
        let refused = PasswordHash::parse(&text).unwrap_err();
        assert!(matches!(refused, InvalidHash::OutOfBounds { .. }), "{text}: {refused}");
    }
    for text in [
        format!("$2b$14${bcrypt}"),
        format!("$scrypt$ln=17,r=8,p=1${rest}"),
        format!("$scrypt$ln=16,r=8,p=2${rest}"),
        format!("$pbkdf2-sha256$i=2000000${rest}"),
        format!("pbkdf2_sha256$1200000${rest}="),
    ] {
        assert!(PasswordHash::parse(&text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_not_a_whole_hash_is_refused() {
    let bcrypt = "c2l4dGVlbiBieXRlc.b2iu/qEf5UkzvfcpWHfvnjbHfJ95HPZ1kWO";
    let (salt, tag) = ("c2l4dGVlbiBieXRlcyBvaw", "zfDf5HY93mOiLLxfxgpcgPk6BvXycFUpeZ54UGPKViQ");
    for (text, problem) in [
        (format!("$2x$04${bcrypt}"), None),
        (format!("$2b$4${bcrypt}"), Some(InvalidHash::Parameters)),
        (format!("$2b$+4${bcrypt}"), Some(InvalidHash::Parameters)),
        (format!("$2b$04${bcrypt}x"), Some(InvalidHash::Incomplete)),
        (format!("$2b$04${}", &bcrypt[1..]), Some(InvalidHash::Incomplete)),
        (format!("$2b$04${}ä", &bcrypt[2..]), Some(InvalidHash::Encoding)),
        (format!("$2b$04$ä{}", &bcrypt[2..]), Some(InvalidHash::Encoding)),
        (format!("$scrypt$ln=4,r=8${salt}${tag}"), Some(InvalidHash::Parameters)),
        (format!("$scrypt$r=8,ln=4,p=1${salt}${tag}"), Some(InvalidHash::Parameters)),
        (format!("$scrypt$ln=4,r=8,p=1,x=1${salt}${tag}"), Some(InvalidHash::Parameters)),
        (format!("$scrypt$ln=4,r=8,p=1$${tag}"), Some(InvalidHash::Incomplete)),
        (format!("$scrypt$ln=4,r=8,p=1${salt}$AAAA"), Some(InvalidHash::Incomplete)),
        (format!("$scrypt$ln=4,r=8,p=1${salt}${tag}$"), None),
        (format!("$pbkdf2-md5$i=1${salt}${tag}"), Some(InvalidHash::Algorithm)),
        (format!("$pbkdf2-sha256$i=1,l=16${salt}${tag}"), Some(InvalidHash::Parameters)),
        (format!("$pbkdf2-sha256$j=1${salt}${tag}"), Some(InvalidHash::Parameters)),
        (format!("$pbkdf2-sha256$i=1${salt}${tag}{}", &tag[3..]), Some(InvalidHash::Incomplete)),
        (format!("$pbkdf2-sha256$i=1${salt}${tag}="), Some(InvalidHash::Encoding)),
        (format!("$pbkdf2$i=1${salt}${tag}"), Some(InvalidHash::Incomplete)),
        (format!("pbkdf2_sha256$1${salt}${tag}"), Some(InvalidHash::Encoding)),
        (format!("pbkdf2_md5$1${salt}${tag}="), Some(InvalidHash::Algorithm)),
    ] {
        let refused = PasswordHash::parse(&text).unwrap_err();
        assert!(problem.is_none_or(|problem| problem == refused), "{text}: {refused:?}");
    }
}

#[test]
fn debug_shows_neither_salt_nor_tag() {
    for (_, stored) in VECTORS {
        let shown = format!("{:?}", PasswordHash::parse(stored).unwrap());
        assert!(shown.len() < 60 && !shown.contains('$'), "{shown}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics_and_what_is_read_is_read_again(
        text in r"\$?(2[aby]|scrypt|pbkdf2(-sha(1|256|512))?|pbkdf2_sha(1|256))\$(ln=[0-9]{1,2},r=[0-9]{1,10},p=[0-9]{1,10}|i=[0-9]{1,8}|[0-9]{1,10})\$[A-Za-z0-9+/.]{0,60}(\$[A-Za-z0-9+/.=]{0,90})?",
    ) {
        if let Ok(hash) = PasswordHash::parse(&text) {
            let again = hash.to_phc();
            prop_assert_eq!(PasswordHash::parse(&again).unwrap().to_phc(), again);
        }
    }
}
