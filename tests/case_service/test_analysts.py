"""Fifty analysts on twenty cases, and kill -9 of the service among them: one winner each, linear histories, nothing
lost. `make chaos` sets TAPEWATCH_CHAOS_KILLS for more of it."""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest

from case_service.lifecycle import Verb
from surveillance.v1 import case_pb2, case_pb2_grpc
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings
from tests.case_service.fakes import alert, call, record, request_of
from tests.case_service.test_crash import everything, serving, start

ANALYSTS = 50
CASES = 20
KILLS = int(os.environ.get("TAPEWATCH_CHAOS_KILLS", "1"))
ACTS_BETWEEN_KILLS = 60
SEED = int(os.environ.get("TAPEWATCH_SEED", "20260302"))
PATIENCE_S = 60
AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
LOST = {grpc.StatusCode.ABORTED, grpc.StatusCode.FAILED_PRECONDITION}
"""Somebody else was faster, or proposed the close oneself."""
WARNED = {"disposition": case_pb2.DISPOSITION_WARNED, "reason": "told"}
REPORTED = {"disposition": case_pb2.DISPOSITION_REPORTED, "reason": "clear"}
CHOICES: dict[str, Sequence[tuple[str, dict[str, Any]]]] = {
    "OPEN": (("AssignCase", {}), ("TagCase", {"add": ["seen"]})),
    "ASSIGNED": (("StartReview", {}), ("ReleaseCase", {"reason": "ill"}), ("CommentCase", {"text": "on it"})),
    "IN_REVIEW": (("EscalateCase", {"reason": "large"}), ("CloseCase", WARNED), ("CloseCase", REPORTED)),
    "ESCALATED": (("ReturnCase", {"reason": "small"}), ("CloseCase", REPORTED)),
    "CLOSED": (("ReopenCase", {"reason": "more"}),),
    "proposed": (("ApproveClose", {}), ("RejectClose", {"reason": "thin"}), ("CommentCase", {"text": "hm"})),
}


@dataclass(frozen=True)
class Done:
    """A change that the service acknowledged."""

    case_id: str
    revision: int
    actor: str
    method: str


@dataclass
class Ledger:
    """What was acknowledged, and what was lost to somebody faster."""

    done: list[Done] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    enough: int = 0

    @property
    def is_full(self) -> bool:
        return len(self.done) >= self.enough


async def answered(stub: Any, method: str, request: Any) -> Any:
    """The answer to a request, sent again (with its request id) while the service is away."""
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await getattr(stub, method)(request, timeout=PATIENCE_S)
        except grpc.aio.AioRpcError as error:
            if error.code() not in AWAY or time.monotonic() > deadline_s:
                raise
            await asyncio.sleep(0.02)


async def analyst(stub: Any, name: str, chance: random.Random, ledger: Ledger) -> None:
    """Look at a case, do what its state allows, until enough was done by all."""
    turn = 0
    while not ledger.is_full:
        turn += 1
        number = str(chance.randrange(1, CASES + 1))
        case = await answered(stub, "GetCase", case_pb2.GetCaseRequest(case_id=number))
        standing = "proposed" if case.HasField("pending_close") else case_pb2.CaseState.Name(case.state)[11:]
        method, fields = chance.choice(CHOICES[standing])
        fields = {**fields, **({"assignee": name} if method in ("AssignCase", "ReturnCase") else {})}
        seen = {"case_id": case.case_id, "etag": case.etag, "request_id": f"{name}/{turn}", "actor": name}
        try:
            after = await answered(stub, method, request_of(method)(**seen, **fields))
        except grpc.aio.AioRpcError as error:
            if error.code() not in LOST:
                raise
            ledger.lost[error.code().name] += 1
            continue
        assert after.revision == case.revision + 1
        ledger.done.append(Done(case.case_id, after.revision, name, method))


@pytest.mark.timeout(120 + 60 * KILLS)
async def test_fifty_analysts_on_twenty_cases_lose_nothing_to_each_other_and_to_kills(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"seed {SEED} (TAPEWATCH_SEED), {KILLS} kills (TAPEWATCH_CHAOS_KILLS)")
    monkeypatch.setenv("TAPEWATCH__CASES__EVIDENCE__INGEST", "null")
    chance = random.Random(SEED)
    ledger = Ledger()
    process, listen = await start(database)
    try:
        async with open_channel(listen, SecuritySettings()) as channel:
            stub = case_pb2_grpc.CaseServiceStub(channel)
            await record(stub, [alert(number, owners=(f"O{number}",)) for number in range(CASES)])
            ledger.enough = ACTS_BETWEEN_KILLS * (KILLS + 1)
            names = [f"analyst-{number}" for number in range(ANALYSTS)]
            desk = [asyncio.create_task(analyst(stub, name, random.Random(f"{SEED}/{name}"), ledger)) for name in names]
            for kill in range(1, KILLS + 1):
                after = len(ledger.done) + chance.randrange(20, ACTS_BETWEEN_KILLS)
                while len(ledger.done) < min(after, ledger.enough - 1) and not any(each.done() for each in desk):
                    await asyncio.wait(desk, timeout=0.002, return_when=asyncio.FIRST_COMPLETED)
                assert not ledger.is_full, f"expected the desk at work at kill {kill}"
                process.kill()
                await process.wait()
                process, listen = await start(database, listen)
            await asyncio.gather(*desk)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    async with serving(database) as (_, again):
        await _check(again, ledger)


async def _check(stub: Any, ledger: Ledger) -> None:
    print(f"{len(ledger.done)} acknowledged, lost: {dict(ledger.lost)}")
    won = Counter((each.case_id, each.revision) for each in ledger.done)
    assert set(won.values()) == {1}, "two were told that they made the same revision"
    verbs = {verb.value for verb in Verb}
    kept: dict[tuple[str, int], Any] = {}
    for case in await everything(stub, "ListCases", "cases"):
        records = [each for each in await _history(stub, case.case_id) if each.action in verbs]
        revisions = [json.loads(each.detail_json)["case_revision"] for each in records]
        assert revisions == list(range(2, case.revision + 1)), "the history has a gap or a fork"
        states = [(each.from_state, each.to_state) for each in records]
        assert [after for _, after in states[:-1]] == [before for before, _ in states[1:]], "a history is not linear"
        kept.update({(case.case_id, number): each for number, each in zip(revisions, records, strict=True)})
    assert kept.keys() == won.keys(), "something acknowledged was lost, or something lost was done"
    for each in ledger.done:
        found = kept[each.case_id, each.revision]
        action = "ProposeClose" if found.action == "ProposeClose" else each.method
        assert (found.actor, found.action) == (each.actor, action)
    assert (await call(stub, "VerifyAudit")).intact
    assert sum(ledger.lost.values()) > 0, "expected analysts to meet on a case"


async def _history(stub: Any, case_id: str) -> list[Any]:
    page = await call(stub, "ListAuditRecords", subject=case_id, page_size=1_000)
    assert not page.next_page_token
    return list(page.records)
