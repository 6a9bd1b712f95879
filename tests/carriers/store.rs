//! Where codes live in this binary: in PostgreSQL. `tests/redis` has the test of calls on the other store.

/// What an application has to be told of its store.
pub(crate) async fn settings() -> Vec<(&'static str, String)> {
    Vec::new()
}
