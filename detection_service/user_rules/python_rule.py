"""Rules written in Python: modules outside the package, run as they are."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from detection_service.rules.rule import Metadata, Rule
from tapewatch.runtime.isolation import Fault, isolated


class PythonRuleError(ValueError):
    """A module can not be run, or holds no rule; says which and why."""


def rules_of_module(path: Path, name: str) -> list[Rule]:
    """The rules of a Python file, run as module `name`: one of each class with `metadata` and `evaluate`.

    Raises PythonRuleError.
    """
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PythonRuleError(f"{path}: expected a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where inspect looks for a class's file
    loader = spec.loader
    made = isolated(lambda: _run(loader, module), str(spec.origin))
    if isinstance(made, Fault):
        del sys.modules[name]
        raise PythonRuleError(f"{path}: expected a rule that can be imported: {made.reason}")
    return made.value


def _run(loader: Any, module: ModuleType) -> list[Rule]:
    loader.exec_module(module)
    classes: list[Any] = [
        each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__
    ]
    return [
        each()
        for each in classes
        if isinstance(getattr(each, "metadata", None), Metadata) and callable(getattr(each, "evaluate", None))
    ]
