"""What must hold of any bytes that come from a FIX peer: `make fuzz` tries bytes that reach new code, with atheris.

Nothing raises; all ways of framing find the same; all ways of mapping give the same rows. The first byte of an input
says in pieces of what size the rest arrives.
"""

from tapewatch.fix.codec import Framer, Message
from tapewatch.fix.log_scanner import LogScanner
from tapewatch.fix.profile import load_profile
from tapewatch.fix.session import Session, SessionConfig
from tapewatch.fix.store import MemoryStore
from tapewatch.fix.wire import scan
from tapewatch.fix.wire.log_rows import LogRows
from tapewatch.fix.wire.logged import Flow
from tapewatch.fix.wire.mapper import Batch
from tests.tapewatch.fix.fix_peer import START_NS
from tests.tapewatch.fix.test_wire_mapper import NOW_NS, PLAIN_REPORT, SEVERAL_MESSAGES, SOURCE, expected
from tests.tapewatch.fix.test_wire_scan import LOGON, ODD, PLAIN, framed

PROFILES = [load_profile(name) for name in ("fix42", "fix44", "swapped_client_ids", "market_data")]
SEEDS = [b"\x10" + each for each in (*PLAIN, *ODD, PLAIN_REPORT, *SEVERAL_MESSAGES, LOGON + b"".join(PLAIN))]


def check(data: bytes) -> None:
    """Raises AssertionError, or whatever the codec raises, where something does not hold of an input."""
    size = data[0] + 1 if data else 1
    pieces = [data[at : at + size] for at in range(1, len(data), size)]
    assert framed(pieces, scan) == framed(pieces, None)
    check_session(pieces)
    check_log(data[1:])
    found = [item for item in Framer().feed(data[1:]) if isinstance(item, Message)]
    for profile in PROFILES:
        rows, notes = expected(found, profile)
        batch = Batch(profile)
        batch.add_all(found, SOURCE, NOW_NS)
        frame, noted, _ = batch.take()
        assert (list(frame.rows()), noted) == (rows, notes)


def check_log(data: bytes) -> None:
    """A log of the bytes gives the same rows whether messages are made of them or not, SOH or a pipe between fields."""
    for log in (data, data.replace(b"\x01", b"|")):
        scanner = LogScanner()
        found = [item for item in scanner.feed(log) + scanner.finish() if isinstance(item, Message)]
        rows, scanner = log_rows(), LogScanner()
        scanner.map(log, rows)
        scanner.map_last(rows)
        rows.cut()
        expected_rows, notes = expected(found, PROFILES[1], 0)
        assert [row for each in rows.ready for row in each.frame.rows()] == expected_rows
        assert [note for each in rows.ready for note in each.notes] == notes


def log_rows() -> LogRows:
    """Takes every message for one of the same flow."""
    flow = Flow(b"FIX.4.4", b"VENUE", b"US", SOURCE)
    flow.last = 0
    return LogRows(PROFILES[1], 1, [flow], lambda item: flow if isinstance(item, Message) else None)


def check_session(pieces: list[bytes]) -> None:
    """A session takes the bytes, whatever they are."""
    session = Session(SessionConfig("FIX.4.4", "US", "VENUE", role="acceptor"), MemoryStore())
    session.connected(START_NS)
    for piece in pieces:
        if session.receive(piece, START_NS).disconnect:
            break
