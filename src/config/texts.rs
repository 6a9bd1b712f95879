//! What the messages say: `OTP_TEXTS_FILE`, `OTP_ORIGIN`, `ANDROID_APP_HASHES`; and the ids under which
//! a text is registered in India.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};

use crate::otp::providers::india_dlt::{IndiaDlt, IndiaDltError};
use crate::otp::text::{Conditions, Excess, Origin, OwnTexts, TextTooLong};
use crate::otp::{AppHash, LONG_CODE_DIGITS, Texts};

use super::reader::Reader;

/// Far more than a text for each language and occasion takes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// A text's share in the code: its length and for how long it is good.
pub(super) struct Code {
    pub(super) digits: usize,
    pub(super) seconds: u32,
}

/// The texts, each of one message under everything that is set. `code` is `None` where the settings
/// of codes are at fault.
pub(super) fn texts(
    reader: &mut Reader<'_>,
    code: Option<&Code>,
    is_registered_in_india: bool,
) -> Option<Texts> {
    let own = own_texts(reader);
    let origin = reader.or("OTP_ORIGIN", "", |text| match text {
        "" => Ok(None),
        text => text.parse::<Origin>().map(Some),
    });
    let app_hashes = reader.list("ANDROID_APP_HASHES", "", |text| {
        text.parse::<AppHash>().map_err(|error| format!("{text:?}: {error}"))
    });
    let (code, own) = (code?, own?);
    let conditions = Conditions {
        origin: origin?,
        app_hashes: app_hashes?.into_iter().collect(),
        // What fits with the longest code fits with any.
        code_digits: code.digits.max(LONG_CODE_DIGITS),
        // Never more than the truth, and never none.
        minutes: i64::from((code.seconds / 60).max(1)),
        is_registered_in_india,
    };
    match Texts::new(&own, conditions) {
        Ok(texts) => Some(texts),
        Err(faults) => {
            complain(reader, &faults);
            None
        }
    }
}

fn own_texts(reader: &mut Reader<'_>) -> Option<OwnTexts> {
    let path = reader.or("OTP_TEXTS_FILE", "", |text| Ok::<_, &str>(text.to_owned()))?;
    if path.is_empty() {
        return Some(OwnTexts::default());
    }
    let json = match read(&path) {
        Ok(json) => json,
        Err(error) => {
            reader.fault("OTP_TEXTS_FILE", format!("{path:?} cannot be read: {error}"));
            return None;
        }
    };
    match OwnTexts::parse(&json) {
        Ok(own) => Some(own),
        Err(faults) => {
            for fault in faults {
                reader.fault("OTP_TEXTS_FILE", whole(&fault));
            }
            None
        }
    }
}

fn read(path: &str) -> io::Result<String> {
    let mut json = String::new();
    let file = File::open(path)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut json)?;
    if json.len() as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other("it has more than 64 KiB"));
    }
    Ok(json)
}

/// Each text of the operator's that does not fit, and the longest of ours: what is too long there
/// is the host.
fn complain(reader: &mut Reader<'_>, faults: &[TextTooLong]) {
    for fault in faults.iter().filter(|fault| fault.is_own) {
        reader.fault("OTP_TEXTS_FILE", fault.to_string());
    }
    let built_in = faults.iter().filter(|fault| !fault.is_own);
    if let Some(fault) = built_in.max_by_key(|fault| fault.excess) {
        let name = match fault.excess {
            Excess::Septets(_) => "OTP_ORIGIN",
            Excess::Bytes(_) => "ANDROID_APP_HASHES",
        };
        let mend = "set a shorter OTP_ORIGIN, or a shorter text in OTP_TEXTS_FILE";
        reader.fault(name, format!("leaves too little room for the text {fault}; {mend}"));
    }
}

/// An error with its causes.
fn whole(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

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
