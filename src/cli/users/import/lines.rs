//! Reading the two kinds of files, line by line. A line that is wrong costs that line only; but where a line of CSV is
//! too long, nobody can tell where the next one begins, and the file ends there.

use std::io::{BufRead, BufReader, Read};

use anyhow::Context as _;
use serde_json::{Map, Value};
use tokio::sync::mpsc::Sender;

use super::intake::{Batch, Place};
use super::person::{Checker, Fault, Fields};

/// In bytes. Nobody's line is as long; a file without line breaks must not fill the memory.
const LINE_MAX: u64 = 65_536;
/// In bytes: what the reader of CSV reads ahead at most.
const CSV_BUFFER: usize = 8192;
/// So much of a CSV file is read for one line at most: the line, its line break, and what is read ahead. One byte more,
/// so that whoever gets to the end of it has had more than a line.
const CSV_PORTION: u64 = LINE_MAX + 1 + CSV_BUFFER as u64 + 1;
/// How much of a name that nobody knows is told, in characters.
const NAME_SHOWN: usize = 40;

/// The fields by their names, in the order of the documentation.
const NAMES: [&str; 7] =
    ["email", "phoneNumber", "passwordHash", "isVerified", "locale", "createdAt", "roles"];

/// Sends what it has read whenever there is enough of it. Ends early where nobody takes it.
pub(super) fn read_ndjson(
    source: impl Read,
    checker: &Checker,
    sender: &Sender<Batch>,
) -> anyhow::Result<()> {
    let mut source = BufReader::new(source);
    let (mut line, mut number) = (Vec::new(), 0);
    let mut batch = Batch::default();
    loop {
        line.clear();
        let read = source.by_ref().take(LINE_MAX + 1).read_until(b'\n', &mut line);
        let read = read.context("the file cannot be read")? as u64;
        if read == 0 {
            break;
        }
        number += 1;
        batch.bytes += read;
        if read > LINE_MAX && !line.ends_with(b"\n") {
            batch.bytes += skip_line(&mut source).context("the file cannot be read")?;
            let fault = Fault::of_line(format!("has more than {LINE_MAX} bytes"));
            batch.refuse(Place::Line(number), vec![fault]);
        } else {
            let text = if number == 1 { without_mark(&line) } else { &line };
            if !text.trim_ascii().is_empty() {
                let fields = ndjson_fields(text).and_then(|fields| checker.check(&fields));
                batch.add(Place::Line(number), fields);
            }
        }
        if batch.is_full() && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
            return Ok(());
        }
    }
    // Nobody takes it where the database has failed, which is told there.
    let _ = sender.blocking_send(batch);
    Ok(())
}

/// What remains of a line that is too long.
fn skip_line(source: &mut impl BufRead) -> std::io::Result<u64> {
    let mut skipped = 0;
    loop {
        let buffer = source.fill_buf()?;
        if buffer.is_empty() {
            return Ok(skipped);
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        source.consume(used);
        skipped += used as u64;
        if end.is_some() {
            return Ok(skipped);
        }
    }
}

/// Some programs begin a file with a byte order mark.
fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

fn ndjson_fields(line: &[u8]) -> Result<Fields, Vec<Fault>> {
    // What the library says of a wrong value would quote it.
    let object = serde_json::from_slice::<Map<String, Value>>(line).map_err(|error| {
        vec![Fault::of_line(format!("is no JSON object (at column {})", error.column()))]
    })?;
    let (mut fields, mut faults) = (Fields::default(), Vec::new());
    for (name, value) in object {
        let place = match name.as_str() {
            _ if value.is_null() && NAMES.contains(&name.as_str()) => continue,
            "email" => &mut fields.email,
            "phoneNumber" => &mut fields.phone_number,
            "passwordHash" => &mut fields.password_hash,
            "locale" => &mut fields.locale,
            "createdAt" => &mut fields.created_at,
            "isVerified" => {
                fields.is_verified = value.as_bool();
                if fields.is_verified.is_none() {
                    faults.push(Fault::of("isVerified", "true or false is wanted"));
                }
                continue;
            }
            "roles" => {
                match texts(value) {
                    Some(roles) => fields.roles = roles,
                    None => faults.push(Fault::of("roles", "a list of texts is wanted")),
                }
                continue;
            }
            _ => {
                faults.push(Fault::of_line(unknown(&name)));
                continue;
            }
        };
        match value {
            Value::String(text) => *place = Some(text),
            _ => faults.push(Fault::of_line(format!("{name}: a text is wanted"))),
        }
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

fn texts(value: Value) -> Option<Vec<String>> {
    let Value::Array(values) = value else {
        return None;
    };
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect()
}

fn unknown(name: &str) -> String {
    let shown: String = name.chars().take(NAME_SHOWN).collect();
    format!("nobody knows the field {shown:?}; those that are read are {}", NAMES.join(", "))
}

/// Like [`read_ndjson`]. A header that is wrong is the fault of the whole file, and so is a line that is too long: a
/// quotation mark that is not closed makes one line of all that follows.
pub(super) fn read_csv(
    source: impl Read,
    checker: &Checker,
    sender: &Sender<Batch>,
) -> anyhow::Result<()> {
    // Ended by the line feed alone, since the library counts a line late that ends with both; what is left of the
    // other one is trimmed with the cell.
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(CSV_BUFFER)
        .from_reader(source.take(CSV_PORTION));
    let header = reader.byte_headers().context("the header cannot be read")?.clone();
    within_bound(1, reader.position().byte())?;
    let header = columns(&header)?;
    let mut batch = Batch::default();
    let mut record = csv::ByteRecord::new();
    loop {
        let (line, before) = (reader.position().line(), reader.position().byte());
        reader.get_mut().set_limit(CSV_PORTION);
        let is_one = reader.read_byte_record(&mut record).context("the file cannot be read")?;
        let read = reader.position().byte() - before;
        within_bound(line, read)?;
        if !is_one {
            break;
        }
        if record.iter().any(|cell| !cell.trim_ascii().is_empty()) {
            let fields = csv_fields(&header, &record);
            batch.add(Place::Line(line), fields.and_then(|fields| checker.check(&fields)));
        }
        batch.bytes += read;
        if batch.is_full() && sender.blocking_send(std::mem::take(&mut batch)).is_err() {
            return Ok(());
        }
    }
    let _ = sender.blocking_send(batch);
    Ok(())
}

/// Whether a line of CSV that begins in `line` is too long, or was longer than what may be read for it.
fn within_bound(line: u64, bytes: u64) -> anyhow::Result<()> {
    anyhow::ensure!(
        bytes <= LINE_MAX + 1,
        "line {line}: what begins there has more than {LINE_MAX} bytes; is a quotation mark not closed?"
    );
    Ok(())
}

/// Which field each column is.
fn columns(header: &csv::ByteRecord) -> anyhow::Result<Vec<&'static str>> {
    let mut columns = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let name = if at == 0 { without_mark(name) } else { name };
        let name = String::from_utf8_lossy(name.trim_ascii());
        let known = NAMES.into_iter().find(|known| *known == name);
        let known = known.with_context(|| format!("the header: {}", unknown(&name)))?;
        anyhow::ensure!(!columns.contains(&known), "the header has {known} twice");
        columns.push(known);
    }
    Ok(columns)
}

fn csv_fields(columns: &[&str], record: &csv::ByteRecord) -> Result<Fields, Vec<Fault>> {
    if record.len() != columns.len() {
        let (has, wanted) = (record.len(), columns.len());
        return Err(vec![Fault::of_line(format!("has {has} columns, the header {wanted}"))]);
    }
    let (mut fields, mut faults) = (Fields::default(), Vec::new());
    for (&column, cell) in columns.iter().zip(record) {
        let Ok(text) = std::str::from_utf8(cell) else {
            faults.push(Fault::of_line(format!("{column}: is not UTF-8")));
            continue;
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let owned = || Some(text.to_owned());
        match column {
            "email" => fields.email = owned(),
            "phoneNumber" => fields.phone_number = owned(),
            "passwordHash" => fields.password_hash = owned(),
            "locale" => fields.locale = owned(),
            "createdAt" => fields.created_at = owned(),
            "isVerified" => match text.to_ascii_lowercase().as_str() {
                "true" => fields.is_verified = Some(true),
                "false" => fields.is_verified = Some(false),
                _ => faults.push(Fault::of("isVerified", "true or false is wanted")),
            },
            _ => fields.roles = text.split_whitespace().map(str::to_owned).collect(),
        }
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}
