//! The files of this repository, as text.

use std::fs;
use std::path::{Path, PathBuf};

/// A file, and its path from the root of the repository.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path));
        let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.to_owned(), text }
    }

    /// The room of `src/` that it belongs to.
    pub(crate) fn room(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        path.split(['/', '.']).next().unwrap()
    }

    /// The lines of the program, with their numbers: no comments, and no unit tests, which may look
    /// where they like.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let program = self.text.split("#[cfg(test)]\nmod ").next().unwrap();
        let lines = program.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// Every file of the program itself, but for files of unit tests.
pub(crate) fn program() -> Vec<Source> {
    let sources = files_under("src", ".rs");
    assert!(sources.len() > 50, "the sources are not where they are looked for");
    sources.into_iter().filter(|source| !source.path.ends_with("/tests.rs")).collect()
}

/// Every file below `folder` whose name ends so; none where there is no such folder.
pub(crate) fn files_under(folder: &str, ending: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            match path.file_name().unwrap().to_str().unwrap() {
                "node_modules" | "target" => {}
                _ if path.is_dir() => folders.push(path),
                name if name.ends_with(ending) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| Source::read(&relative(path))).collect()
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
