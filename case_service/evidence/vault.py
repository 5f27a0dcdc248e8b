"""Files found by the hash of their content: written once, checked whenever they are read."""

import hashlib
from pathlib import Path

from tapewatch.runtime.durable import replace_file
from tapewatch.runtime.errors import DataLoss

DIRECTORY_DIGITS = 2


class Vault:
    """A folder of files by content. The same content is kept once, whoever puts it there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def put(self, content: bytes) -> str:
        """Keep content, durable on return; its SHA-256 as 64 hexadecimal digits. Raises OSError."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(path, [content])
            path.chmod(0o400)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Content by its hash; DataLoss where it is gone or was changed."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise _lost(sha256, "none") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _lost(sha256, "other bytes")
        return content

    def remove(self, sha256: str) -> bool:
        """Forget content, as when the policy of erasure says so; whether it was there."""
        path = self._path(sha256)
        found = path.exists()
        path.unlink(missing_ok=True)
        return found

    def _path(self, sha256: str) -> Path:
        return self.directory / sha256[:DIRECTORY_DIGITS] / sha256


def _lost(sha256: str, found: str) -> DataLoss:
    return DataLoss(
        "EVIDENCE_DAMAGED",
        f"evidence {sha256}: expected a file of that content, found {found}; restore it from a copy of the evidence "
        "directory (`cases.evidence.directory`), or pin the evidence again while the journal holds it",
        sha256=sha256,
    )
