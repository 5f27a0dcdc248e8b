"""Whether the core runs compiled or interpreted, and how a mode is forced.

The core is Cython in pure-Python mode: each module is one `.py` file whose first line begins with `HEADER`.
`setup.py` compiles those files and records the digest of each source it compiled in `_built.json`. A module
that could not be compiled runs interpreted, with the same results and far slower.

`TAPEWATCH_ENGINE=interpreted` imports the `.py` even where a compiled module stands beside it;
`TAPEWATCH_ENGINE=compiled` refuses to import a module of the core that is not compiled.
Only the standard library is imported here: the build imports this file too.
"""

import functools
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Literal

Mode = Literal["compiled", "interpreted"]

HEADER = "# cython: language_level=3"
VARIABLE = "TAPEWATCH_ENGINE"
ROOT = Path(__file__).resolve().parent.parent
RECORD = Path("tapewatch") / "_built.json"
PACKAGES = (
    "case_service",
    "detection_service",
    "fix_gateway",
    "ingest_service",
    "simulator",
    "tapewatch",
)


class EngineModeError(ImportError):
    """The mode asked for by `TAPEWATCH_ENGINE` cannot be had."""


def is_core_source(path: Path) -> bool:
    """Whether the file at `path` is a module of the compiled core: its first line begins with `HEADER`."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().startswith(HEADER)
    except FileNotFoundError:
        return False


def core_sources(root: Path = ROOT) -> dict[str, Path]:
    """Every module of the compiled core below `root`: dotted name -> source, sorted by name."""
    paths = [path for package in PACKAGES for path in (root / package).rglob("*.py") if is_core_source(path)]
    return {_dotted(path, root): path for path in sorted(paths)}


def source_digests(root: Path = ROOT) -> dict[str, str]:
    """SHA-256 of what each module of the core is compiled from: its source and the `.pxd` files it leads to."""
    declarations = {
        _dotted(path, root): path.read_bytes() for package in PACKAGES for path in (root / package).rglob("*.pxd")
    }
    digests = {}
    for name, path in core_sources(root).items():
        texts = {name: path.read_bytes() + declarations.get(name, b"")}
        _follow(declarations, texts)
        digests[name] = hashlib.sha256(b"".join(texts[key] for key in sorted(texts))).hexdigest()
    return digests


def _follow(declarations: Mapping[str, bytes], texts: dict[str, bytes]) -> None:
    """Adds to `texts` every declaration file whose dotted name one of them mentions, and so on."""
    while mentioned := {
        name for name in declarations.keys() - texts.keys() if any(name.encode() in text for text in texts.values())
    }:
        texts.update((name, declarations[name]) for name in mentioned)


def _dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts)


def extension_beside(source: Path) -> Path | None:
    """The compiled module beside `source`, or None."""
    candidates = (source.with_suffix(suffix) for suffix in EXTENSION_SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def recorded_digests(root: Path = ROOT) -> dict[str, str]:
    """Digests of the sources at the last build: dotted name -> digest; empty where nothing was compiled."""
    try:
        record = json.loads((root / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {str(name): str(digest) for name, digest in record.items()}


def stale_modules(root: Path = ROOT) -> list[str]:
    """Compiled modules whose source was edited since: they would silently win over the edited `.py`."""
    recorded, sources = recorded_digests(root), core_sources(root)
    return [
        name
        for name, digest in source_digests(root).items()
        if extension_beside(sources[name]) is not None and recorded.get(name) != digest
    ]


def interpreted_modules(root: Path = ROOT) -> list[str]:
    """Modules of the core that run interpreted in this process."""
    sources = core_sources(root)
    if requested_mode() == "interpreted":
        return list(sources)
    return [name for name, path in sources.items() if extension_beside(path) is None]


def requested_mode(environment: Mapping[str, str] = os.environ) -> Mode | None:
    """What `TAPEWATCH_ENGINE` asks for, None when unset; EngineModeError on another word."""
    match environment.get(VARIABLE, ""):
        case "":
            return None
        case "compiled":
            return "compiled"
        case "interpreted":
            return "interpreted"
        case other:
            raise EngineModeError(f"{VARIABLE}: expected compiled or interpreted, found {other!r}")


@functools.cache
def mode() -> Mode:
    """How the core runs in this process: "compiled" only if every module of it is."""
    return "interpreted" if interpreted_modules() else "compiled"


@functools.cache
def warn_once_if_interpreted() -> None:
    """Prints one loud line on stderr when the core, or a part of it, runs interpreted."""
    names = interpreted_modules()
    if names:
        print(warning(names), file=sys.stderr)


def warning(names: Sequence[str]) -> str:
    """The line that says which modules run interpreted, why, and what to do."""
    if requested_mode() == "interpreted":
        return f"WARNING: the engine runs INTERPRETED, many times slower: {VARIABLE}=interpreted asks for it"
    return (
        f"WARNING: the engine runs INTERPRETED, many times slower: {len(names)} of its modules "
        f"({', '.join(names)}) are not compiled; install a C compiler and Python's headers, then run `make setup`"
    )


class _ForcedFinder(MetaPathFinder):
    """Finds modules of the core before the ordinary finders do, and holds them to the forced mode."""

    def __init__(self, forced: Mode) -> None:
        self.forced = forced

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or fullname.partition(".")[0] not in PACKAGES:
            return None
        sources = (Path(folder) / f"{fullname.rpartition('.')[2]}.py" for folder in path)
        source = next(filter(is_core_source, sources), None)
        return self._spec(fullname, source) if source else None

    def _spec(self, fullname: str, source: Path) -> ModuleSpec | None:
        if self.forced == "interpreted":
            return spec_from_file_location(fullname, source, loader=SourceFileLoader(fullname, str(source)))
        if extension_beside(source) is None:
            raise EngineModeError(
                f"{VARIABLE}=compiled: expected a compiled module beside {source}, found none; "
                "run `make setup` with a C compiler installed, or unset the variable",
                name=fullname,
            )
        return None


def force_mode() -> None:
    """Installs the finder that enforces `TAPEWATCH_ENGINE`; does nothing when unset or already done."""
    forced = requested_mode()
    if forced and not any(isinstance(finder, _ForcedFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _ForcedFinder(forced))


def main() -> None:
    """Prints the mode and the number of modules in the core, and the warning where it applies."""
    print(f"engine: {mode()} ({len(core_sources())} modules)")
    warn_once_if_interpreted()
