"""What happens in a simulated market, what the system sees of it and what it concludes, as one stream of sentences.

The simulator tells what happens, the case service which alerts and cases there are; they are brought together here,
where both are clients' answers.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum

from surveillance.v1 import alert_pb2, case_pb2, simulator_pb2
from tapewatch.client.cases import CaseClient
from tapewatch.client.errors import ClientError
from tapewatch.client.simulator import SimulatorClient

SENTENCES_WAITING_MAX = 1_000
ALERTS_FIRST_S = 1.0
"""A case is told after the alerts that made it; where those do not come within this time, without them."""
HISTORY_LINES_MAX = 10_000
HISTORY_PAUSE_S = 0.3
"""What was told before comes without pauses; after the first that long, lines are live and told as they come."""
NANOSECONDS_A_SECOND = 1_000_000_000


class Voice(Enum):
    """Who speaks: the market, the rules, the cases."""

    HAPPENS = "happens"
    SEES = "sees"
    CONCLUDES = "concludes"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence; `scenario_id`, `alert_id`, `case_number` (0) and `severity` are empty where it is not about one.

    `event_time_ns` is the market's time, nanoseconds UTC.
    """

    event_time_ns: int
    voice: Voice
    text: str
    scenario_id: str = ""
    alert_id: str = ""
    case_number: int = 0
    severity: str = ""


@dataclass(slots=True)
class Story:
    """Turns answers into sentences, each thing said once; knows which scenario an alert and a case belong to.

    `scenarios` are the truth so far, `since_ns` is the beginning of the story.
    """

    scenarios: Sequence[simulator_pb2.Scenario] = ()
    since_ns: int = 0
    _severities: dict[str, int] = field(default_factory=dict)
    _cases: dict[str, case_pb2.Case] = field(default_factory=dict)
    _taken_back: set[str] = field(default_factory=set)
    _scenario_of: dict[str, str] = field(default_factory=dict)

    def happened(self, sentence: simulator_pb2.WatchNarrativeResponse) -> Line:
        """A sentence of the simulator."""
        return Line(sentence.event_time_ns, Voice.HAPPENS, sentence.text, sentence.scenario_id)

    def knows(self, alert: alert_pb2.Alert) -> bool:
        """Whether a revision has nothing new to tell."""
        if alert.withdrawn_reason:
            return alert.alert_id in self._taken_back
        told = self._severities.get(alert.alert_id)
        return told is not None and told >= alert.severity

    def has_told_why(self, case: case_pb2.Case) -> bool:
        """Whether all alerts of a case were told, one of them as severe as the case."""
        told = [self._severities.get(alert_id) for alert_id in case.alert_ids]
        return None not in told and any(each is not None and each >= case.severity for each in told)

    def saw(self, alert: alert_pb2.Alert) -> Iterator[Line]:
        """What a revision of an alert says: at first, when it becomes more severe, when it is taken back."""
        if self.knows(alert):
            return
        told = self._severities.get(alert.alert_id)
        self._severities[alert.alert_id] = alert.severity
        severity = _severity(alert.severity)
        scenario = scenario_of(alert, self.scenarios)
        self._scenario_of[alert.alert_id] = "" if scenario is None else scenario.scenario_id
        where = f"{alert.rule_id} in {alert.instrument}"
        if alert.withdrawn_reason:
            self._taken_back.add(alert.alert_id)
            text = f"{where} is taken back: {alert.withdrawn_reason}"
        elif told is not None:
            text = f"{where} is now {severity}: {alert.explanation}"
        else:
            text = f"{where}, {severity}: {alert.explanation} ({_truth(alert, scenario)})"
        yield self._line(Voice.SEES, alert.end_time_ns, text, alert_id=alert.alert_id, severity=severity)

    def concluded(self, case: case_pb2.Case) -> Iterator[Line]:
        """What a changed case says: that it was opened, what is new about it."""
        before = self._cases.get(case.case_id)
        kept = case_pb2.Case()
        kept.CopyFrom(case)
        self._cases[case.case_id] = kept
        for text in self._met(case) if before is None else _changes(before, case):
            yield self._line(
                Voice.CONCLUDES,
                case.end_time_ns,
                text,
                alert_id=case.alert_ids[0] if case.alert_ids else "",
                case_number=case.number,
                severity=_severity(case.severity),
            )

    def _met(self, case: case_pb2.Case) -> Iterator[str]:
        who = ", ".join(case.owners or case.accounts) or "nobody in particular"
        rules = ", ".join(case.rule_ids)
        opened = "is opened" if case.start_time_ns >= self.since_ns else "of before goes on"
        yield f"case {case.number} {opened}: {case.title}, {_severity(case.severity)}, by {rules}; {who}"

    def _line(
        self, voice: Voice, time_ns: int, text: str, *, alert_id: str, severity: str, case_number: int = 0
    ) -> Line:
        scenario_id = self._scenario_of.get(alert_id, "")
        return Line(time_ns, voice, text, scenario_id, alert_id, case_number, severity)


def scenario_of(alert: alert_pb2.Alert, scenarios: Iterable[simulator_pb2.Scenario]) -> simulator_pb2.Scenario | None:
    """The scenario an alert is about: one that shares an order with it, else one of its people there and then."""
    there = [each for each in scenarios if (each.venue, each.instrument) == (alert.venue, alert.instrument)]
    orders, people = set(alert.order_ids), {*alert.accounts, *alert.owners}
    shared = [each for each in there if not orders.isdisjoint(each.order_ids)]
    present = [
        each
        for each in there
        if not people.isdisjoint({*each.accounts, *each.owners})
        and each.start_time_ns <= alert.end_time_ns
        and alert.start_time_ns <= each.end_time_ns
    ]
    return next(iter((*shared, *present)), None)


def _truth(alert: alert_pb2.Alert, scenario: simulator_pb2.Scenario | None) -> str:
    if scenario is None:
        return "nothing that was played explains it"
    if scenario.honest:
        return f"a false alarm: it is {scenario.scenario_id}, {scenario.typology}, which is honest"
    after_s = (alert.end_time_ns - scenario.start_time_ns) / NANOSECONDS_A_SECOND
    return f"it is {scenario.scenario_id}, {scenario.typology}, {after_s:.1f} s after it began"


def _changes(before: case_pb2.Case, case: case_pb2.Case) -> Iterator[str]:
    if joined := sorted(set(case.rule_ids) - set(before.rule_ids)):
        yield f"case {case.number} rests on {', '.join(joined)} too, {len(case.alert_ids)} alerts in all"
    if case.severity > before.severity:
        yield f"case {case.number} is now {_severity(case.severity)}"
    if case.state != before.state:
        state = case_pb2.CaseState.Name(case.state).removeprefix("CASE_STATE_")
        yield f"case {case.number} is {state}{f', {case.disposition_reason}' if case.disposition_reason else ''}"


def _severity(number: int) -> str:
    return alert_pb2.Severity.Name(number).removeprefix("SEVERITY_")


@dataclass(slots=True)
class _Narrator:
    """The voices, each a stream told into one queue; alerts and cases of before the story are passed over."""

    simulator: SimulatorClient
    story: Story
    cursor: str
    lines: asyncio.Queue[Line | ClientError]
    saw: asyncio.Event = field(default_factory=asyncio.Event)

    async def happens(self) -> None:
        async for sentence in self.simulator.watch_narrative():
            await self.lines.put(self.story.happened(sentence))

    async def sees(self, cases: CaseClient) -> None:
        async for answer in cases.watch_alerts(self.cursor):
            if answer.alert.end_time_ns >= self.story.since_ns and not self.story.knows(answer.alert):
                self.story.scenarios = await self.simulator.list_scenarios(include_honest=True)
                await self._tell(self.story.saw(answer.alert))
                self.saw.set()

    async def concludes(self, cases: CaseClient) -> None:
        async for answer in cases.watch_cases(self.cursor):
            if answer.case.end_time_ns >= self.story.since_ns:
                await self._until_told_why(answer.case)
                await self._tell(self.story.concluded(answer.case))

    async def _until_told_why(self, case: case_pb2.Case) -> None:
        """Let the alerts speak first, which come over another stream; but not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALERTS_FIRST_S):
                while not self.story.has_told_why(case):
                    self.saw.clear()
                    await self.saw.wait()

    async def _tell(self, lines: Iterable[Line]) -> None:
        for line in lines:
            await self.lines.put(line)

    async def told(self, voice: Coroutine[None, None, None]) -> None:
        """Let a voice speak until cancelled; a failure is the last that is said."""
        try:
            await voice
        except ClientError as error:
            await self.lines.put(error)


async def narrate(simulator: SimulatorClient, cases: CaseClient | None) -> AsyncGenerator[Line, None]:
    """The sentences of the run under way, from its beginning in order, and of those that follow, as they come.

    Without `cases` only what happens. Ends with the ClientError of a stream that fails; a case service that goes away
    is waited for.
    """
    run = await simulator.get()
    began = run.state != simulator_pb2.SIMULATION_STATE_IDLE
    lines: asyncio.Queue[Line | ClientError] = asyncio.Queue(SENTENCES_WAITING_MAX)
    narrator = _Narrator(simulator, Story(since_ns=run.start_time_ns), "0" if began else "", lines)
    voices = [narrator.happens()]
    if cases is not None:
        voices += [narrator.sees(cases), narrator.concludes(cases)]
    tasks = [asyncio.create_task(narrator.told(voice)) for voice in voices]
    try:
        for line in sorted(await _at_hand(lines), key=lambda line: line.event_time_ns):
            yield line
        while True:
            yield _said(await lines.get())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _at_hand(lines: "asyncio.Queue[Line | ClientError]") -> list[Line]:
    """What was said before somebody listened: it comes at once, from every voice on its own."""
    found: list[Line] = []
    with contextlib.suppress(TimeoutError):
        while len(found) < HISTORY_LINES_MAX:
            found.append(_said(await asyncio.wait_for(lines.get(), HISTORY_PAUSE_S)))
    return found


def _said(line: Line | ClientError) -> Line:
    if isinstance(line, ClientError):
        raise line
    return line


async def until_quiet(
    lines: AsyncGenerator[Line, None], is_over: Callable[[], Awaitable[bool]], quiet_s: float
) -> AsyncGenerator[Line, None]:
    """The lines until the run is over and nothing was said for some seconds."""
    async with aclosing(lines):
        coming = asyncio.ensure_future(anext(lines))
        try:
            while True:
                done, _ = await asyncio.wait({coming}, timeout=quiet_s)
                if done:
                    yield coming.result()
                    coming = asyncio.ensure_future(anext(lines))
                elif await is_over():
                    return
        finally:
            coming.cancel()
            await asyncio.wait({coming})
