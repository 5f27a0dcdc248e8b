"""Lists and the proof of the audit trail in case databases of a size; filled first, or given already filled."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import monotonic

from case_service.store.databases.address import is_server
from case_service.store.databases.database import Database
from case_service.store.databases.opening import open_database
from case_service.store.migrate import migrate
from case_service.store.reading import audit_head, verify_audit
from tapewatch.bench.case_lists import measure_lists
from tapewatch.bench.case_load import fill
from tapewatch.bench.case_stores import POSTGRESQL, SQLITE, databases
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of, single

PART = "store"
FILLED = "TAPEWATCH_BENCH_CASES"
"""Places of databases that `fill` has filled before, with blanks between: a million alerts take many minutes."""
ALERTS = "TAPEWATCH_BENCH_ALERTS"
ALERTS_USUAL = 20_000
VERIFIED_A_SECOND_MIN = 100_000
RUNS = 3


def measure(seconds: float) -> list[Figure]:
    """List latencies and records verified a second on both stores, with so many alerts, a tenth as many cases."""
    del seconds
    figures: list[Figure] = []
    with _places() as places:
        for name, location in places:
            with closing(open_database(location, None, 1)) as database:
                figures += _of(name, database)
    return figures


@contextmanager
def _places() -> Iterator[list[tuple[str, str]]]:
    given = os.environ.get(FILLED, "").split()
    if given:
        yield [(POSTGRESQL if is_server(each) else SQLITE, each) for each in given]
        return
    with databases() as places:
        yield places


def _of(name: str, database: Database) -> Iterator[Figure]:
    database.prepare(migrate)
    count = database.read(audit_head).count
    if count == 0:
        count = int(os.environ.get(ALERTS, ALERTS_USUAL))
        begun_s = monotonic()
        fill(database, count)
        rate = count / (monotonic() - begun_s)
        yield single(PART, f"filled with {count:,} alerts, {name}", rate, "alerts/s", note="made and recorded")
    yield from measure_lists(database, f"{name}, {count:,} alerts", count)
    yield _verified(name, database)


def _verified(name: str, database: Database) -> Figure:
    rates = []
    for _ in range(RUNS):
        begun_s = monotonic()
        finding = database.read(verify_audit)
        rates.append(finding.records / (monotonic() - begun_s))
        if finding.problem:
            raise BenchError(f"expected an intact audit trail, found record {finding.first_bad_sequence} bad")
    note = f"{finding.records:,} records"
    samples = Samples(tuple(rates))
    return figure_of(PART, f"audit verified, {name}", samples, "records/s", target=VERIFIED_A_SECOND_MIN, note=note)
