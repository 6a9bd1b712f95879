//! `GEOIP_FILE`.

use std::error::Error as _;
use std::path::Path;

use crate::places::{Places, PlacesError};

use super::reader::Reader;

/// `None` where none is set.
pub(super) fn places(reader: &mut Reader<'_>) -> Option<Places> {
    let places = reader.or("GEOIP_FILE", "", |file| match file {
        "" => Ok(None),
        file => Places::open(Path::new(file)).map(Some).map_err(|error| with_cause(&error)),
    });
    places.flatten()
}

fn with_cause(error: &PlacesError) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
