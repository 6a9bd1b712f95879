//! What every file looks like.

use super::sources::files_under;

/// What a person reads in one sitting.
const LINES_MAX: usize = 400;

#[test]
fn every_file_says_at_its_top_what_it_is_and_stays_short() {
    for folder in ["src", "tests", "examples", "benches"] {
        for source in files_under(folder, ".rs") {
            let (path, text) = (&source.path, &source.text);
            assert!(text.starts_with("//! "), "{path} does not begin with //!");
            let lines = text.lines().count();
            assert!(lines <= LINES_MAX, "{path} has {lines} lines, more than {LINES_MAX}");
        }
    }
}
