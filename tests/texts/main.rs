//! What messages say, whoever carries them: templates, the operator's own texts, and the lines that
//! let phones and browsers fill a code in.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod bound;
mod rendering;
mod settings;
mod world;
