//! Reads settings one by one and remembers every complaint.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::Environment;

/// Asks the environment, collects faults and what is in force.
pub(super) struct Reader<'e> {
    environment: &'e Environment,
    asked: BTreeSet<String>,
    faults: Vec<(String, String)>,
    in_force: Vec<(String, String)>,
}

/// What is wrong with the settings: every fault.
#[derive(Debug)]
pub struct SettingsError(Vec<(String, String)>);

/// What is in force, for `ringfence config`: each name with its value, secrets masked.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Names and shown values, in the order of reading.
    pub values: Vec<(String, String)>,
    /// Names in `.env` that nobody reads: typing errors, most likely.
    pub unread: Vec<String>,
}

impl<'e> Reader<'e> {
    pub(super) fn new(environment: &'e Environment) -> Self {
        Self { environment, asked: BTreeSet::new(), faults: Vec::new(), in_force: Vec::new() }
    }

    /// A setting with a default. A wrong value is a fault, and `None`.
    pub(super) fn or<T, E: fmt::Display>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.look_up(name);
        let shown = match &value {
            Some(value) => value.clone(),
            None if default.is_empty() => "(none)".to_owned(),
            None => format!("{default} (default)"),
        };
        self.in_force.push((name.to_owned(), shown));
        let value = value.unwrap_or_else(|| default.to_owned());
        let parsed = parse(&value);
        parsed.map_err(|error| self.fault(name, format!("{value:?} is not right: {error}"))).ok()
    }

    /// A setting that must be there.
    pub(super) fn required<T, E: fmt::Display>(
        &mut self,
        name: &str,
        mend: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.environment.has(name) {
            self.fault(name, format!("is required; {mend}"));
            return None;
        }
        self.or(name, "", parse)
    }

    /// A whole number within bounds, with a default.
    pub(super) fn number(
        &mut self,
        name: &str,
        default: &str,
        bounds: std::ops::RangeInclusive<u32>,
    ) -> Option<u32> {
        self.or(name, default, |text| {
            let number = text.parse().ok().filter(|number| bounds.contains(number));
            let (least, most) = (bounds.start(), bounds.end());
            number.ok_or_else(|| format!("a whole number from {least} to {most} is wanted"))
        })
    }

    /// One of several words, with the first as default.
    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        let default = words.first().map_or("", |(word, _)| *word);
        self.or(name, default, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                format!("one of {} is wanted", all.join(", "))
            })
        })
    }

    /// A list divided by commas; an empty one by default.
    pub(super) fn list<T, E: fmt::Display>(
        &mut self,
        name: &str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<Vec<T>> {
        self.or(name, default, |text| {
            text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(&parse).collect()
        })
    }

    /// A secret, from `NAME` or from the file that `NAME_FILE` names. Its content is never shown.
    pub(super) fn secret<T, E: fmt::Display>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let value = self.look_up_secret(name);
        let shown = if value.is_some() { "********" } else { "(none)" };
        self.in_force.push((name.to_owned(), shown.to_owned()));
        match parse(value?.expose_secret()) {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.fault(name, error.to_string());
                None
            }
        }
    }

    /// Like [`Self::secret`], and a fault where it is not set.
    pub(super) fn required_secret<T, E: fmt::Display>(
        &mut self,
        name: &str,
        mend: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        if !self.environment.has(name) {
            self.fault(name, format!("is required; {mend}"));
        }
        self.secret(name, parse)
    }

    /// Names that are right even where nobody reads them, because another setting makes them idle.
    pub(super) fn known(&mut self, names: &[&str]) {
        for name in names {
            self.asked.insert((*name).to_owned());
            self.asked.insert(format!("{name}_FILE"));
        }
    }

    /// Whether the setting is there at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.environment.has(name)
    }

    /// Notes something wrong.
    pub(super) fn fault(&mut self, name: &str, fault: impl Into<String>) {
        self.faults.push((name.to_owned(), fault.into()));
    }

    /// What was read, if nothing was wrong.
    pub(super) fn finish<T>(self, read: Option<T>) -> Result<(T, InForce), SettingsError> {
        let names = self.environment.dotenv_names().iter();
        let unread = names.filter(|name| !self.asked.contains(*name)).cloned().collect();
        match read {
            Some(read) if self.faults.is_empty() => {
                Ok((read, InForce { values: self.in_force, unread }))
            }
            _ => Err(SettingsError(self.faults)),
        }
    }

    fn look_up(&mut self, name: &str) -> Option<String> {
        self.asked.insert(name.to_owned());
        self.environment.get(name).map(str::to_owned)
    }

    fn look_up_secret(&mut self, name: &str) -> Option<SecretString> {
        let file_name = format!("{name}_FILE");
        let (value, file) = (self.look_up(name), self.look_up(&file_name));
        match (value, file) {
            (Some(_), Some(_)) => {
                self.fault(name, format!("is set twice; set it or {file_name}, not both"));
                None
            }
            (Some(value), None) => Some(value.into()),
            (None, Some(path)) => match std::fs::read_to_string(Path::new(&path)) {
                Ok(content) => Some(content.trim().to_owned().into()),
                Err(error) => {
                    self.fault(&file_name, format!("{path:?} cannot be read: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings are not right:")?;
        self.0.iter().try_for_each(|(name, fault)| write!(f, "\n  {name}: {fault}"))
    }
}

impl std::error::Error for SettingsError {}
