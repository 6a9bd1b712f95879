//! Wycheproof's vectors for our algorithms, judged by what judges tokens.
//!
//! A vector's message is no JWT, so that each is given, as the base64url that a token would carry, to
//! [`VerifyingKey::verifies`], by which every signature of a token is judged. What Wycheproof calls
//! acceptable, an RSA signature without the NULL that RFC 8017, 9.2 asks for, is refused: nobody makes
//! one for us.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify};

use super::algorithm::SigningAlgorithm;
use super::ring::VerifyingKey;

/// How many were to be accepted and how many to be refused: a set that is read wrongly has few.
#[derive(Debug, Default)]
struct Judged {
    accepted: usize,
    refused: usize,
}

impl Judged {
    fn judge(&mut self, key: &VerifyingKey, message: &[u8], signature: &[u8], case: &Case<'_>) {
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let accepts = key.verifies(message, &signature).unwrap_or(false);
        let wanted = *case.result == TestResult::Valid && case.is_ours;
        assert_eq!(accepts, wanted, "{case:?}");
        if wanted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }

    /// The vectors of the set are counted, so that none is passed over.
    fn are(&self, accepted: usize, refused: usize) {
        assert_eq!((self.accepted, self.refused), (accepted, refused));
    }
}

#[derive(Debug)]
#[expect(dead_code, reason = "what a failing test shows")]
struct Case<'a> {
    id: usize,
    comment: &'a str,
    result: &'a TestResult,
    /// `false`: right for others, and never for us.
    is_ours: bool,
}

fn verifying(algorithm: SigningAlgorithm, public: &[u8]) -> VerifyingKey {
    // As when a stored key is read: a public half that is none is not published either.
    algorithm.numbers(public).unwrap();
    VerifyingKey::new(algorithm.of_jose(), algorithm.decoding_key(public))
}

#[test]
fn ed25519_vectors_are_judged_right() {
    let mut judged = Judged::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let key = verifying(SigningAlgorithm::EdDsa, &group.key.pk);
        for test in group.tests {
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                result: &test.result,
                is_ours: true,
            };
            judged.judge(&key, &test.msg, &test.sig, &case);
        }
    }
    judged.are(88, 63);
}

#[test]
fn ecdsa_p256_vectors_are_judged_right() {
    let mut judged = Judged::default();
    let name = ecdsa::TestName::EcdsaSecp256r1Sha256P1363;
    for group in ecdsa::TestSet::load(name).unwrap().test_groups {
        let key = verifying(SigningAlgorithm::Es256, &group.key.key);
        for test in group.tests {
            let case = Case {
                id: test.tc_id,
                comment: &test.comment,
                result: &test.result,
                is_ours: true,
            };
            judged.judge(&key, &test.msg, &test.sig, &case);
        }
    }
    judged.are(173, 89);
}

#[test]
fn rsa_pkcs1_vectors_are_judged_right() {
    let mut judged = Judged::default();
    for name in
        [rsa_pkcs1_verify::TestName::Rsa2048Sha256, rsa_pkcs1_verify::TestName::Rsa3072Sha256]
    {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = verifying(SigningAlgorithm::Rs256, &group.asn_key);
            for test in group.tests {
                let case = Case {
                    id: test.tc_id,
                    comment: &test.comment,
                    result: &test.result,
                    is_ours: true,
                };
                judged.judge(&key, &test.msg, &test.sig, &case);
            }
        }
    }
    judged.are(17, 501);
}

#[test]
fn hmac_sha256_vectors_are_judged_right() {
    let mut judged = Judged::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256).unwrap().test_groups {
        // RFC 7518, 3.2: HS256 has the whole 256 bits. A shortened tag, right as it may be, is none.
        let is_ours = group.tag_size == 256;
        for test in group.tests {
            let key = VerifyingKey::new(Algorithm::HS256, DecodingKey::from_secret(&test.key));
            let case =
                Case { id: test.tc_id, comment: &test.comment, result: &test.result, is_ours };
            judged.judge(&key, &test.msg, &test.tag, &case);
        }
    }
    judged.are(33, 141);
}
