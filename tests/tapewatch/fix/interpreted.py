"""Modules of the compiled core as they run where nothing is compiled."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from tapewatch.engine_mode import ROOT


def interpreted(name: str) -> ModuleType:
    """A module of the core imported anew from its source, beside the compiled one."""
    source = ROOT / Path(*name.split(".")).with_suffix(".py")
    spec = importlib.util.spec_from_file_location(f"interpreted.{name}", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
