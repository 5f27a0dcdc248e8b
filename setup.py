"""Builds the generated contracts and the compiled core; all else is declared in pyproject.toml.

Modules of the core announce themselves by their first line (`tapewatch.engine_mode.HEADER`). A module that
cannot be compiled is skipped and runs interpreted. `_built.json` records the digest of each compiled source.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

import build_protos  # noqa: E402 - only importable once the checkout is on the path
from tapewatch import engine_mode  # noqa: E402 - the same

# No fast-math and no fused multiply-add: both modes must give the same doubles.
COMPILE_ARGUMENTS = ["-O3", "-ffp-contract=off", "-g0"]


class BuildPackages(build_py):
    """Generates surveillance/v1 before its modules are collected."""

    def run(self) -> None:
        build_protos.main()
        super().run()


class BuildCore(build_ext):
    """Compiles the modules of the core whose source changed and records what it compiled."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()
        self.compiled: dict[str, str] = {}
        self.digests: dict[str, str] = {}

    def run(self) -> None:
        with _one_build_at_a_time():
            self.digests = engine_mode.source_digests(ROOT)
            if self.inplace:
                self._leave_out_fresh_modules()
            _cythonize(self.extensions)
            super().run()
            self._record(ROOT if self.inplace else Path(self.build_lib))

    def _leave_out_fresh_modules(self) -> None:
        stale = engine_mode.stale_modules(ROOT)
        for extension in list(self.extensions):
            beside = engine_mode.extension_beside(ROOT / extension.sources[0])
            if beside and extension.name in stale:
                beside.unlink()  # or a failed build would leave it standing
            elif beside:
                self.compiled[extension.name] = self.digests[extension.name]
                self.extensions.remove(extension)

    def build_extension(self, extension: Extension) -> None:
        last_build = Path(self.build_lib, *extension.name.split(".")).with_suffix(EXTENSION_SUFFIXES[0])
        last_build.unlink(missing_ok=True)  # the same, where a build starts
        super().build_extension(extension)
        self.compiled[extension.name] = self.digests[extension.name]

    def _record(self, root: Path) -> None:
        record = root / engine_mode.RECORD
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(self.compiled, indent=1, sort_keys=True) + "\n", encoding="utf-8")


@contextmanager
def _one_build_at_a_time() -> Iterator[None]:
    """Holds a lock on the checkout: two builds would write the same files."""
    lock = ROOT / "build" / ".lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _cythonize(extensions: list[Extension]) -> None:
    """Replaces each extension's source by C made anew: digests say what is out of date, not file times."""
    made = []
    if extensions:
        made = cythonize(
            extensions,
            build_dir="build/cython",
            compiler_directives={"show_performance_hints": False},
            force=True,
            nthreads=os.cpu_count(),
            quiet=True,
        )
    for extension, with_c_sources in zip(extensions, made, strict=True):
        extension.sources = with_c_sources.sources


def core_extensions() -> list[Extension]:
    """One extension per module of the core; optional, so that a missing C compiler skips it."""
    return [
        Extension(name, [str(path.relative_to(ROOT))], extra_compile_args=COMPILE_ARGUMENTS, optional=True)
        for name, path in engine_mode.core_sources(ROOT).items()
    ]


setup(ext_modules=core_extensions(), cmdclass={"build_py": BuildPackages, "build_ext": BuildCore})
