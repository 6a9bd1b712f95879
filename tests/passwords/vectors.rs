//! Argon2 as others compute it.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use ringfence::passwords::{PasswordHash, Verification};

use crate::{hasher, password, tiny};

/// RFC 9106 §5.3: Argon2id with a secret and associated data, which only the crate itself takes.
#[test]
fn the_test_vector_of_rfc_9106_comes_out() {
    let params = ParamsBuilder::new()
        .m_cost(32)
        .t_cost(3)
        .p_cost(4)
        .data(AssociatedData::new(&[4; 12]).unwrap())
        .output_len(32)
        .build()
        .unwrap();
    let argon2 =
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
    let mut tag = [0; 32];
    argon2.hash_password_into(&[1; 32], &[2; 16], &mut tag).unwrap();
    assert_eq!(
        tag,
        [
            0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b,
            0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9,
            0x6b, 0x01, 0xe6, 0x59
        ]
    );
}

/// Made with argon2-cffi 25.1.0 (the reference implementation in C), `argon2.low_level.hash_secret` on the UTF-8 of
/// "correct horse bättery", salts "sixteen bytes ok" and "8 bytes.".
const FROM_THE_REFERENCE: [(&str, Verification); 7] = [
    (
        "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$GNFFrmFlEj1kHctEWGfE5IbtNtzLbw1FMeKYIidTME4",
        Verification::Match,
    ),
    (
        "$argon2id$v=19$m=64,t=3,p=4$c2l4dGVlbiBieXRlcyBvaw$92+N1j24oFZ0IXBCfdZaS9yYqX6HGae2x8YiwZWs98M",
        Verification::Match,
    ),
    (
        "$argon2id$v=16$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$0nIHWFAgbanudfAoTtg9dzYGnKqPrDm9nfeTvhcRpJ4",
        Verification::MatchOutdated,
    ),
    (
        "$argon2i$v=19$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$GvRIGk0LP62hbsB0czNWv5spBDkF5kEKzfTKSrp4zfg",
        Verification::MatchOutdated,
    ),
    (
        "$argon2d$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$x1hefKDBY8HOGyXBmtzsnm3OagYEKeWb4HcydRFchpqWyJfyYGN5kAgnEcquN9GJ/oLWTqCYyLdBAnloF0vKyg",
        Verification::MatchOutdated,
    ),
    (
        "$argon2id$v=19$m=67,t=2,p=2$OCBieXRlcy4$XtumXzx7yFl352IwiLcbR5AnJBWYfeCLoIpWRs22enE",
        Verification::MatchOutdated,
    ),
    (
        "$argon2id$v=19$m=67,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$xjqIS0bFTS7HWgDsESYhHA",
        Verification::MatchOutdated,
    ),
];

#[tokio::test]
async fn hashes_of_the_reference_implementation_verify() {
    let hasher = hasher(tiny(), 1, 4);
    for (text, verdict) in FROM_THE_REFERENCE {
        let stored = PasswordHash::parse(text).unwrap();
        let right = hasher.verify(password("correct horse bättery"), Some(stored)).await.unwrap();
        assert_eq!(right, verdict, "{text}");
        let wrong = hasher.verify(password("correct horse battery"), Some(stored)).await.unwrap();
        assert_eq!(wrong, Verification::Mismatch, "{text}");
    }
}

#[tokio::test]
async fn a_hash_without_a_version_is_one_of_version_0x10() {
    let (versioned, _) = FROM_THE_REFERENCE[2];
    let stored = PasswordHash::parse(&versioned.replace("$v=16", "")).unwrap();
    assert_eq!(stored.to_phc(), versioned);
    let verdict =
        hasher(tiny(), 1, 4).verify(password("correct horse bättery"), Some(stored)).await.unwrap();
    assert_eq!(verdict, Verification::MatchOutdated);
}

#[tokio::test]
async fn our_hash_is_the_one_the_reference_implementation_makes() {
    let hasher = hasher(ringfence::passwords::Argon2Cost::default(), 1, 4);
    let made = hasher.hash(password("correct horse bättery"), *b"sixteen bytes ok").await.unwrap();
    assert_eq!(made.to_phc(), FROM_THE_REFERENCE[0].0);
}
