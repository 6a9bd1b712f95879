# syntax=docker/dockerfile:1
# The server in an image without shell, package manager and root.

# The version of rust-toolchain.toml, which .dockerignore leaves out: it would fetch more than is needed.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
COPY . .
# Queries are checked against `.sqlx/`: the build needs no database.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --no-default-features --features aws,redis \
    && cp target/release/ringfence /ringfence

# The C library, CA certificates and nothing else that runs.
FROM gcr.io/distroless/cc-debian12
COPY --from=build /ringfence /usr/local/bin/ringfence
COPY --from=build /src/LICENSE* /src/data/common-passwords.LICENSE /usr/share/doc/ringfence/
# By number, so that an orchestrator can see that it is not root.
USER 65532:65532
ENV APP_ENV=production HOST=0.0.0.0
EXPOSE 3000
# METRICS_ADDR=0.0.0.0:9464 opens the port for Prometheus; it is not for the world.
ENTRYPOINT ["/usr/local/bin/ringfence"]
CMD ["serve"]
# There is no HEALTHCHECK: nothing in here could ask. Let the orchestrator ask /readyz and /livez.
