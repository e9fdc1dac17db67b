# Images from one build: the web server; the scorers, which alone may hold the key; runners of notebooks; backups.
#   docker build --target server -t holdout .
#   docker build --target scorer -t holdout-scorer .
#   docker build --target runner -t holdout-runner .
#   docker build --target backup -t holdout-backup .

# The major version of the database, whose programs dump and restore it.
ARG POSTGRES=17

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bins \
    && mkdir /out && cp target/release/holdout target/release/holdout-scorer /out/

FROM debian:bookworm-slim AS base
# Without certificates of authorities no bucket can be opened. Debian's own packages, as fresh as the image is built: what
# they mend should come in.
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin holdout \
    && install -d -o holdout -g holdout -m 0700 /var/lib/holdout/files /var/lib/holdout/keys \
        /var/lib/holdout/arriving /var/lib/holdout/spool
USER 10001

FROM base AS server
COPY --from=build /out/holdout /usr/local/bin/holdout
# Large pieces of memory go back at once: see GIVE_BACK in server/src/house/up.rs.
ENV HOLDOUT_LISTEN=0.0.0.0:8080 HOLDOUT_DATA_DIR=/var/lib/holdout HOLDOUT_FILES=/var/lib/holdout/files \
    MALLOC_MMAP_THRESHOLD_=4194304 MALLOC_TRIM_THRESHOLD_=8388608
EXPOSE 8080
ENTRYPOINT ["holdout"]
CMD ["serve"]

# With the Python for metrics that hosts write; `scripts/image-python` pins it.
FROM base AS scorer
# hadolint ignore=DL3066
USER root
COPY scorer/python/scorers.txt /opt/python/
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/python \
    && /opt/python/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r /opt/python/scorers.txt
USER 10001
COPY --from=build /out/holdout-scorer /usr/local/bin/holdout-scorer
ENV HOLDOUT_FILES=/var/lib/holdout/files HOLDOUT_SPOOL=/var/lib/holdout/spool \
    HOLDOUT_SCORER_KEY=/var/lib/holdout/keys/scorer.key \
    HOLDOUT_PYTHON=/opt/python/bin/python HOLDOUT_PULSE=/tmp/holdout.pulse
ENTRYPOINT ["holdout-scorer"]
CMD ["work"]

# With Jupyter's kernel and what notebooks may count on, as `holdout-scorer python-setup` installs them.
FROM base AS runner
# hadolint ignore=DL3066
USER root
COPY scorer/python/runners.txt /opt/python/
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/python \
    && /opt/python/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r /opt/python/runners.txt
USER 10001
COPY --from=build /out/holdout-scorer /usr/local/bin/holdout-scorer
ENV HOLDOUT_FILES=/var/lib/holdout/files HOLDOUT_SPOOL=/var/lib/holdout/spool \
    HOLDOUT_PYTHON=/opt/python/bin/python HOLDOUT_PULSE=/tmp/holdout.pulse
ENTRYPOINT ["holdout-scorer"]
CMD ["run-notebooks"]

# Copies database and files into a folder, and makes an installation of such a copy. What `restore` writes beside both is
# of no use elsewhere, and goes with the container.
FROM postgres:${POSTGRES}-bookworm AS backup
# hadolint ignore=DL3008
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin holdout \
    && install -d -o holdout -g holdout -m 0700 /var/lib/holdout/files /var/backups/holdout
USER 10001
COPY --from=build /out/holdout /usr/local/bin/holdout
ENV HOLDOUT_FILES=/var/lib/holdout/files HOLDOUT_DATA_DIR=/tmp/holdout
ENTRYPOINT ["holdout"]
CMD ["backup", "--into", "/var/backups/holdout", "--keep", "7"]
