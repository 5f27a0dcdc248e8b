"""Files kept with cases, by the hash of their content: written once, read back checked, never opened or run."""

import hashlib
import os
from pathlib import Path
from threading import Lock

from pydantic import Field

from case_service.store.databases.address import is_server
from tapewatch.runtime.durable import replace_file
from tapewatch.runtime.errors import DataLoss
from tapewatch.runtime.settings import Section

SIZE_BYTES_MAX = 8 * 1024 * 1024
SIZE_BYTES_LIMIT = 15 * 1024 * 1024
"""A request must stay below what a channel takes."""
DEFAULT_PARENT = Path("tapewatch-data/cases")
FOLDER = "attachments"
FILE_MODE = 0o600
FOLDER_MODE = 0o700


class AttachmentSettings(Section):
    """Sub-section `cases.attachments`."""

    directory: Path | None = Field(
        None, description="where files kept with cases are; beside the SQLite file, or tapewatch-data/cases, if absent"
    )
    size_bytes_max: int = Field(
        SIZE_BYTES_MAX, ge=1, le=SIZE_BYTES_LIMIT, description="larger files are refused, bytes"
    )

    def folder(self, database: str) -> Path:
        """Where the files are."""
        beside = DEFAULT_PARENT if is_server(database) else Path(database).parent
        return self.directory or beside / FOLDER


class AttachmentFiles:
    """A folder of files named after the SHA-256 of their content.

    A file is kept before the case that names it is changed, so one that no case names may stay behind after a refused
    request; it is harmless, and the same file attached again is the same file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writing = Lock()

    def keep(self, sha256: str, content: bytes) -> None:
        """Keep a file durably; nothing where it is kept already."""
        with self._writing:
            path = self._path(sha256)
            if not path.exists():
                self._write(path, content)

    def _write(self, path: Path, content: bytes) -> None:
        for folder in (self._folder, path.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
        replace_file(path, [content])
        path.chmod(FILE_MODE)
        opened = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

    def read(self, sha256: str) -> bytes:
        """A file kept; DataLoss where it is gone or its content is not what its name says."""
        try:
            content = self._path(sha256).read_bytes()
        except FileNotFoundError as error:
            raise _lost(sha256, "no file") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _lost(sha256, "other content")
        return content

    def remove(self, sha256: str) -> None:
        """Forget a file, as when the policy of erasure says so; nothing where it is gone."""
        self._path(sha256).unlink(missing_ok=True)

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _lost(sha256: str, found: str) -> DataLoss:
    message = f"attachment {sha256}: expected the file it was kept as, found {found}; restore a copy of the folder"
    return DataLoss("ATTACHMENT_DAMAGED", message, sha256=sha256)
