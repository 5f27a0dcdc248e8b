"""`python -m tapewatch.bench.interpreted EVENTS`: the engine's rate as JSON, in the mode the environment forces."""

import json
import sys

from tapewatch.bench.engine import rate_of_opening
from tapewatch.engine_mode import mode


def main() -> None:
    """Print mode and rate."""
    print(json.dumps({"engine": mode(), "events_per_second": rate_of_opening(int(sys.argv[1]))}))


if __name__ == "__main__":
    main()
