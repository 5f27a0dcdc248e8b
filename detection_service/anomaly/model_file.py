"""A model as it is kept and published: its content, which version of a registry it is, and who signed it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from detection_service.anomaly.model import ForestModel, ModelError
from detection_service.anomaly.signing import SignatureError, Trust, sign
from tapewatch.runtime.durable import replace_file

FILE_BYTES_MAX: Final = 12 * 1024 * 1024
"""A control record has to carry it."""
SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model, its `version` in the registry (0: none) and the `signature` of its id, None without one.

    The version is a label of the registry's; what is signed is the id, which names the whole content.
    """

    model: ForestModel
    version: int = 0
    signature: Mapping[str, str] | None = None

    def signed(self, key: Path) -> ModelFile:
        """The same, signed with the private key in a file. Raises SignatureError, OSError."""
        return replace(self, signature=sign(self.model.model_id, key))

    def to_json(self) -> dict[str, Any]:
        """As JSON: what a file holds, and the content of a model control record."""
        return {**self.model.to_json(), "version": self.version, "signature": self.signature}

    def write(self, path: Path) -> None:
        """Writes the file; it appears whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, [json.dumps(self.to_json()).encode(), b"\n"])


def read(path: Path) -> ModelFile:
    """The model file at a path, its content checked. Raises ModelError, OSError."""
    if path.stat().st_size > FILE_BYTES_MAX:
        raise ModelError(f"expected a model of at most {FILE_BYTES_MAX:,} bytes, found {path.stat().st_size:,}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"expected a model as JSON, found something else: {error}") from error
    return of_json(content)


def of_json(content: Any) -> ModelFile:
    """A model file from its JSON. Raises ModelError."""
    if not isinstance(content, Mapping):
        raise ModelError(f"expected a model as a JSON object, found {type(content).__name__}")
    model = ForestModel.from_json(content)
    version, signature = content.get("version", 0), content.get("signature")
    if not isinstance(version, int) or not (signature is None or isinstance(signature, Mapping)):
        raise ModelError(f"expected a version number and a signature, found {version!r} and {signature!r}")
    return ModelFile(model, version, signature)


def admitted(content: Any, trust: Trust) -> ForestModel:
    """The model in some JSON, if it is whole and of a key that is trusted, where any are named.

    Raises ModelError. Nothing of it is used before.
    """
    file = of_json(content)
    try:
        trust.check(file.model.model_id, file.signature)
    except SignatureError as error:
        raise ModelError(str(error)) from error
    return file.model


def registered(directory: Path) -> list[tuple[Path, ModelFile]]:
    """The models of a registry's directory, by version. Raises ModelError naming the file, OSError."""
    found = []
    for path in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            found.append((path, read(path)))
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
    return sorted(found, key=lambda each: (each[1].version, each[0]))


def register(model: ForestModel, directory: Path) -> tuple[Path, ModelFile]:
    """Gives a model the next version of a registry, or the one it has there: its path and file, not yet written."""
    known: Sequence[tuple[Path, ModelFile]] = registered(directory) if directory.is_dir() else ()
    for path, each in known:
        if each.model.model_id == model.model_id:
            return path, each
    file = ModelFile(model, 1 + max((each.version for _, each in known), default=0))
    return directory / f"{file.version:04d}-{model.model_id[:12]}{SUFFIX}", file
