# Two small images from one build: the web server, and the scorers, which alone may hold the key.
#   docker build --target server -t holdout .
#   docker build --target scorer -t holdout-scorer .

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bins \
    && mkdir /out && cp target/release/holdout target/release/holdout-scorer /out/

FROM debian:bookworm-slim AS base
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin holdout \
    && install -d -o holdout -g holdout -m 0700 /var/lib/holdout/files /var/lib/holdout/keys
USER holdout

FROM base AS server
COPY --from=build /out/holdout /usr/local/bin/holdout
ENV HOLDOUT_LISTEN=0.0.0.0:8080 HOLDOUT_DATA_DIR=/var/lib/holdout HOLDOUT_FILES_DIR=/var/lib/holdout/files
EXPOSE 8080
ENTRYPOINT ["holdout"]
CMD ["serve"]

FROM base AS scorer
COPY --from=build /out/holdout-scorer /usr/local/bin/holdout-scorer
ENV HOLDOUT_FILES=/var/lib/holdout/files HOLDOUT_SCORER_KEY=/var/lib/holdout/keys/scorer.key
ENTRYPOINT ["holdout-scorer"]
CMD ["work"]
