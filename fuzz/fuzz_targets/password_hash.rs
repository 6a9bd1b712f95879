//! Password hashes of this and other systems, as an import brings them: whatever is taken is written as
//! something that is read as the same again. Nothing is verified here, which would cost what the hash says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::passwords::PasswordHash;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(hash) = PasswordHash::parse(text) else { return };
    let written = hash.to_phc();
    let again = PasswordHash::parse(&written).expect("what we write we read");
    assert_eq!(again.to_phc(), written);
    // The column has no bound, an import has: a line.
    assert!(written.len() <= 2 * text.len() + 64, "{written}");
    assert!(!format!("{hash:?}").contains(&written));
});
