"""Coverage as protobuf: a page for the service, the whole for a file."""

from __future__ import annotations

from itertools import islice

from detection_service.coverage import Line, Shown, lines, pointers, rules_known
from detection_service.engine.engine import Engine
from detection_service.health.canary import Canaries
from surveillance.v1 import detection_pb2
from tapewatch.runtime.errors import InvalidArgument

PAGE_SIZE_DEFAULT = 1_000
PAGE_SIZE_MAX = 10_000


def coverage_page(
    request: detection_pb2.GetCoverageRequest, shown: Shown, engine: Engine, canaries: Canaries | None
) -> detection_pb2.GetCoverageResponse:
    """A page of lines; its token is how many lines come before it. Raises InvalidArgument."""
    if request.page_size < 0:
        raise InvalidArgument("PAGE_SIZE", f"page_size: expected 0 or more, found {request.page_size}")
    if request.page_token and not request.page_token.isdecimal():
        raise InvalidArgument(
            "PAGE_TOKEN", f"page_token: expected one from an answer before, found {request.page_token!r}"
        )
    size = min(request.page_size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)
    start = int(request.page_token or 0)
    wanted = (
        line
        for line in lines(shown, engine)
        if request.rule_id in ("", line.rule_id) and request.source in ("", line.source)
    )
    found = list(islice(wanted, start, start + size + 1))
    answer = detection_pb2.GetCoverageResponse(
        lines=_messages(found[:size], engine),
        next_page_token=str(start + size) if len(found) > size else "",
    )
    if start == 0:
        answer.events_not_listed = shown.not_listed
        answer.regulations.extend(_regulations(shown, engine))
        answer.canaries.extend(_canaries(canaries, engine))
    return answer


def whole_coverage(shown: Shown, engine: Engine) -> detection_pb2.GetCoverageResponse:
    """All lines and regulations in one message, of an engine over files."""
    return detection_pb2.GetCoverageResponse(
        lines=_messages(list(lines(shown, engine)), engine),
        regulations=_regulations(shown, engine),
        events_not_listed=shown.not_listed,
    )


def _messages(found: list[Line], engine: Engine) -> list[detection_pb2.CoverageLine]:
    known = rules_known(engine)
    regulations = {
        rule_id: [str(pointer) for pointer in known[rule_id].metadata.regulations]
        for rule_id in {line.rule_id for line in found}
    }
    return [
        detection_pb2.CoverageLine(
            rule_id=line.rule_id,
            source=line.source,
            venue=line.venue,
            instrument=line.instrument,
            watched=line.watched,
            reason=line.reason,
            data=line.data,
            since_time_ns=line.since_ns,
            events=line.events,
            regulations=regulations[line.rule_id],
        )
        for line in found
    ]


def _regulations(shown: Shown, engine: Engine) -> list[detection_pb2.RegulationCoverage]:
    return [
        detection_pb2.RegulationCoverage(
            regulation=each.regulation.text,
            verified=each.regulation.verified,
            rules=each.rules,
            watching=each.watching,
            data=each.data,
        )
        for each in pointers(shown, engine)
    ]


def _canaries(canaries: Canaries | None, engine: Engine) -> list[detection_pb2.CanaryResult]:
    results = {} if canaries is None else canaries.results
    without = {} if canaries is None else canaries.without(engine.configuration)
    played = {
        rule_id: detection_pb2.CanaryResult(
            rule_id=rule_id,
            missed=each.missed,
            played_time_ns=each.played_ns,
            passed_time_ns=each.passed_ns,
            scenarios=each.scenarios,
        )
        for rule_id, each in results.items()
    }
    none = {rule_id: detection_pb2.CanaryResult(rule_id=rule_id, none_because=why) for rule_id, why in without.items()}
    return [each for _, each in sorted({**played, **none}.items())]
