//! The product's own SQL, out of `.sqlx/`: so that the references run the very same statements.

use std::path::Path;

use anyhow::{Context as _, ensure};

/// The statements of every `query!` in the crate.
pub(crate) struct Statements(Vec<&'static str>);

impl Statements {
    /// Reads them. They are kept until the program ends, as sqlx wants text that is not made up
    /// at run time.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            let query: serde_json::Value = serde_json::from_slice(&std::fs::read(entry?.path())?)?;
            let text = query["query"].as_str().context("a file of .sqlx without a query")?;
            texts.push(&*text.to_owned().leak());
        }
        Ok(Self(texts))
    }

    /// The one statement that begins so and contains `part`, whatever its line breaks.
    pub(crate) fn one(&self, beginning: &str, part: &str) -> anyhow::Result<&'static str> {
        let fits = |text: &&&str| {
            let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
            plain.starts_with(beginning) && plain.contains(part)
        };
        let mut found = self.0.iter().filter(fits);
        let only = found.next().with_context(|| format!("no {beginning} … {part} in .sqlx"))?;
        ensure!(found.next().is_none(), "several {beginning} … {part} in .sqlx");
        Ok(only)
    }
}
