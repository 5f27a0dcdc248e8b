"""A case database as large as years make it: alerts in cases, most of them closed, with parties and words."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from functools import partial

from sqlalchemy import Connection, Text, Update, case, cast, func, select, update

from case_service.case import CaseState
from case_service.convert import incoming_of
from case_service.grouping import Policy
from case_service.store.batch import Incoming
from case_service.store.databases.database import Database
from case_service.store.recording import record
from case_service.store.tables import cases
from case_service.store.transaction import transaction
from surveillance.v1 import alert_pb2

ALERTS_A_CASE = 10
BATCH = 1_000
CASES_AT_ONCE = 5_000
IN_REVIEW = int(CaseState.IN_REVIEW)
RULES = 40
INSTRUMENTS = 500
OWNERS = 20_000
ANALYSTS = 50
SEED = 7
START_NS = 1_700_000_000 * 10**9
SECOND_NS = 10**9
NOW_NS = 1_772_450_000 * 10**9
SEVERITIES = (1, 1, 1, 1, 2, 2, 2, 3, 3, 4)
WORDS = ("withdrew", "crossed", "layered", "quoted", "crowded", "marked", "squeezed", "rotated")


def fill(database: Database, alerts: int) -> None:
    """Record so many alerts in cases of ALERTS_A_CASE through the store's own code, then close most cases."""
    policy = Policy()
    chance = random.Random(SEED)
    for begin in range(0, alerts, BATCH):
        batch = incoming(range(begin, min(begin + BATCH, alerts)), chance)

        def write(connection: Connection, batch: Sequence[Incoming] = batch, at: int = begin) -> None:
            with transaction(connection, NOW_NS + at * SECOND_NS) as shared, shared.unit():
                record(shared, batch, policy)

        database.write(write)
    _work(database)
    database.tidy()


def incoming(numbers: Sequence[int], chance: random.Random) -> list[Incoming]:
    """Alerts by number, as they come in."""
    return [incoming_of(alert_of(number, chance), place) for place, number in enumerate(numbers)]


def alert_of(number: int, chance: random.Random) -> alert_pb2.Alert:
    """An alert of about 1 KB; those of a case share owner and instrument and lie seconds apart."""
    place = number // ALERTS_A_CASE
    rule = (place * 13 + number % 3) % RULES
    owner = place * 7_919 % OWNERS
    start_ns = START_NS + place * 60 * SECOND_NS + number % ALERTS_A_CASE * SECOND_NS
    word = WORDS[rule % len(WORDS)]
    return alert_pb2.Alert(
        alert_id=hashlib.sha256(f"bench/{number}".encode()).hexdigest(), revision=1, rule_id=f"rule_{rule:02d}",
        rule_version="1.0.0", typology="SPOOFING", severity=alert_pb2.Severity.Name(chance.choice(SEVERITIES)),
        score=round(chance.random(), 6), venue=f"X{place % 8:03d}", instrument=f"INSTRUMENT{place % INSTRUMENTS}",
        accounts=[f"ACCOUNT{owner:05d}"], owners=[f"OWNER{owner:05d}"], start_time_ns=start_ns,
        end_time_ns=start_ns + SECOND_NS, closed=True,
        explanation=f"{word.capitalize()} {9_000 + number % 997} within 2 s of buying 300 as reference {number}, "
        "where usually nothing is so soon. " * 2,
        measurements=[alert_pb2.Measurement(name="size_multiple", observed=9.0, threshold=3.0, unit="times")],
        order_ids=[f"order-{number}-{each}" for each in range(5)],
        evidence_event_ids=[f"{number:016x}{each:016x}" for each in range(10)],
        config_digest="0" * 64,
    )  # fmt: skip


def batches(first: int, count: int, size: int) -> Iterator[list[alert_pb2.Alert]]:
    """Further alerts from a number on, in batches."""
    chance = random.Random(first)
    for begin in range(first, first + count, size):
        yield [alert_of(number, chance) for number in range(begin, begin + size)]


def _work(database: Database) -> None:
    """Most cases closed, some being worked, the rest open; the verbs themselves would take hours."""
    part = cases.c.number % 100
    worked = ((part < 85, int(CaseState.CLOSED)), (part < 90, int(CaseState.ASSIGNED)), (part < 95, IN_REVIEW))
    statement = update(cases).values(
        state=case(*worked, else_=int(CaseState.OPEN)),
        disposition=case((part < 85, cases.c.number % 4 + 1), else_=0),
        assignee=case((part >= 95, ""), else_="analyst" + cast(cases.c.number % ANALYSTS, Text)),
    )
    count = database.read(lambda connection: connection.execute(select(func.count()).select_from(cases)).scalar_one())
    for begin in range(1, count + 1, CASES_AT_ONCE):
        piece = statement.where(cases.c.number.between(begin, begin + CASES_AT_ONCE - 1))
        database.write(partial(_run, piece))


def _run(statement: Update, connection: Connection) -> None:
    connection.execute(statement)
