//! Where in the world an address is, roughly: by a file of the operator's, when somebody looks. No
//! place is ever stored.
//!
//! The file is a `MaxMind` DB (format 2.0), as DB-IP and `MaxMind` give them away. It is in memory as a
//! whole: a mapped one would change, or end, under its reader when somebody replaces it.

use std::io;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader, path};
use tracing::warn;

/// What the type of a file that has places is made of: `GeoLite2-City`, `DBIP-Country-Lite`,
/// `GeoIP2-Enterprise`. Others (`GeoLite2-ASN`) tell who an address belongs to, not where it is.
const WITH_PLACES: [&str; 3] = ["City", "Country", "Enterprise"];

/// The places that a file knows.
#[derive(Debug)]
pub struct Places(Reader<Vec<u8>>);

/// Why a file is of no use.
#[derive(Debug, thiserror::Error)]
pub enum PlacesError {
    /// It is not there, or not for us.
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    /// It is of another format, or cut off.
    #[error("it is no whole MaxMind DB file; unpack it, or download it again")]
    Broken(#[source] MaxMindDbError),
    /// It knows other things about addresses.
    #[error("it is of the type {0:?}; a City or Country database is wanted")]
    WithoutPlaces(String),
}

impl Places {
    /// Reads the file. What is damaged in its middle is found by who looks there: to look through all of
    /// it would take seconds at each start.
    pub fn open(file: &Path) -> Result<Self, PlacesError> {
        let content = std::fs::read(file).map_err(PlacesError::Unreadable)?;
        let reader = Reader::from_source(content).map_err(PlacesError::Broken)?;
        let database_type = &reader.metadata().database_type;
        if !WITH_PLACES.iter().any(|word| database_type.contains(word)) {
            return Err(PlacesError::WithoutPlaces(database_type.clone()));
        }
        Ok(Self(reader))
    }

    /// City and country in English, `Stockholm, Sweden`, or what the file knows of them. `None` where
    /// it knows nothing, as of private addresses.
    ///
    /// `address` is as sessions keep it: an IPv4 address, or an IPv6 network, which is where its first
    /// address is.
    pub fn find(&self, address: &str) -> Option<String> {
        let (first, _) = address.split_once('/').unwrap_or((address, ""));
        let first: IpAddr = first.parse().ok()?;
        if first.is_ipv6() && self.0.metadata().ip_version == 4 {
            return None;
        }
        // A list of sessions is of use without its places. The error names positions in the file only.
        self.look_up(first).unwrap_or_else(|error| {
            warn!(%error, "GEOIP_FILE is damaged: a place is left out");
            None
        })
    }

    fn look_up(&self, address: IpAddr) -> Result<Option<String>, MaxMindDbError> {
        let found = self.0.lookup(address)?;
        let city: Option<&str> = found.decode_path(&path!["city", "names", "en"])?;
        let country: Option<&str> = found.decode_path(&path!["country", "names", "en"])?;
        // `Singapore, Singapore` says nothing that `Singapore` does not.
        let city = city.filter(|&city| Some(city) != country);
        let names: Vec<&str> =
            city.into_iter().chain(country).filter(|it| !it.is_empty()).collect();
        Ok((!names.is_empty()).then(|| names.join(", ")))
    }
}
