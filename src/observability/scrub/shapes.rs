//! What a secret looks like: opaque values, JWTs, phone numbers, e-mail addresses, names that say it.
//!
//! Each looks at bytes once and from one place on; none goes back, so that no text can make it slow.

/// Shorter runs are ids and words; 256 bits are 43 letters of base64url, less those that an escape
/// before them may have swallowed.
const OPAQUE_MIN: usize = 38;
/// `eyJ`, a dot and something.
const JWT_MIN: usize = 5;
/// Bytes of an RFC 7638 thumbprint in base64url: a key's public name, told only where it is called so.
const THUMBPRINT: usize = 43;
/// Characters of the hash of a checkpoint of the audit log.
const CHECKPOINT: usize = 64;
/// Fewest digits of a whole number in E.164 that are worth hiding.
const PHONE_DIGITS_MIN: usize = 7;
/// ITU-T E.164, 6.2.
const PHONE_DIGITS_MAX: usize = 15;

/// What ends the name of a field whose value is secret, in lower case.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secret_key",
    "secretkey",
    "private_key",
    "api_key",
    "apikey",
    "token",
    "ticket",
    "authorization",
    "cookie",
    "otp_code",
    "otpcode",
];

/// What a byte is: a part of a word …
const WORD: u8 = 1;
/// … that a number may begin with …
const SIGN: u8 = 2;
/// … or that the pieces of a JWT are divided by.
const DOT: u8 = 4;

/// What words are made of: letters of every script, and what stands inside tokens, numbers, paths and
/// the local parts of addresses. Never a quote, a backslash, `=`, `&` or a bracket. A table, since every
/// byte of every line is looked up.
const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0u8;
    loop {
        kinds[byte as usize] = match byte {
            b'+' | b'%' => WORD | SIGN,
            b'.' => WORD | DOT,
            b'_'
            | b'-'
            | b'/'
            | b'~'
            | b'!'
            | b'#'
            | b'$'
            | b'*'
            | b'^'
            | b'?'
            | b'\''
            | b'`'
            | b'|'
            | 0x80.. => WORD,
            _ if byte.is_ascii_alphanumeric() => WORD,
            _ => 0,
        };
        if byte == u8::MAX {
            break;
        }
        byte += 1;
    }
    kinds
};

pub(super) fn is_word(byte: u8) -> bool {
    KINDS[usize::from(byte)] != 0
}

/// The word at the beginning of `bytes`: how long it is, and what looks at it must be worth.
pub(super) struct Word {
    pub(super) length: usize,
    kinds: u8,
}

impl Word {
    pub(super) fn at_start(bytes: &[u8]) -> Self {
        let mut word = Self { length: 0, kinds: 0 };
        for &byte in bytes {
            match KINDS[usize::from(byte)] {
                0 => break,
                kind => (word.length, word.kinds) = (word.length + 1, word.kinds | kind),
            }
        }
        word
    }

    /// Whether an opaque value or a phone number can be in it.
    pub(super) fn may_hold_runs(&self) -> bool {
        self.length >= OPAQUE_MIN || self.kinds & SIGN != 0
    }

    /// Whether a JWT can be in it.
    pub(super) fn may_hold_jwt(&self) -> bool {
        self.length >= JWT_MIN && self.kinds & DOT != 0
    }
}

/// Letters of base64 and of base64url.
pub(super) fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-+/".contains(&byte)
}

/// Whether a run of base64 letters holds no name but a value that was drawn: long, and of letters of both
/// cases, or of hex. Across a `/` it may be a path; then it needs a digit, too, or an `=` after it.
/// One drawn value of 10^9 is not seen.
pub(super) fn is_opaque(run: &[u8], is_padded: bool) -> bool {
    if run.len() < OPAQUE_MIN {
        return false;
    }
    let is_long = |piece: &&[u8]| piece.len() >= OPAQUE_MIN;
    let has = |piece: &[u8], is: fn(&u8) -> bool| piece.iter().any(is);
    let has_both_cases =
        |piece: &[u8]| has(piece, u8::is_ascii_uppercase) && has(piece, u8::is_ascii_lowercase);
    let has_digit = |piece: &[u8]| has(piece, u8::is_ascii_digit);
    run.split(|&byte| byte == b'/').filter(is_long).any(has_both_cases)
        || run.split(|byte| !byte.is_ascii_hexdigit()).filter(is_long).any(has_digit)
        || has_both_cases(run) && (has_digit(run) || is_padded)
}

/// Whether a word can be the public name of a signing key.
pub(super) fn is_thumbprint(word: &[u8]) -> bool {
    word.len() == THUMBPRINT && word.iter().all(|&byte| is_base64(byte))
}

/// A checkpoint of the audit log, with its place before the hash or without.
pub(super) fn is_checkpoint(word: &[u8]) -> bool {
    let hash = word.rsplit(|&byte| byte == b':').next().unwrap_or_default();
    let place = &word[..word.len() - hash.len()];
    hash.len() == CHECKPOINT
        && hash.iter().all(u8::is_ascii_hexdigit)
        && place.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
}

/// Where a JWT begins in a word: `eyJ` is `{"` in base64.
pub(super) fn jwt(word: &[u8]) -> Option<usize> {
    let at = word.windows(3).position(|three| three == b"eyJ")?;
    word[at..].contains(&b'.').then_some(at)
}

/// Where a whole phone number ends that begins at `at`, with `+` or with `%2B`. A number that somebody
/// has shortened, and says so by `…` or `•`, is none.
pub(super) fn phone_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let plus = match rest {
        [b'+', ..] => 1,
        [b'%', b'2', b'B' | b'b', ..] => 3,
        _ => return None,
    };
    let (mut digits, mut end, mut gap) = (0, 0, 0);
    for (place, byte) in rest.iter().enumerate().skip(plus) {
        if byte.is_ascii_digit() {
            (digits, end, gap) = (digits + 1, place + 1, 0);
            if digits == PHONE_DIGITS_MAX {
                break;
            }
        } else if b" -.()".contains(byte) && digits > 0 && gap < 2 {
            gap += 1;
        } else {
            break;
        }
    }
    let is_short = ["…", "•"].iter().any(|mark| rest[end..].starts_with(mark.as_bytes()));
    (digits >= PHONE_DIGITS_MIN && !is_short).then_some(at + end)
}

/// Where the domain of an e-mail address ends, whose `@` stands at `at`.
pub(super) fn domain_end(bytes: &[u8], at: usize) -> Option<usize> {
    let is_domain =
        |byte: &&u8| byte.is_ascii_alphanumeric() || **byte >= 0x80 || b".-".contains(byte);
    let length = bytes.get(at + 1..)?.iter().take_while(is_domain).count();
    (length > 0).then_some(at + 1 + length)
}

/// Whether a name says that what follows is secret.
pub(super) fn is_secret_name(name: &[u8]) -> bool {
    // The last letters of all of them.
    let may_be = name.last().is_some_and(|last| b"detny".contains(&last.to_ascii_lowercase()));
    may_be && SECRET_NAMES.iter().any(|secret| ends_with(name, secret.as_bytes()))
}

/// Whether a value, of a field whose name is `name`, is a one-time code. Errors have a `code`, too: that
/// is a word, or has five letters (SQLSTATE).
pub(super) fn is_code(name: &[u8], value: &[u8]) -> bool {
    ends_with(name, b"code")
        && (6..=10).contains(&value.len())
        && value.iter().all(u8::is_ascii_digit)
}

fn ends_with(name: &[u8], end: &[u8]) -> bool {
    name.len().checked_sub(end.len()).is_some_and(|from| name[from..].eq_ignore_ascii_case(end))
}
