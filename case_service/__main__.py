"""Starts the case service: `python -m case_service [--config FILE]`."""

import sys

from case_service.app import SECTION, CaseSettings, lifespan
from tapewatch.runtime.service import run_service

if __name__ == "__main__":
    sys.exit(run_service("cases", SECTION, CaseSettings, lifespan))
