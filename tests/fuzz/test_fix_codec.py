import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import CHECKOUT
from tests.fuzz.fix_codec import SEEDS, check

FUZZ_TIMEOUT_S = 50


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
def test_the_seeds_of_the_fuzzer_hold(seed: bytes) -> None:
    check(seed)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(SEEDS), st.integers(0, 400), st.integers(0, 400))
def test_seeds_with_random_bytes_in_them_hold(random: bytes, seed: bytes, first: int, last: int) -> None:
    check(seed[:first] + random + seed[last:])


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed: `make fuzz` installs it (Python below 3.13) and runs it longer",
)
def test_atheris_finds_nothing_in_a_second(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fuzz.run", str(tmp_path), "-max_total_time=1"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=FUZZ_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
