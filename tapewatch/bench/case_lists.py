"""Lists of alerts and cases as analysts ask for them, in a database as large as years make it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from sqlalchemy import Connection

from case_service.listing import ALERTS, CASES, Listing
from case_service.paging import PageTokens
from case_service.store.databases.database import Database
from case_service.store.reading import Asked, Page, alerts_page, cases_page, page_token_key
from surveillance.v1 import alert_record_pb2, case_pb2
from tapewatch.bench.case_load import ANALYSTS, INSTRUMENTS, OWNERS, RULES, START_NS
from tapewatch.bench.figure import Figure, Samples

PART = "store"
PAGE_SIZE = 50
ROUNDS = 25
PAGES = 2
"""Each round asks for a first page and the one behind it."""
LATENCY_MS_MAX = 50.0
SEED = 11


@dataclass(frozen=True, slots=True)
class Question:
    """A list request; `{...}` are filled anew each time it is asked."""

    name: str
    listing: Listing
    filter: str = ""
    order_by: str = ""
    search: str = ""


OF_A_RULE = 'rule_id = "{rule}"'
TWO_RULES = 'rule_id = "{rule}" OR rule_id = "{other}"'
IN_INSTRUMENT = 'instrument = "{instrument}"'
QUESTIONS = (
    Question("alerts, newest first", ALERTS),
    Question("alerts of a rule", ALERTS, 'rule_id = "{rule}"'),
    Question("alerts in an instrument", ALERTS, 'instrument = "{instrument}"'),
    Question("alerts on an account", ALERTS, 'accounts:"{account}"'),
    Question("alerts on accounts by beginning", ALERTS, 'accounts:"{beginning}*"'),
    Question("alerts, high or critical", ALERTS, "severity >= HIGH"),
    Question("alerts, critical, by score", ALERTS, "severity = CRITICAL", "score desc"),
    Question("alerts of a rule, not low, scored high", ALERTS, OF_A_RULE + " AND NOT severity = LOW AND score > 0.9"),
    Question("alerts of two rules in an instrument", ALERTS, f"({TWO_RULES}) AND {IN_INSTRUMENT}"),
    Question("alerts of an hour", ALERTS, "start_time_ns >= {hour} AND start_time_ns < {hour_end}", "start_time_ns"),
    Question("alerts by severity", ALERTS, "", "severity desc"),
    Question("alerts by score", ALERTS, "", "score desc"),
    Question("alerts by a rare word", ALERTS, search="{number}"),
    Question("alerts by a common word", ALERTS, search="layered"),
    Question("alerts by account as a word", ALERTS, search="{account} usually"),
    Question("cases, newest first", CASES),
    Question("cases, open, most urgent first", CASES, "state = OPEN", "priority, due_time_ns"),
    Question("cases, not closed, by due time", CASES, "NOT state = CLOSED", "due_time_ns"),
    Question("cases an analyst works", CASES, 'assignee = "{analyst}" AND (state = ASSIGNED OR state = IN_REVIEW)'),
    Question("cases of an owner", CASES, 'owners:"{owner}"'),
    Question("cases of a rule", CASES, 'rule_ids:"{rule}"'),
    Question("cases in an instrument, high", CASES, 'instrument = "{instrument}" AND severity >= HIGH'),
    Question("cases changed last", CASES, "", "update_time_ns desc"),
    Question("cases by score", CASES, "severity = CRITICAL", "score desc"),
    Question("cases by a rare word", CASES, search="{number}"),
    Question("cases by account as a word", CASES, search="{account}"),
)  # fmt: skip


def measure_lists(database: Database, store: str, alerts: int) -> Iterator[Figure]:
    """p50 and p99 of each question, in milliseconds, of one caller in this process."""
    tokens = PageTokens(database.read(page_token_key))
    for question in QUESTIONS:
        chance = random.Random(SEED)
        for _ in range(2):  # what a service that runs has in its caches
            list(_asked(database, question, tokens, _values(chance, alerts)))
        times = [each for _ in range(ROUNDS) for each in _asked(database, question, tokens, _values(chance, alerts))]
        yield _figure(f"{store}: {question.name}", times)


def _figure(name: str, times_ms: Sequence[float]) -> Figure:
    samples = Samples(tuple(times_ms))
    extremes = min(times_ms), max(times_ms)
    return Figure(
        PART, name, samples.percentile(0.99), "ms p99", *extremes, len(times_ms), target=LATENCY_MS_MAX,
        lower_is_better=True, table="Lists of alerts and cases", details={"p50 ms": samples.median},
    )  # fmt: skip


def _asked(database: Database, question: Question, tokens: PageTokens, values: dict[str, str]) -> Iterator[float]:
    """Milliseconds of each page."""
    kind = alert_record_pb2.ListAlertsRequest if question.listing is ALERTS else case_pb2.ListCasesRequest
    request = kind(page_size=PAGE_SIZE, order_by=question.order_by)
    request.filter = question.filter.format(**values)
    request.search = question.search.format(**values)
    for _ in range(PAGES):
        begun_s = perf_counter()
        page = database.read(partial(_page, question.listing, question.listing.asked(request, tokens)))
        request.page_token = question.listing.next_page_token(request, tokens, page)
        yield (perf_counter() - begun_s) * 1e3
        if not request.page_token:
            return


def _page(listing: Listing, asked: Asked, connection: Connection) -> Page[object]:
    return alerts_page(connection, asked) if listing is ALERTS else cases_page(connection, asked)


def _values(chance: random.Random, alerts: int) -> dict[str, str]:
    owner = chance.randrange(OWNERS)
    place = chance.randrange(max(alerts // 10, 1))
    hour_ns = START_NS + place * 60 * 10**9
    return {
        "rule": f"rule_{chance.randrange(RULES):02d}",
        "other": f"rule_{chance.randrange(RULES):02d}",
        "instrument": f"INSTRUMENT{chance.randrange(INSTRUMENTS)}",
        "account": f"ACCOUNT{owner:05d}",
        "beginning": f"ACCOUNT{owner // 10:04d}",
        "owner": f"OWNER{owner:05d}",
        "analyst": f"analyst{chance.randrange(ANALYSTS)}",
        "number": str(chance.randrange(alerts)),
        "hour": str(hour_ns),
        "hour_end": str(hour_ns + 3_600 * 10**9),
    }
