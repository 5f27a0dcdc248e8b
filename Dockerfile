# One image for every service; the command chooses which one runs.
FROM python:3.11-slim-bookworm AS builder
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements/ requirements/
RUN python -m venv /opt/tapewatch \
    && /opt/tapewatch/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/lock.txt
COPY . .
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/tapewatch/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl
# An image with an interpreted engine would be slow and look healthy: refuse to make one.
RUN cd / && /opt/tapewatch/bin/python -c \
    'import sys; from tapewatch import engine_mode; sys.exit(engine_mode.interpreted_modules() or None)'

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 tapewatch \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin tapewatch \
    && install --directory --owner tapewatch --group tapewatch /certs /var/lib/tapewatch
COPY --from=builder /opt/tapewatch /opt/tapewatch
ENV PATH=/opt/tapewatch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/tapewatch
USER 10001:10001
CMD ["tapewatch", "--help"]
