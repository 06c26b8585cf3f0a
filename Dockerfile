# The image of antbridge; docs/container.md tells how to run it.
#
# Any Debian-based image with Python 3.11 or newer and its venv module will do as the base. For
# builds that can be repeated to the byte, name it with its digest and give SOURCE_DATE_EPOCH.
ARG BASE_IMAGE=python:3.13-slim
# The time that stands in the image instead of that of the build, in seconds since 1970.
ARG SOURCE_DATE_EPOCH=1767225600

# Everything that is only needed to build stays in this stage.
FROM ${BASE_IMAGE} AS builder
ARG SOURCE_DATE_EPOCH
ENV PYTHONHASHSEED=0 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python3 -m venv /opt/antbridge
COPY requirements.lock ./
RUN /opt/antbridge/bin/pip install --no-compile --only-binary :all: \
      --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY migrations ./migrations
COPY app ./app
# setuptools comes with the lock, so nothing unpinned is fetched to build the package. Bytecode that
# is never compared with its source needs no writing at run time: the root may be read-only.
RUN /opt/antbridge/bin/pip install --no-compile --no-deps --no-build-isolation . \
 && /opt/antbridge/bin/pip uninstall --yes setuptools pip \
 && /opt/antbridge/bin/python -m compileall -q --invalidation-mode unchecked-hash \
      /opt/antbridge/lib

# What the image holds, as a CycloneDX document. The tool that writes it is in no image.
FROM builder AS sbom-writer
COPY requirements-sbom.lock ./
RUN python3 -m venv /opt/cyclonedx \
 && /opt/cyclonedx/bin/pip install --no-compile --only-binary :all: \
      --require-hashes -r requirements-sbom.lock \
 && /opt/cyclonedx/bin/cyclonedx-py environment --output-reproducible --output-format JSON \
      --pyproject pyproject.toml --output-file /sbom.cdx.json /opt/antbridge/bin/python

# For the document alone: docker build --target sbom --output build .
FROM scratch AS sbom
COPY --from=sbom-writer /sbom.cdx.json /

FROM ${BASE_IMAGE}
ARG SOURCE_DATE_EPOCH
LABEL org.opencontainers.image.title="antbridge" \
      org.opencontainers.image.description="Carries Ankorstore orders to the Active Ants warehouse, and the tracking back."
# Ids that are fixed and belong to nobody on the host; the base's pip is of no use here.
RUN groupadd --gid 10001 antbridge \
 && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /nonexistent \
      --shell /usr/sbin/nologin antbridge \
 && install -d -o antbridge -g antbridge -m 0750 /data \
 && if python3 -m pip --version > /dev/null 2>&1; then \
      python3 -m pip uninstall --yes --root-user-action ignore pip; \
    fi
COPY --from=builder /opt/antbridge /opt/antbridge
COPY --from=sbom-writer /sbom.cdx.json /opt/antbridge/sbom.cdx.json
ENV PATH=/opt/antbridge/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONSAFEPATH=1 \
    DATABASE_URL=sqlite:////data/antbridge.db
USER 10001:10001
WORKDIR /opt/antbridge
# Only /data is ever written to, and /tmp by SQLite for large sorts: mount a tmpfs there.
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Ready, not only alive: the database answers, and the worker in this process works.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/ready'); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["antbridge"]
CMD ["serve", "--host", "0.0.0.0"]
