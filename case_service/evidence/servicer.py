"""`surveillance.v1.EvidenceService`: requests to domain calls and back."""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import grpc.aio

from case_service.case import Case
from case_service.commands import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from case_service.evidence.convert import context_message, evidence_message, journal_event, replay_message
from case_service.evidence.event_file import Row, id_of, of_market, ordered
from case_service.evidence.gathering import EventSource
from case_service.evidence.kept import Kept, KeptEvidence, market_rows, replayed
from case_service.evidence.links import links
from case_service.evidence.pin import Pin, window_of
from case_service.evidence.settings import EvidenceSettings
from case_service.paging import PageTokens, page_size_of
from case_service.store import pins
from case_service.store.reading import case_named
from case_service.store.reads import note_read
from case_service.store.related import related_alerts
from case_service.store.store import Store
from surveillance.v1 import evidence_pb2, evidence_pb2_grpc
from tapewatch.client.errors import ClientError
from tapewatch.market.replay import BookReplay
from tapewatch.runtime.access import acting, caller_of
from tapewatch.runtime.errors import FailedPrecondition, InvalidArgument, Unavailable

SERVICE_NAME = "surveillance.v1.EvidenceService"
SECONDS_MAX = 86_400.0
Context = grpc.aio.ServicerContext[Any, Any]


class EvidenceServicer(evidence_pb2_grpc.EvidenceServiceServicer):
    """Serves what is pinned to cases. `wake` sets pinning going; `events` is None where no ingest is configured."""

    def __init__(
        self,
        store: Store,
        kept: KeptEvidence,
        settings: EvidenceSettings,
        tokens: PageTokens,
        wake: Callable[[], None],
        events: EventSource | None,
    ) -> None:
        self._store = store
        self._kept = kept
        self._settings = settings
        self._tokens = tokens
        self._wake = wake
        self._events = events

    async def GetEvidence(self, request: evidence_pb2.GetEvidenceRequest, context: Context) -> evidence_pb2.Evidence:
        """The newest pin of a case."""
        case = await self._store.read(case_named, request.case_id)
        return evidence_message(case.case_id, await self._store.read(pins.newest, case.number))

    async def PinEvidence(self, request: evidence_pb2.PinEvidenceRequest, context: Context) -> evidence_pb2.Evidence:
        """Entered, durable, when answered; done in the background."""
        if self._events is None:
            raise _no_ingest()
        caller = caller_of(context)
        actor = _name(acting(caller, request.actor), "actor")
        reason = _text(request.reason, "reason")
        before_s = _seconds(request.before_s, "before_s") if request.HasField("before_s") else None
        after_s = _seconds(request.after_s, "after_s") if request.HasField("after_s") else None
        case = await self._store.read(case_named, request.case_id)
        window = window_of(case.start_time_ns, case.end_time_ns, self._settings, before_s, after_s)
        pin = await self._store.write(
            lambda shared: pins.ask_for(shared, case.number, window, actor, reason, caller.channel)
        )
        self._wake()
        return evidence_message(case.case_id, pin)

    async def ListEvidenceEvents(
        self, request: evidence_pb2.ListEvidenceEventsRequest, context: Context
    ) -> evidence_pb2.ListEvidenceEventsResponse:
        """By time, then journal position."""
        case, pin, kept = await self._pinned(request.case_id)
        conditions = f"{pin.manifest_sha256}/{request.account}"
        start = self._tokens.read(request.page_token, "ListEvidenceEvents", conditions) or 0
        if not request.page_token:
            await self._note("EvidenceEvents", case, context, account=request.account, revision=pin.revision)
        rows = [row for row in kept.rows if not request.account or row.get("account") == request.account]
        end = start + page_size_of(request.page_size)
        token = self._tokens.make("ListEvidenceEvents", conditions, end) if end < len(rows) else ""
        events = [journal_event(row) for row in rows[start:end]]
        return evidence_pb2.ListEvidenceEventsResponse(events=events, next_page_token=token)

    async def ReplayBook(
        self, request: evidence_pb2.ReplayBookRequest, context: Context
    ) -> evidence_pb2.ReplayBookResponse:
        """From a case's pinned evidence, else from the journal."""
        if request.case_id:
            return await self._replay_case(request, context)
        return await self._replay_market(request)

    async def GetCaseContext(
        self, request: evidence_pb2.GetCaseContextRequest, context: Context
    ) -> evidence_pb2.CaseContext:
        """Rules as they were, related alerts, linked accounts."""
        case = await self._store.read(case_named, request.case_id)
        related = await self._store.read(related_alerts, case)
        pin = await self._store.read(pins.newest_kept, case.number)
        if pin is None:
            told = ["no evidence is pinned yet: rules and links are known once it is"]
            return context_message(case.case_id, {}, related, [], told)
        kept = await asyncio.to_thread(self._kept.of, pin)
        found = await asyncio.to_thread(links, case.accounts, kept.context, kept.rows)
        await self._note("Context", case, context, revision=pin.revision)
        problems = [pin.problem] if pin.problem else []
        return context_message(case.case_id, kept.context, related, found, problems)

    async def _replay_case(
        self, request: evidence_pb2.ReplayBookRequest, context: Context
    ) -> evidence_pb2.ReplayBookResponse:
        case, pin, kept = await self._pinned(request.case_id)
        accounts = sorted(request.accounts or case.accounts)
        from_ns = request.from_time_ns or pin.window.from_ns
        to_ns = request.to_time_ns or pin.window.to_ns
        conditions = f"{pin.manifest_sha256}/{from_ns}/{to_ns}/{accounts}"
        position = self._tokens.read(request.page_token, "ReplayBook", conditions)
        if position is None:
            await self._note("Book", case, context, revision=pin.revision)
        rows, before = market_rows(kept, case.venue, case.instrument, from_ns, to_ns)
        skipped = before if position is None else position
        count = page_size_of(request.page_size)
        page = await asyncio.to_thread(replayed, rows, kept.opening, accounts, skipped, count)
        answer = replay_message(page, case.venue, case.instrument, pin.opening_is_whole)
        if page.more:
            answer.next_page_token = self._tokens.make("ReplayBook", conditions, skipped + count)
        return answer

    async def _replay_market(self, request: evidence_pb2.ReplayBookRequest) -> evidence_pb2.ReplayBookResponse:
        """A page begins at a count of rows from the window's begin: late events that come in between move it."""
        if self._events is None:
            raise _no_ingest()
        accounts = sorted(request.accounts)
        conditions = f"{request.venue}/{request.instrument}/{request.from_time_ns}/{request.to_time_ns}/{accounts}"
        position = self._tokens.read(request.page_token, "ReplayBook", conditions) or 0
        lookback_ns = round(self._settings.lookback_hours * 3_600 * 1e9)
        try:
            read = await self._events.read_window(
                request.venue,
                request.instrument,
                max(0, request.from_time_ns - lookback_ns),
                request.to_time_ns,
                events_max=self._settings.events_max,
            )
        except ClientError as error:
            raise _of_ingest(error) from error
        count = page_size_of(request.page_size)
        frame, sequences = ordered(read.frames, read.sequences)
        page = await asyncio.to_thread(_replayed_rows, frame, sequences, request, accounts, position, count)
        answer = replay_message(page, request.venue, request.instrument, read.end.is_whole)
        if page.more:
            answer.next_page_token = self._tokens.make("ReplayBook", conditions, position + count)
        return answer

    async def _pinned(self, name: str) -> tuple[Case, Pin, Kept]:
        case = await self._store.read(case_named, name)
        pin = await self._store.read(pins.newest_kept, case.number)
        if pin is None:
            raise not_pinned(await self._store.read(pins.newest, case.number))
        return case, pin, await asyncio.to_thread(self._kept.of, pin)

    async def _note(self, what: str, case: Case, context: Context, **particulars: object) -> None:
        caller = caller_of(context)
        told = {"channel": caller.channel, **particulars}
        await self._store.write(lambda shared: note_read(shared, what, case, caller.name, "", told))


def _replayed_rows(
    frame: Any, sequences: Any, request: evidence_pb2.ReplayBookRequest, accounts: list[str], position: int, count: int
) -> Any:
    rows: list[Row] = [
        {**row, "sequence": sequence, "event_id": id_of(row)}
        for row, sequence in zip(frame.rows(), sequences.tolist(), strict=True)
    ]
    rows = of_market(rows, request.venue, request.instrument)
    before = sum(row["event_time_ns"] < request.from_time_ns for row in rows)
    return replayed(rows, BookReplay().opening(), accounts, before + position, count)


def not_pinned(pin: Pin | None) -> FailedPrecondition:
    """The refusal of what needs evidence that is not there, saying why."""
    why = "nothing was asked yet" if pin is None else f"{pin.state.name}: {pin.problem or 'it is under way'}"
    return FailedPrecondition(
        "EVIDENCE_NOT_PINNED",
        f"expected a case with pinned evidence, found one without ({why}); ask for it with PinEvidence or wait",
    )


def _no_ingest() -> FailedPrecondition:
    return FailedPrecondition(
        "NO_INGEST", "expected `cases.evidence.ingest` to name the ingest service, found none configured"
    )


def _of_ingest(error: ClientError) -> Exception:
    if error.passing:
        return Unavailable("INGEST_AWAY", f"ingest does not answer: {error.message}; try again later")
    if error.code is grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidArgument(error.reason, error.message)
    return FailedPrecondition(error.reason or "INGEST_REFUSED", error.message)


def _seconds(value: float, name: str) -> float:
    if not (math.isfinite(value) and 0 <= value <= SECONDS_MAX):
        raise InvalidArgument(
            "FIELD_INVALID", f"{name}: expected 0 to {SECONDS_MAX:g} seconds, found {value}", field=name
        )
    return value


def _name(text: str, name: str) -> str:
    if not text.strip() or len(text) > NAME_CHARACTERS_MAX or "\0" in text:
        raise InvalidArgument(
            "FIELD_REQUIRED", f"{name}: expected who acts, at most {NAME_CHARACTERS_MAX} characters", field=name
        )
    return text


def _text(text: str, name: str) -> str:
    if len(text) > TEXT_CHARACTERS_MAX or "\0" in text:
        raise InvalidArgument(
            "FIELD_INVALID", f"{name}: expected at most {TEXT_CHARACTERS_MAX} characters without NUL", field=name
        )
    return text
