//! Where settings come from: the process environment, and `.env` beneath it in development.

use std::collections::BTreeMap;
use std::path::Path;

/// Names and values. The process environment wins over `.env`, and both over defaults.
#[derive(Clone, Default)]
pub struct Environment {
    values: BTreeMap<String, String>,
    from_dotenv: Vec<String>,
}

/// `.env` is there and cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DotenvError {
    /// A line is not of the form `NAME=value`. What it says is not told: it may be a secret.
    #[error(
        ".env cannot be read after {after}: the next line is not like NAME=value, or a quote is not closed"
    )]
    Line {
        /// The last name that could be read.
        after: String,
    },
    /// The file could not be opened or read.
    #[error(".env cannot be read")]
    File(#[source] std::io::Error),
}

impl Environment {
    /// The environment of this process. Values that are not UTF-8 are nobody's settings.
    pub fn of_process() -> Self {
        let pairs = std::env::vars_os();
        Self::of_pairs(pairs.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// The given pairs and nothing else.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { values: pairs.into_iter().collect(), from_dotenv: Vec::new() }
    }

    /// Adds what `.env` says where the environment says nothing. No file is no fault.
    pub fn with_dotenv(mut self, path: &Path) -> Result<Self, DotenvError> {
        if !path.exists() {
            return Ok(self);
        }
        let pairs = dotenvy::from_path_iter(path).map_err(|error| self.complain(error))?;
        for pair in pairs {
            let (name, value) = pair.map_err(|error| self.complain(error))?;
            self.from_dotenv.push(name.clone());
            self.values.entry(name).or_insert(value);
        }
        Ok(self)
    }

    /// The library's error would quote the line.
    fn complain(&self, error: dotenvy::Error) -> DotenvError {
        match error {
            dotenvy::Error::Io(error) => DotenvError::File(error),
            _ => DotenvError::Line {
                after: self.from_dotenv.last().map_or("its beginning", String::as_str).to_owned(),
            },
        }
    }

    /// Sets `name` where nothing has set it.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        if !self.has(name) {
            self.values.insert(name.to_owned(), value.into());
        }
    }

    /// Whether `name` (or `NAME_FILE`) is set to something.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some() || self.get(&format!("{name}_FILE")).is_some()
    }

    /// Whether `APP_ENV` says production.
    pub fn is_production(&self) -> bool {
        self.get("APP_ENV") == Some("production")
    }

    /// `LOG_LEVEL`, wanted before anything else is read.
    pub fn log_level(&self) -> Option<&str> {
        self.get("LOG_LEVEL")
    }

    /// Whether `OTEL_EXPORTER_OTLP_ENDPOINT` is set, wanted as early.
    pub fn is_traced(&self) -> bool {
        self.has("OTEL_EXPORTER_OTLP_ENDPOINT")
    }

    /// The value of `name`; an empty one counts as none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The names in `.env`.
    pub(super) fn dotenv_names(&self) -> &[String] {
        &self.from_dotenv
    }
}
