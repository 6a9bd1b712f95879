//! `DLT_ENTITY_ID` and its like: the registration of the text in India, for every carrier alike.

use crate::otp::providers::india_dlt::{IndiaDlt, IndiaDltError};

use super::reader::Reader;

/// The registration in India: the first two of the ids, or none. `None` also where something is
/// wrong with them.
pub(super) fn india_dlt(reader: &mut Reader<'_>) -> Option<IndiaDlt> {
    let id = |text: &str| match text {
        "" => Ok(None),
        text if IndiaDlt::is_id(text) => Ok(Some(text.to_owned())),
        _ => Err(IndiaDltError),
    };
    let entity = reader.or("DLT_ENTITY_ID", "", id);
    let template = reader.or("DLT_TEMPLATE_ID", "", id);
    let category = reader.or("DLT_TEMPLATE_CATEGORY", "", id);
    let (entity, template, category) = (entity?, template?, category?);
    let missing = match (&entity, &template, &category) {
        (None, Some(_), _) | (None, _, Some(_)) => "DLT_ENTITY_ID",
        (Some(_), None, _) => "DLT_TEMPLATE_ID",
        (None, None, None) | (Some(_), Some(_), _) => {
            return IndiaDlt::new(entity?, template?, category).ok();
        }
    };
    reader.fault(missing, "is required where another of the DLT_ ids is set");
    None
}
