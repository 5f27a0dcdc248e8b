"""The Makefile's own promises."""

import re
import subprocess

from tests.conftest import CHECKOUT

PROMISED = {"help", "setup", "demo", "test", "check", "bench", "interop", "protos", "lock", "clean"}
TARGET = re.compile(r"^(?P<target>[a-z][a-z-]*):(?P<rest>.*)", re.M)
INTERNAL = {"project"}


def _listed() -> dict[str, str]:
    answer = subprocess.run(["make", "--no-print-directory"], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    rows = (line.split(maxsplit=2) for line in answer.stdout.splitlines())
    return {target: description for make, target, description in rows if make == "make"}


def test_make_alone_lists_every_target_with_one_line() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    targets = {match["target"] for match in TARGET.finditer(makefile)} - INTERNAL
    listed = _listed()
    assert set(listed) == targets
    assert all(listed.values())


def test_the_promised_targets_exist() -> None:
    assert set(_listed()) >= PROMISED
