//! E-mail addresses as people type them: whatever is taken is read back as itself, within bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfence::foundation::EmailAddress;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(address) = EmailAddress::parse(text) else { return };
    let written = address.as_str();
    assert!(written.len() <= 254 && written.is_ascii(), "{written}");
    assert_eq!(EmailAddress::parse(written).as_ref(), Ok(&address), "{written}");
    let (local, _) = written.rsplit_once('@').expect("an address has an @");
    assert!(local.len() == 1 || !format!("{address} {address:?}").contains(&format!("{local}@")));
    // No line of a mail can be begun with it.
    assert!(written.bytes().all(|byte| byte.is_ascii_graphic()), "{written}");
});
