"""Runs atheris over `fix_codec.check`; arguments are libFuzzer's, first a folder of inputs (seeds where it is empty).

The core runs interpreted, so that atheris sees which of its lines an input reaches.
"""

import os
import sys
from pathlib import Path


def main() -> None:
    """Fuzzes until libFuzzer ends the process."""
    os.environ["TAPEWATCH_ENGINE"] = "interpreted"
    import atheris  # type: ignore[import-not-found,import-untyped,unused-ignore]  # no requirement: see the test beside

    with atheris.instrument_imports(include=["tapewatch.fix"]):
        from tests.fuzz.fix_codec import SEEDS, check

    folder = Path(sys.argv[1])
    for number, seed in enumerate([] if any(folder.iterdir()) else SEEDS):
        (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
