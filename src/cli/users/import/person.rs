//! From the fields of a line to somebody who can be written: the same types, and so the same rules, as at sign-up.

use chrono::{DateTime, Utc};

use crate::foundation::{Clock, Country, EmailAddress, Entropy, NumberType, PhoneNumber, UserId};
use crate::otp::Language;
use crate::passwords::PasswordHash;
use crate::users::{ImportedUser, PhcString, Role};

/// The longest text of a field that is read at all, in bytes.
const TEXT_MAX: usize = 4096;

/// What a line says, before anything of it is believed.
#[derive(Clone, Default)]
pub(in crate::cli) struct Fields {
    pub(in crate::cli) email: Option<String>,
    pub(in crate::cli) phone_number: Option<String>,
    pub(in crate::cli) password_hash: Option<String>,
    pub(in crate::cli) is_verified: Option<bool>,
    pub(in crate::cli) locale: Option<String>,
    pub(in crate::cli) created_at: Option<String>,
    pub(in crate::cli) roles: Vec<String>,
}

/// What is wrong, and with which field: none where it is the line itself. Never says what stands there: that may be a
/// secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field.
    pub field: Option<&'static str>,
    /// Words for a person.
    pub reason: String,
}

impl Fault {
    pub(in crate::cli) fn of(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field: Some(field), reason: reason.into() }
    }

    pub(in crate::cli) fn of_line(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }
}

/// Checks what lines say.
pub struct Checker {
    region: Option<Country>,
    clock: Clock,
    entropy: Entropy,
}

impl Checker {
    /// National phone numbers are read as of `region`.
    pub fn new(region: Option<Country>, clock: Clock, entropy: Entropy) -> Self {
        Self { region, clock, entropy }
    }

    /// The person, or everything that is wrong.
    pub(in crate::cli) fn check(&self, fields: &Fields) -> Result<ImportedUser, Vec<Fault>> {
        let now = self.clock.now();
        let mut faults = Vec::new();
        let email = required(&mut faults, "email", fields.email.as_deref(), EmailAddress::parse);
        let number = required(&mut faults, "phoneNumber", fields.phone_number.as_deref(), |it| {
            self.phone_number(it)
        });
        let hash = required(&mut faults, "passwordHash", fields.password_hash.as_deref(), |it| {
            PasswordHash::parse(it.trim()).map(|hash| PhcString::from(hash.to_phc()))
        });
        let locale = optional(&mut faults, "locale", fields.locale.as_deref(), locale);
        let created_at =
            optional(&mut faults, "createdAt", fields.created_at.as_deref(), |it| time(it, now));
        let roles = roles(&mut faults, &fields.roles);
        let id = UserId::new(now, &self.entropy);
        if let Err(error) = &id {
            faults.push(Fault::of_line(error.to_string()));
        }
        match (email, number, hash, id) {
            (Some(email), Some(phone_number), Some(password_hash), Ok(id)) if faults.is_empty() => {
                Ok(ImportedUser {
                    id,
                    email,
                    phone_number,
                    password_hash,
                    is_verified: fields.is_verified.unwrap_or(false),
                    locale: locale.flatten(),
                    roles,
                    created_at: created_at.unwrap_or(now),
                })
            }
            _ => Err(faults),
        }
    }

    fn phone_number(&self, text: &str) -> Result<PhoneNumber, String> {
        let number = PhoneNumber::parse(text, self.region.as_ref());
        let number = number.map_err(|error| error.to_string())?;
        if number.number_type() == NumberType::Neither {
            return Err("This kind of number cannot receive codes.".to_owned());
        }
        Ok(number)
    }
}

fn required<T, E: ToString>(
    faults: &mut Vec<Fault>,
    field: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    if text.is_none() {
        faults.push(Fault::of(field, "is required"));
    }
    optional(faults, field, text, parse)
}

fn optional<T, E: ToString>(
    faults: &mut Vec<Fault>,
    field: &'static str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let text = text?;
    if text.len() > TEXT_MAX {
        faults.push(Fault::of(field, "is too long"));
        return None;
    }
    parse(text).map_err(|error| faults.push(Fault::of(field, error.to_string()))).ok()
}

/// The tag of our texts in that language; a language without texts is none, as at sign-up.
fn locale(text: &str) -> Result<Option<String>, &'static str> {
    let mut subtags = text.trim().split(['-', '_']);
    let primary = subtags.next().unwrap_or_default();
    let is_primary =
        (2..=3).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag = |subtag: &str| {
        (2..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !is_primary || !subtags.all(is_subtag) {
        return Err("a language tag like en or pt-BR is wanted");
    }
    let language = Language::look_up(&text.trim().replace('_', "-"));
    Ok(language.map(|language| language.tag().to_owned()))
}

fn time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    let time = DateTime::parse_from_rfc3339(text.trim())
        .map_err(|_| "a time like 2025-11-21T15:00:00Z (RFC 3339) is wanted")?;
    let is_past = time >= DateTime::UNIX_EPOCH && time <= now;
    is_past.then(|| time.to_utc()).ok_or("is before 1970 or in the future")
}

fn roles(faults: &mut Vec<Fault>, texts: &[String]) -> Vec<Role> {
    let mut roles = Vec::new();
    for text in texts {
        match text.parse::<Role>() {
            Ok(role) => roles.push(role),
            Err(error) => faults.push(Fault::of("roles", error.to_string())),
        }
    }
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > Role::MOST {
        faults.push(Fault::of("roles", format!("at most {} are wanted", Role::MOST)));
    }
    roles
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checker() -> Checker {
        Checker::new(None, Clock::default(), Entropy::default())
    }

    fn good() -> Fields {
        let hash = "$2b$04$cVWp4XaNU8a4v1uMRum2SO026BWLIoQMD/TXg5uZV.0P.uO8m3YEm";
        Fields {
            email: Some(" Ada@EXAMPLE.com ".to_owned()),
            phone_number: Some("+1 (415) 555-2671".to_owned()),
            password_hash: Some(hash.to_owned()),
            is_verified: Some(true),
            locale: Some("pt_BR".to_owned()),
            created_at: Some("2020-02-29T12:00:00+01:00".to_owned()),
            roles: vec!["ops".to_owned(), "admin".to_owned(), "ops".to_owned()],
        }
    }

    #[test]
    fn a_good_line_becomes_a_person() {
        let person = checker().check(&good()).map_err(|faults| format!("{faults:?}")).unwrap();
        assert_eq!(person.email.as_str(), "Ada@example.com");
        assert_eq!(person.phone_number.e164(), "+14155552671");
        assert!(person.is_verified && person.password_hash.as_str().starts_with("$2b$04$"));
        assert_eq!(person.locale.as_deref(), Some("pt"));
        assert_eq!(person.created_at.to_rfc3339(), "2020-02-29T11:00:00+00:00");
        let roles: Vec<&str> = person.roles.iter().map(Role::as_str).collect();
        assert_eq!(roles, ["admin", "ops"]);
    }

    #[test]
    fn everything_wrong_is_told_at_once_and_nothing_of_it_repeated() {
        let secret = "correct horse battery staple";
        let all_wrong = Fields {
            email: Some(secret.to_owned()),
            phone_number: Some(secret.to_owned()),
            password_hash: Some(secret.to_owned()),
            is_verified: None,
            locale: Some(secret.to_owned()),
            created_at: Some(secret.to_owned()),
            roles: vec![secret.to_owned()],
        };
        let faults = checker().check(&all_wrong).err().unwrap();
        let fields: Vec<_> = faults.iter().filter_map(|fault| fault.field).collect();
        let wanted = ["email", "phoneNumber", "passwordHash", "locale", "createdAt", "roles"];
        assert_eq!(fields, wanted);
        assert!(!format!("{faults:?}").contains("horse"), "{faults:?}");
        let missing = checker().check(&Fields::default()).err().unwrap();
        let fields: Vec<_> = missing.iter().filter_map(|fault| fault.field).collect();
        assert_eq!(fields, wanted[..3]);
    }

    #[test]
    fn what_sign_up_would_refuse_is_refused() {
        let premium = Fields { phone_number: Some("+19005551234".to_owned()), ..good() };
        let future = Fields { created_at: Some("2999-01-01T00:00:00Z".to_owned()), ..good() };
        let many = Fields { roles: (0..33).map(|it| format!("r{it}")).collect(), ..good() };
        let huge = Fields { email: Some("a".repeat(TEXT_MAX + 1)), ..good() };
        for (fields, field) in
            [(premium, "phoneNumber"), (future, "createdAt"), (many, "roles"), (huge, "email")]
        {
            let faults = checker().check(&fields).err().unwrap();
            assert_eq!(faults.iter().map(|it| it.field).collect::<Vec<_>>(), [Some(field)]);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_or_refused(text in "\\PC{0,40}") {
            let fields = Fields {
                email: Some(text.clone()),
                phone_number: Some(text.clone()),
                password_hash: Some(text.clone()),
                locale: Some(text.clone()),
                created_at: Some(text.clone()),
                roles: vec![text],
                is_verified: None,
            };
            prop_assert!(checker().check(&fields).is_err());
        }
    }
}
