//! Writes files of places: as much of the `MaxMind` DB format 2.0 as City and Country databases use.
//!
//! A search tree with records of 24 bits, 16 zero bytes, the data, a marker, the metadata. The tree is
//! one of IPv6 addresses with the IPv4 ones at `::/96`, or of IPv4 addresses alone.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ipnet::IpNet;
use serde_json::{Value, json};

const SEPARATOR: [u8; 16] = [0; 16];
const METADATA_MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A file that ends with its value.
pub(crate) struct PlacesFile(PathBuf);

static FILES: AtomicU32 = AtomicU32::new(0);

impl PlacesFile {
    pub(crate) fn new(content: &[u8]) -> Self {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("ringfence-places-{}-{number}.mmdb", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PlacesFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The record of a city, as the databases have it; an empty name is none.
pub(crate) fn record(city: &str, country: &str) -> Value {
    let names = |name: &str| json!({ "names": { "de": "anders", "en": name } });
    let mut record = json!({ "location": { "accuracy_radius": 20 } });
    for (what, name) in [("city", city), ("country", country)].iter().filter(|it| !it.1.is_empty())
    {
        record[*what] = names(name);
    }
    record
}

/// A database of that type (`GeoLite2-City`). Of networks that hold an address the smallest counts.
pub(crate) fn mmdb(database_type: &str, ip_version: u16, networks: &[(IpNet, Value)]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut tree = Tree::new();
    let mut networks: Vec<_> = networks.iter().collect();
    networks.sort_by_key(|(network, _)| bits(network, ip_version).len());
    for (network, record) in networks {
        tree.insert(&bits(network, ip_version), data.len());
        write_value(&mut data, record);
    }
    let metadata = json!({
        "binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1,
        "database_type": database_type, "description": { "en": "made by a test" },
        "ip_version": ip_version, "languages": ["de", "en"], "node_count": tree.0.len(),
        "record_size": 24,
    });
    let mut file = tree.bytes();
    file.extend(SEPARATOR);
    file.extend(data);
    file.extend(METADATA_MARKER);
    write_value(&mut file, &metadata);
    file
}

/// The way to a network, from the root of the tree.
fn bits(network: &IpNet, ip_version: u16) -> Vec<bool> {
    let (address, length, width) = match network.network() {
        IpAddr::V4(v4) if ip_version == 6 => (u128::from(v4.to_bits()), 96, 128),
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 0, 32),
        IpAddr::V6(v6) => (v6.to_bits(), 0, 128),
    };
    let length = length + usize::from(network.prefix_len());
    (0..length).map(|at| address >> (width - 1 - at) & 1 == 1).collect()
}

#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    /// Where in the data.
    Data(usize),
}

struct Tree(Vec<[Record; 2]>);

impl Tree {
    fn new() -> Self {
        Self(vec![[Record::Nothing; 2]])
    }

    fn insert(&mut self, bits: &[bool], data: usize) {
        let (last, way) = bits.split_last().unwrap();
        let mut at = 0;
        for &bit in way {
            at = match self.0[at][usize::from(bit)] {
                Record::Node(next) => next,
                // What a larger network has said holds beside the smaller one.
                other => {
                    self.0.push([other; 2]);
                    let next = self.0.len() - 1;
                    self.0[at][usize::from(bit)] = Record::Node(next);
                    next
                }
            };
        }
        self.0[at][usize::from(*last)] = Record::Data(data);
    }

    fn bytes(&self) -> Vec<u8> {
        let nodes = self.0.len();
        let value = |record: &Record| match record {
            Record::Nothing => nodes,
            Record::Node(node) => *node,
            Record::Data(offset) => nodes + SEPARATOR.len() + offset,
        };
        let records = self.0.iter().flatten().map(value);
        records
            .flat_map(|value| u32::try_from(value).unwrap().to_be_bytes().into_iter().skip(1))
            .collect()
    }
}

/// Text is of type 2, maps are of type 7, arrays of type 11.
fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => write_text(out, text),
        Value::Object(map) => {
            write_control(out, 7, map.len());
            for (key, value) in map {
                write_text(out, key);
                match value.as_u64() {
                    Some(number) => write_number(out, key, number),
                    None => write_value(out, value),
                }
            }
        }
        Value::Array(list) => {
            write_control(out, 11, list.len());
            for value in list {
                write_value(out, value);
            }
        }
        _ => panic!("no database of places has {value} there"),
    }
}

/// The format says of each number how wide it is: `uint64`, `uint32` or `uint16`.
fn write_number(out: &mut Vec<u8>, key: &str, number: u64) {
    let (kind, bytes) = match key {
        "build_epoch" => (9, 8),
        "node_count" => (6, 4),
        _ => (5, 2),
    };
    write_control(out, kind, bytes);
    out.extend(&number.to_be_bytes()[8 - bytes..]);
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_control(out, 2, text.len());
    out.extend(text.as_bytes());
}

/// The type in three bits, or beyond 7 in a byte of its own; then the size, beyond 28 in another byte.
fn write_control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (first, extended) = if kind > 7 { (0, Some(kind - 7)) } else { (kind << 5, None) };
    let beyond = size.checked_sub(29).map(|it| u8::try_from(it).unwrap());
    out.push(first | beyond.map_or_else(|| u8::try_from(size).unwrap(), |_| 29));
    out.extend(extended);
    out.extend(beyond);
}
