# The verbs of everyday work. `just` lists them; each is one line that can be typed without it.

_default:
    @just --list --unsorted

# Serve on this machine, without any settings
run:
    cargo run

# Run every test; nothing needs to be running
test:
    cargo test

# Check formatting and lints as strictly as CI does
lint:
    cargo fmt --check && cargo clippy --all-targets --all-features -- -D warnings

# Measure, and compare with references measured in the same run
bench:
    cargo bench

# Attack the server in simulated time
attack *arguments:
    cargo run --release --example attack -- {{arguments}}

# Renew .sqlx from a migrated database, such as the one whose address `just run` prints
sqlx url:
    rm -f .sqlx/query-*.json && touch src/lib.rs && SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$PWD/.sqlx" DATABASE_URL='{{url}}' cargo check

# Renew docs/openapi.json
openapi:
    cargo run --quiet -- openapi > docs/openapi.json

# Drive the pages of a running `just run` in Chromium
e2e url='http://localhost:3000':
    tests/e2e/run '{{url}}'

# Build the code's documentation, broken links being errors
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --no-deps
