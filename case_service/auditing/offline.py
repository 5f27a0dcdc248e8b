"""Verification of a database without the service: for an auditor with the file, or a login of the server."""

import os
from collections.abc import Sequence
from pathlib import Path

from case_service.audit import Finding
from case_service.auditing.journal import read_checkpoints
from case_service.auditing.keys import read_public_keys
from case_service.store.checkpoints import prove_audit
from case_service.store.databases.address import is_server, password_of, server_url
from case_service.store.databases.opening import open_database
from tapewatch.runtime.errors import StartError

PASSWORD_VARIABLE = "TAPEWATCH__CASES__DATABASE_PASSWORD"


def verify_database(location: str, public_keys: Sequence[Path], checkpoints: Path | None) -> Finding:
    """Check the trail of a database, which may be in use, against itself, the signatures in it and those of a file.

    Raises StartError for what cannot be read, ValueError for an address that is none, Unavailable and DataLoss.
    """
    if is_server(location):
        server_url(location)
    elif not Path(location).is_file():
        raise StartError(f"case database {location}: expected a SQLite file, found none")
    keys = read_public_keys(public_keys)
    elsewhere = read_checkpoints(checkpoints) if checkpoints is not None else []
    if checkpoints is not None and not elsewhere:
        raise StartError(f"checkpoint file {checkpoints}: expected checkpoints, found none")
    database = open_database(location, password_of(os.environ.get(PASSWORD_VARIABLE, ""), None), 1)
    try:
        return database.read(lambda connection: prove_audit(connection, keys, elsewhere))
    except database.errors as error:
        refusal = database.refusal(error)
        if refusal is None:
            raise StartError(f"{database.name}: expected a case database, found: {error}") from error
        raise refusal from error
    finally:
        database.close()
