//! The last look at a log line, whoever wrote it: what looks like a secret is blotted out.
//!
//! Owns no knowledge of what is secret where: types that hold secrets show none, and this stands
//! behind them, for libraries, for errors of others and for our own mistakes. It goes over a line once,
//! from left to right. What is JSON stays JSON.

mod shapes;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io;

use shapes::{
    Word, domain_end, is_base64, is_checkpoint, is_code, is_opaque, is_secret_name, is_thumbprint,
    is_word, jwt, phone_end,
};

const BLOT: &str = "[…]";
const ESCAPE: u8 = 0x1b;
/// Further on no `@` of an address is looked for: many `://` must not make a line slow.
const AUTHORITY_MAX: usize = 1024;

/// Hands lines on without their secrets. Wants each line in one piece, as `tracing_subscriber` writes it.
pub(super) struct Scrubbed<W>(pub(super) W);

impl<W: io::Write> io::Write for Scrubbed<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(scrub(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// `line` without what looks like a secret.
pub(super) fn scrub(line: &str) -> Cow<'_, str> {
    let mut scan =
        Scan { line, bytes: line.as_bytes(), at: 0, kept: 0, out: String::new(), is_public: false };
    while let Some(&byte) = scan.bytes.get(scan.at) {
        match byte {
            b'\\' => scan.at = scan.escape_end(),
            ESCAPE => scan.at = scan.colour_end(scan.at).max(scan.at + 1),
            b':' if scan.bytes[scan.at..].starts_with(b"://") => scan.authority(),
            _ if is_word(byte) => scan.word(),
            _ => scan.at += 1,
        }
    }
    scan.finish()
}

struct Scan<'a> {
    line: &'a str,
    bytes: &'a [u8],
    /// What is looked at next.
    at: usize,
    /// Up to where the line stands in `out`.
    kept: usize,
    out: String,
    /// What comes is to be read by everybody: the word before was `kid` or `checkpoint`.
    is_public: bool,
}

impl<'a> Scan<'a> {
    fn finish(mut self) -> Cow<'a, str> {
        if self.kept == 0 {
            return Cow::Borrowed(self.line);
        }
        self.out.push_str(&self.line[self.kept..]);
        Cow::Owned(self.out)
    }

    /// Puts `blot` in the place of what stands there. All borders are beside ASCII, or of whole words.
    fn blot(&mut self, from: usize, to: usize, blot: &str) {
        self.out.push_str(&self.line[self.kept..from]);
        self.out.push_str(blot);
        (self.at, self.kept) = (to, to);
    }

    /// Past an escape, of JSON or of Rust: its letter must not pass for the first of a word.
    fn escape_end(&self) -> usize {
        let rest = &self.bytes[self.at + 1..];
        let hex = |count: usize| {
            rest.get(1..=count).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        };
        self.at
            + 1
            + match rest.first() {
                Some(b'u') if hex(4) => 5,
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'0' | b'\'') => 1,
                _ => 0,
            }
    }

    /// Past the colours of the terminal (ECMA-48, 8.3.117) that stand at `at`.
    fn colour_end(&self, at: usize) -> usize {
        let is_inside = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
        let mut end = at;
        while let Some([ESCAPE, b'[', rest @ ..]) = self.bytes.get(end..) {
            let inside = rest.iter().take_while(is_inside).count();
            if rest.get(inside) != Some(&b'm') {
                break;
            }
            end += 2 + inside + 1;
        }
        end
    }

    /// `://`: who logs in, and by which password, before the last `@`.
    fn authority(&mut self) {
        let from = self.at + 3;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"\\<>\x1b".contains(byte);
        let rest = &self.bytes[from..];
        let rest = &rest[..rest.len().min(AUTHORITY_MAX)];
        let rest = &rest[..rest.iter().position(ends).unwrap_or(rest.len())];
        match rest.iter().rposition(|&byte| byte == b'@') {
            Some(length) => self.blot(from, from + length, BLOT),
            None => self.at = from,
        }
    }

    fn word(&mut self) {
        let from = self.at;
        let shape = Word::at_start(&self.bytes[from..]);
        let end = from + shape.length;
        let word = &self.bytes[from..end];
        let is_named = matches!(word, b"kid" | b"checkpoint");
        // Of a checkpoint there is a number before the hash.
        let goes_on = self.is_public && word.iter().all(u8::is_ascii_digit);
        let is_public = std::mem::replace(&mut self.is_public, is_named || goes_on);
        if self.bytes.get(end) == Some(&b'@')
            && let Some(end) = domain_end(self.bytes, end)
        {
            return self.blot(from, end, BLOT);
        }
        if shape.may_hold_jwt()
            && let Some(start) = jwt(word)
        {
            return self.blot(from + start, end, BLOT);
        }
        if shape.may_hold_runs() && !(is_public && (is_thumbprint(word) || is_checkpoint(word))) {
            self.runs(from, end);
        }
        // A number can be longer than the word that it begins in.
        if self.at <= end {
            self.at = end;
            if self.bytes.get(end).is_some_and(|next| b"\"=: \\\x1b".contains(next)) {
                self.value_of(word);
            }
        }
    }

    /// The opaque values and the phone numbers of a word.
    fn runs(&mut self, from: usize, end: usize) {
        let mut at = from;
        while at < end {
            let run = self.bytes[at..end].iter().take_while(|&&byte| is_base64(byte)).count();
            let is_padded = self.bytes.get(at + run) == Some(&b'=');
            if is_opaque(&self.bytes[at..at + run], is_padded) {
                self.blot(at, at + run, BLOT);
                at += run;
                continue;
            }
            // With what follows it: `+` is a letter of base64, `%` is not.
            let number = (at..(at + run + 1).min(end))
                .find_map(|start| phone_end(self.bytes, start).map(|stop| (start, stop)));
            match number {
                Some((start, stop)) => {
                    self.blot(start, stop, BLOT);
                    at = stop;
                }
                None => at += run + 1,
            }
        }
        self.at = self.at.max(self.kept);
    }

    /// `name=value`, `name: "value"`, `"name":"value"`, also inside of a string or in colour.
    fn value_of(&mut self, name: &[u8]) {
        let is_secret = is_secret_name(name);
        if !is_secret && !name.ends_with(b"ode") {
            return;
        }
        let Some(from) = self.value_start() else { return };
        let (from, to) = match self.quoted(from) {
            Some(inside) => inside,
            None => (from, self.bare_end(from)),
        };
        let value = &self.bytes[from..to];
        if value.is_empty() || !(is_secret || is_code(name, value)) {
            return;
        }
        let is_bare = from == 0 || self.bytes[from - 1] != b'"';
        if is_bare && ["true", "false", "null", "None"].iter().any(|it| value == it.as_bytes()) {
            return;
        }
        let is_number = value.iter().all(|byte| byte.is_ascii_digit() || b"-.".contains(byte));
        // A number in JSON stays one.
        self.blot(from, to, if is_bare && is_number { "0" } else { BLOT });
    }

    /// Where the value begins, if what follows the name is one.
    fn value_start(&self) -> Option<usize> {
        let mut at = self.colour_end(self.at);
        let escapes = self.count(at, b'\\');
        if self.bytes.get(at + escapes) == Some(&b'"') {
            at += escapes + 1;
        }
        at = self.colour_end(at + self.count(at, b' '));
        let is_sign = match self.bytes.get(at..) {
            Some([b':', b':', ..]) => false,
            Some([b'=' | b':', ..]) => true,
            _ => false,
        };
        if !is_sign {
            return None;
        }
        at = self.colour_end(at + 1);
        at += self.count(at, b' ');
        for before in ["Some(", "Bearer ", "Basic "] {
            if self.bytes[at..].starts_with(before.as_bytes()) {
                at += before.len();
            }
        }
        Some(at)
    }

    /// The inside of a string that begins at `at`, behind as many backslashes as it is nested deep.
    fn quoted(&self, at: usize) -> Option<(usize, usize)> {
        let depth = self.count(at, b'\\');
        let from = at + depth + 1;
        if self.bytes.get(at + depth) != Some(&b'"') {
            return None;
        }
        let mut escapes = 0;
        for (place, &byte) in self.bytes.iter().enumerate().skip(from) {
            match byte {
                b'\\' => escapes += 1,
                // Even: the outermost string ends. Few enough: this one does.
                b'"' if escapes % 2 == 0 || escapes % (2 * (depth + 1)) <= depth => {
                    let inside = if escapes % 2 == 0 { 0 } else { depth.min(escapes) };
                    return Some((from, place - inside));
                }
                b'\n' => return Some((from, place)),
                _ => escapes = 0,
            }
        }
        Some((from, self.bytes.len()))
    }

    fn bare_end(&self, from: usize) -> usize {
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"\\,;&{}[]()<>\x1b".contains(byte);
        let rest = &self.bytes[from..];
        from + rest.iter().position(ends).unwrap_or(rest.len())
    }

    fn count(&self, at: usize, wanted: u8) -> usize {
        self.bytes[at..].iter().take_while(|&&byte| byte == wanted).count()
    }
}
