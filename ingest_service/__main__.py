"""Starts ingest: `python -m ingest_service [--config FILE]`."""

import sys

from ingest_service.app import IngestSettings, lifespan
from tapewatch.runtime.service import run_service

if __name__ == "__main__":
    sys.exit(run_service("ingest", "ingest", IngestSettings, lifespan))
