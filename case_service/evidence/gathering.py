"""Gathers the evidence of a case from ingest and detection, as files for the vault."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from google.protobuf.json_format import MessageToDict

from case_service.evidence import event_file
from case_service.evidence.pin import CONTEXT, EVENTS, OPENING, Part, Pin, Plan
from case_service.evidence.settings import EvidenceSettings
from case_service.evidence.vault import Vault
from surveillance.v1 import detection_pb2
from tapewatch.client.errors import ClientError
from tapewatch.client.ingest import WindowRead
from tapewatch.market.frame import Frame
from tapewatch.market.reference import Reference
from tapewatch.market.replay import BookReplay

NANOSECONDS_OF_HOUR = 3_600_000_000_000
ACCOUNTS_ASKED_MAX = 1_000
SHORTER = (1.0, 0.25, 0.05, 0.0)
"""Shares of the lookback to try where a longer one holds too many events."""


class EventSource(Protocol):
    """Where events and reference data come from: tapewatch.client.ingest.IngestClient."""

    async def read_window(
        self, venue: str, instrument: str, from_time_ns: int, to_time_ns: int, **more: Any
    ) -> WindowRead:
        """The events of a market and of accounts within a window."""

    async def reference(self) -> tuple[int, Reference]:
        """The reference data last journalled, and its position."""


class RuleSource(Protocol):
    """Where rules come from: tapewatch.client.detection.DetectionClient."""

    async def get_rule(self, rule_id: str) -> detection_pb2.Rule:
        """A rule in force."""

    async def configuration(self) -> detection_pb2.Configuration:
        """What is in force as a whole."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Files by name, and what is said of them."""

    files: dict[str, bytes]
    events: int
    opening_is_whole: bool
    problems: Sequence[str] = ()


async def gather(plan: Plan, settings: EvidenceSettings, events: EventSource, rules: RuleSource | None) -> Gathered:
    """The files of a pin. Raises ClientError where a service is away, or the window has not passed yet."""
    read, looked_back_ns = await _read(plan, settings, events)
    context, problems = await _context(plan, events, rules)
    files, count = await asyncio.to_thread(_files, plan, read, context)
    if looked_back_ns < settings.lookback_hours * NANOSECONDS_OF_HOUR:
        problems = [*problems, f"the opening book is known from {looked_back_ns / 1e9:g} s before the window only"]
    return Gathered(files, count, read.end.is_whole, problems)


async def _read(plan: Plan, settings: EvidenceSettings, events: EventSource) -> tuple[WindowRead, float]:
    case, window = plan.case, plan.pin.window
    for share in SHORTER:
        looked_back_ns = share * settings.lookback_hours * NANOSECONDS_OF_HOUR
        try:
            read = await events.read_window(
                case.venue,
                case.instrument,
                max(0, window.from_ns - round(looked_back_ns)),
                window.to_ns,
                accounts=list(case.accounts[:ACCOUNTS_ASKED_MAX]),
                accounts_from_time_ns=window.from_ns,
                only_when_passed=True,
                events_max=settings.events_max,
            )
        except ClientError as error:
            if error.reason != "TOO_MANY_EVENTS" or share == SHORTER[-1]:
                raise
        else:
            return read, looked_back_ns
    raise AssertionError("the last share returns or raises")


def _files(plan: Plan, read: WindowRead, context: dict[str, Any]) -> tuple[dict[str, bytes], int]:
    frame, sequences = event_file.ordered(read.frames, read.sequences)
    first = 0
    if frame.row_count:
        first = int(frame.columns["event_time_ns"].searchsorted(plan.pin.window.from_ns))
    inside = frame.slice(first, frame.row_count)
    opening = _opening(frame.slice(0, first), plan)
    files = {
        EVENTS: event_file.encode(inside, sequences[first:]),
        OPENING: canonical_json(opening),
        CONTEXT: canonical_json(context),
    }
    return files, inside.row_count


def _opening(before: Frame, plan: Plan) -> dict[str, Any]:
    replay = BookReplay()
    for row in before.rows():
        if row["venue"] == plan.case.venue and row["instrument"] == plan.case.instrument:
            replay.take(row)
    return replay.opening()


async def _context(plan: Plan, events: EventSource, rules: RuleSource | None) -> tuple[dict[str, Any], list[str]]:
    """The rules as they are and what reference data say of the case's accounts and instrument."""
    case = plan.case
    position, reference = await events.reference()
    accounts = [dict(reference.account(name, case.end_time_ns)) for name in case.accounts]
    context: dict[str, Any] = {
        "reference_sequence": position,
        "accounts": [row for row in accounts if row],
        "instrument": dict(reference.instrument(case.venue, case.instrument, case.end_time_ns)),
        "owned": _owned(reference, case.accounts),
        "rules": [],
    }
    problems: list[str] = []
    if rules is None:
        return context, ["no detection service is configured: the rules as they were are not kept"]
    configuration = await rules.configuration()
    context["config_digest"] = configuration.config_digest
    context["configuration"] = json.loads(configuration.content_json or "{}")
    for rule_id, (version, digest) in sorted(plan.rule_versions.items()):
        try:
            rule = await rules.get_rule(rule_id)
        except ClientError as error:
            if error.passing:
                raise
            problems.append(f"rule {rule_id} is not in force any more: {error.reason}")
            continue
        text = MessageToDict(rule, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
        context["rules"].append({"rule": text, "alert_rule_version": version, "alert_config_digest": digest})
    return context, problems


def _owned(reference: Reference, accounts: Sequence[str]) -> dict[str, list[str]]:
    """Other accounts of the same group as each account of the case, by reference data."""
    groups = {name: reference.groups.get(name) for name in accounts}
    members: dict[str, list[str]] = {}
    wanted = {group for group in groups.values() if group is not None}
    for account, group in reference.groups.items():
        if group in wanted:
            members.setdefault(group, []).append(account)
    return {
        name: sorted(each for each in members.get(group, ()) if each != name)
        for name, group in groups.items()
        if group is not None
    }


def store(plan: Plan, gathered: Gathered, vault: Vault) -> Pin:
    """Put the files and their manifest in the vault; the pin as it stands then. Raises OSError."""
    parts = {name: Part(vault.put(content), len(content)) for name, content in sorted(gathered.files.items())}
    case, pin = plan.case, plan.pin
    manifest = {
        "case_id": case.case_id,
        "revision": pin.revision,
        "venue": case.venue,
        "instrument": case.instrument,
        "accounts": list(case.accounts),
        "alerts": dict(sorted(plan.alert_revisions.items())),
        "from_time_ns": pin.window.from_ns,
        "to_time_ns": pin.window.to_ns,
        "opening_is_whole": gathered.opening_is_whole,
        "problems": list(gathered.problems),
        "parts": {name: {"sha256": part.sha256, "size_bytes": part.size_bytes} for name, part in parts.items()},
    }
    return replace(
        pin,
        attempts=pin.attempts + 1,
        problem="; ".join(gathered.problems),
        parts=parts,
        manifest_sha256=vault.put(canonical_json(manifest)),
        events=gathered.events,
        opening_is_whole=gathered.opening_is_whole,
    )


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys and no space: the same value gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
