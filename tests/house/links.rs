//! Links between the documents lead to what is there.

use std::collections::HashSet;

use super::sources::{Source, files_under, root};

/// The targets of `[words](target)` that lie in this repository.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target);
    targets.filter(|target| !target.contains("://") && !target.contains([' ', '\n']))
}

/// What a heading of `text` is called in an address, as GitHub has it.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let names = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let is_kept = |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
    names.map(|name| name.replace(' ', "-").chars().filter(is_kept).collect()).collect()
}

#[test]
fn every_link_in_a_document_leads_to_a_file_and_a_heading() {
    let mut documents: Vec<_> =
        ["docs", "deploy", "data"].iter().flat_map(|folder| files_under(folder, ".md")).collect();
    documents.extend(
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
            .map(Source::read),
    );
    let mut followed = 0;
    for document in &documents {
        let here = root().join(&document.path);
        for link in links(&document.text) {
            followed += 1;
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { here.clone() } else { here.with_file_name("").join(path) };
            assert!(target.exists(), "{}: nothing is at {link}", document.path);
            let is_there = || anchors(&std::fs::read_to_string(&target).unwrap()).contains(heading);
            assert!(heading.is_empty() || is_there(), "{}: no heading {link}", document.path);
        }
    }
    assert!(followed > 300, "the links are not found: {followed}");
}
