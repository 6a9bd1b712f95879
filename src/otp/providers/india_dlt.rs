//! What carriers want to know of a text to India: the ids under which it is registered on a platform
//! of the "distributed ledger technology" that the Indian regulator asks for.
//!
//! Owns the form of the ids and the rule which numbers they go with. Never changes a byte of them:
//! an id that is not the registered one gets the text dropped.

use super::preflight::is_e164;

/// The country calling code of India, which no other country shares.
const INDIA: &str = "+91";

/// The longest id that is taken, in bytes; the platforms' own have 19 digits.
const MAX_ID_BYTES: usize = 64;

/// The registration of the text: `DLT_ENTITY_ID`, `DLT_TEMPLATE_ID`, `DLT_TEMPLATE_CATEGORY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndiaDlt {
    entity_id: String,
    template_id: String,
    template_category: Option<String>,
}

/// An id that cannot be sent: empty, too long, or with blanks or control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to 64 bytes and no blanks")]
pub struct IndiaDltError;

impl IndiaDlt {
    /// A registration under these ids, which are passed on byte for byte.
    pub fn new(
        entity_id: String,
        template_id: String,
        template_category: Option<String>,
    ) -> Result<Self, IndiaDltError> {
        let ids = [Some(&entity_id), Some(&template_id), template_category.as_ref()];
        if ids.into_iter().flatten().all(|id| Self::is_id(id)) {
            Ok(Self { entity_id, template_id, template_category })
        } else {
            Err(IndiaDltError)
        }
    }

    /// Whether `id` can be sent.
    pub fn is_id(id: &str) -> bool {
        let odd = |c: char| c.is_whitespace() || c.is_control();
        (1..=MAX_ID_BYTES).contains(&id.len()) && !id.contains(odd)
    }

    /// Whether a text to this number has to be a registered one.
    pub fn concerns(to_e164: &str) -> bool {
        is_e164(to_e164) && to_e164.starts_with(INDIA)
    }

    /// `DLT_ENTITY_ID`: the business.
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// `DLT_TEMPLATE_ID`: the text.
    pub fn template_id(&self) -> &str {
        &self.template_id
    }

    /// `DLT_TEMPLATE_CATEGORY`: its kind.
    pub fn template_category(&self) -> Option<&str> {
        self.template_category.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_as_they_are() {
        let (entity, template) = ("1101234567890123456", "É1107ß/+=\"\\ñ");
        let dlt = IndiaDlt::new(entity.into(), template.into(), Some("service_implicit".into()));
        let dlt = dlt.unwrap();
        assert_eq!((dlt.entity_id(), dlt.template_id()), (entity, template));
        assert_eq!(dlt.template_category(), Some("service_implicit"));
    }

    #[test]
    fn what_cannot_be_an_id_is_refused() {
        for id in ["", "110 1", "110\u{a0}1", "1101\n", "110\u{7}1", &"1".repeat(65)] {
            let as_entity = IndiaDlt::new(id.to_owned(), "1107".to_owned(), None);
            let as_template = IndiaDlt::new("1101".to_owned(), id.to_owned(), None);
            let category = Some(id.to_owned());
            let as_category = IndiaDlt::new("1101".to_owned(), "1107".to_owned(), category);
            for refused in [as_entity, as_template, as_category] {
                assert_eq!(refused, Err(IndiaDltError), "{id:?}");
            }
        }
    }

    #[test]
    fn only_numbers_of_india_are_concerned() {
        assert!(IndiaDlt::concerns("+919876543210"));
        for number in
            ["+9", "+92300123456", "919876543210", "+91 98765", "+14155552671", "+1919876"]
        {
            assert!(!IndiaDlt::concerns(number), "{number}");
        }
    }
}
