"""Where the sessions keep their numbers and messages: a directory each, named by the session."""

from pathlib import Path
from urllib.parse import quote

from tapewatch.fix.session_config import SessionConfig
from tapewatch.fix.store import FileStore


def open_store(root: Path, config: SessionConfig) -> FileStore:
    """Opens a session's store below ``root``; CompIDs are escaped. Raises StoreError when in use or damaged."""
    return FileStore(session_directory(root, config))


def session_directory(root: Path, config: SessionConfig) -> Path:
    """The directory of a session."""
    names = (config.begin_string, config.sender, config.target)
    return root / "+".join(quote(name, safe="") for name in names)
