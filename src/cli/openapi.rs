//! `ringfence openapi`: the document, as it is served.

use std::io::Write as _;

use crate::api::openapi::document_bytes;

pub(super) fn run() -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(&document_bytes())?)
}
