"""Starts the FIX gateway: ``python -m fix_gateway --config FILE``."""

import sys

from fix_gateway.app import lifespan
from fix_gateway.settings import FixSettings
from tapewatch.runtime.service import run_service


def main() -> int:
    """Runs the service until it is stopped; returns the exit code."""
    return run_service("fix-gateway", "fix", FixSettings, lifespan)


if __name__ == "__main__":
    sys.exit(main())
