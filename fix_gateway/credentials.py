"""A session's password, from where its settings say it is."""

import os
from pathlib import Path

from tapewatch.runtime.settings_document import SettingsError

PASSWORD_BYTES_MAX = 4096


def password_of(source: str, stated: str, file: Path | None, variable: str | None) -> str:
    """The password stated, in the file (its first line) or in the environment; empty where there is none.

    Raises SettingsError naming the session and the place, never the content.
    """
    if variable is not None:
        found = os.environ.get(variable, "")
        place = f"password_env: expected a password in the environment variable {variable}"
    elif file is not None:
        found = _first_line(source, file)
        place = f"password_file: expected a password in the first line of {file}"
    else:
        return stated
    if not found:
        raise SettingsError(f"fix.sessions {source}: {place}, found none")
    return found


def _first_line(source: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(PASSWORD_BYTES_MAX)
        return content.decode().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"fix.sessions {source}: password_file: cannot read {file}: {reason}") from error
