"""The manifest of an exported case file."""

import json
from typing import Any, Final

MANIFEST: Final = "manifest.json"
AUDIT: Final = "audit.jsonl"
CHECKPOINTS: Final = "audit-checkpoints.jsonl"
FORMAT: Final = "tapewatch case file 1"


def manifest_files(manifest: bytes) -> dict[str, Any]:
    """The manifest's values; ValueError where it is no manifest of this format."""
    values = json.loads(manifest)
    if not isinstance(values, dict) or values.get("format") != FORMAT or not isinstance(values.get("files"), dict):
        raise ValueError(f"expected a manifest of {FORMAT!r}, found something else")
    return values
