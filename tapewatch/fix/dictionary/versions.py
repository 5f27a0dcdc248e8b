"""Which dictionary a message goes by: the session's, or the application's where the two travel apart (FIXT)."""

from dataclasses import replace
from functools import cache

from tapewatch.fix.dictionary.layout import ADMIN_TYPES, Dictionary
from tapewatch.fix.dictionary.reader import load

SESSION_FILES = {
    "FIX.4.0": "fix40",
    "FIX.4.1": "fix41",
    "FIX.4.2": "fix42",
    "FIX.4.3": "fix43",
    "FIX.4.4": "fix44",
    "FIXT.1.1": "fixt11",
}
APPLICATION_FILES = {
    "2": "fix40",
    "3": "fix41",
    "4": "fix42",
    "5": "fix43",
    "6": "fix44",
    "7": "fix50sp2",
    "8": "fix50sp2",
    "9": "fix50sp2",
    "10": "fix50sp2",
}
"""ApplVerID (1128, 1137) -> file; the tables of 5.0 SP2 serve 5.0 and what came after too."""


def dictionary_for(begin_string: str, msg_type: str, application_version: str) -> Dictionary:
    """The dictionary for a message of a session; an unknown application version goes by the latest."""
    if begin_string != "FIXT.1.1" or msg_type in ADMIN_TYPES:
        return load(SESSION_FILES[begin_string])
    return _over_fixt(APPLICATION_FILES.get(application_version, "fix50sp2"))


@cache
def _over_fixt(name: str) -> Dictionary:
    """A version's business messages between the header and the trailer of FIXT."""
    application, transport = load(name), load("fixt11")
    return replace(
        application,
        tags=application.tags | transport.header.tags,
        types={**transport.types, **application.types},
        enums={**transport.enums, **application.enums},
        header=transport.header,
        trailer=transport.trailer,
    )
