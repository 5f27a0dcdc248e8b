"""Start the simulator service: `python -m simulator [--config FILE]`."""

import sys
from collections.abc import Sequence

from simulator.app import SimulatorSettings, lifespan
from tapewatch.runtime.service import run_service


def main(argv: Sequence[str] | None = None) -> int:
    """Run the service until it is told to stop; return the exit code."""
    return run_service("simulator", "simulator", SimulatorSettings, lifespan, argv)


if __name__ == "__main__":
    sys.exit(main())
