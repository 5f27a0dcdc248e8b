"""Installs the engines the interop tests talk to: `python -m tests.interop.setting_up [--quick] [ENGINE ...]`.

QuickFIX is built from source (about 5 minutes of processor time and 3 GB of memory) into `.venv-interop/`, once.
QuickFIX/J is downloaded by Maven and its peer compiled into `build/interop/quickfixj/`. What is there is left alone;
what cannot be installed is said, and its tests skip. `--quick` builds nothing that takes minutes: QuickFIX comes only
from a wheel that was built here before.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
QUICKFIX_FOLDER = CHECKOUT / ".venv-interop"
QUICKFIX_PYTHON = QUICKFIX_FOLDER / "bin" / "python"
QUICKFIX_VERSION = "1.16.0"
QUICKFIXJ_FOLDER = CHECKOUT / "build" / "interop" / "quickfixj"
QUICKFIXJ_SOURCE = CHECKOUT / "tests" / "interop" / "quickfixj"
PEER_CLASS = "Peer"


def install_quickfix(*, is_quick: bool) -> None:
    """A virtual environment of its own: the package brings nothing Tapewatch needs."""
    if QUICKFIX_PYTHON.exists() and _runs(QUICKFIX_PYTHON, "-c", "import quickfix"):
        return
    has_wheel = _has_wheel()
    if is_quick and not has_wheel:
        print("QuickFIX is left out: it was not built here before (`make interop` builds it)")
        return
    how = "installing QuickFIX, built before," if has_wheel else "building QuickFIX (5 minutes of processor time, once)"
    print(f"{how} into .venv-interop/", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", QUICKFIX_FOLDER], check=True)
    command = (QUICKFIX_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    subprocess.run([*command, f"quickfix=={QUICKFIX_VERSION}"], check=True)


def install_quickfixj(*, is_quick: bool) -> None:
    """The jars, and the peer compiled beside them; quick either way."""
    peer = QUICKFIXJ_SOURCE / f"{PEER_CLASS}.java"
    compiled = QUICKFIXJ_FOLDER / f"{PEER_CLASS}.class"
    missing = [tool for tool in ("java", "javac", "mvn") if shutil.which(tool) is None]
    if missing:
        print(f"QuickFIX/J is left out: {', '.join(missing)} not found (install a JDK of 17 or newer, and Maven)")
        return
    pom = QUICKFIXJ_SOURCE / "pom.xml"
    if not _is_fresh(QUICKFIXJ_FOLDER / pom.name, pom):
        print("downloading QuickFIX/J by Maven into build/interop/", flush=True)
        goal = ("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={QUICKFIXJ_FOLDER}")
        subprocess.run(["mvn", "--quiet", "--batch-mode", "--file", pom, *goal], check=True)
        shutil.copy(pom, QUICKFIXJ_FOLDER)
    if not compiled.exists() or compiled.stat().st_mtime < peer.stat().st_mtime:
        subprocess.run(["javac", "-cp", f"{QUICKFIXJ_FOLDER}/*", "-d", QUICKFIXJ_FOLDER, peer], check=True)


def _has_wheel() -> bool:
    """Whether pip's cache holds QuickFIX built."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "cache", "list", "quickfix"], check=False, capture_output=True, text=True
    )
    return f"quickfix-{QUICKFIX_VERSION}-" in listed.stdout


def _is_fresh(copy: Path, source: Path) -> bool:
    return copy.is_file() and copy.read_bytes() == source.read_bytes()


def _runs(*command: str | Path) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


INSTALLERS = {"quickfix": install_quickfix, "quickfixj": install_quickfixj}


def main(arguments: Sequence[str]) -> int:
    """Installs; returns 1 when an engine asked for could not be, for a reason of its installer's."""
    names = [each for each in arguments if each != "--quick"] or list(INSTALLERS)
    failures = 0
    for name in names:
        try:
            INSTALLERS[name](is_quick="--quick" in arguments)
        except subprocess.CalledProcessError as error:
            print(f"{name} could not be installed: {error}")
            failures += 1
    return min(failures, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
