"""Builds the generated contracts and the compiled core; all else is declared in pyproject.toml.

Modules of the core announce themselves by their first line (`tapewatch.engine_mode.HEADER`). A module that
cannot be compiled is skipped and runs interpreted. `_built.json` records the digest of each compiled source.
"""

import json
import os
import sys
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
COMPILE_ARGUMENTS = ["-O3", "-ffp-contract=off"]


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
        self.digests = engine_mode.source_digests(ROOT)

    def run(self) -> None:
        if self.inplace:
            self._keep_fresh_modules()
        super().run()
        self._record(ROOT if self.inplace else Path(self.build_lib))

    def _keep_fresh_modules(self) -> None:
        stale = engine_mode.stale_modules(ROOT)
        sources = engine_mode.core_sources(ROOT)
        for extension in list(self.extensions):
            name = extension.name
            beside = engine_mode.extension_beside(sources[name])
            if beside and name not in stale:
                self.compiled[name] = self.digests[name]
                self.extensions.remove(extension)
            elif beside:
                beside.unlink()

    def build_extension(self, extension: Extension) -> None:
        last_build = Path(self.build_lib, *extension.name.split(".")).with_suffix(EXTENSION_SUFFIXES[0])
        last_build.unlink(missing_ok=True)  # or a failed build would leave it standing as if it were new
        super().build_extension(extension)
        self.compiled[extension.name] = self.digests[extension.name]

    def _record(self, root: Path) -> None:
        record = root / engine_mode.RECORD
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(json.dumps(self.compiled, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def core_extensions() -> list[Extension]:
    """One optional extension per module of the core; none where the source is missing."""
    extensions = [
        Extension(name, [str(path.relative_to(ROOT))], extra_compile_args=COMPILE_ARGUMENTS)
        for name, path in engine_mode.core_sources(ROOT).items()
    ]
    cythonized: list[Extension] = cythonize(extensions, build_dir="build/cython") if extensions else []
    for extension in cythonized:
        extension.optional = True  # set here because cythonize() does not carry it over
    return cythonized


setup(ext_modules=core_extensions(), cmdclass={"build_py": BuildPackages, "build_ext": BuildCore})
