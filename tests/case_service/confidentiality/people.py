"""A case service that knows its callers, and people who call it with tokens of their own."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from surveillance.v1 import case_pb2, case_pb2_grpc, confidentiality_pb2_grpc, subject_pb2_grpc
from surveillance.v1 import confidentiality_pb2 as pb2
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.errors import error_info
from tapewatch.runtime.settings import SecuritySettings
from tapewatch.runtime.tokens.issuing import ISSUER, granted, init_keys, issue
from tests.case_service.fakes import TIMEOUT_S, Cases, FakeClock, running_cases

EVERY_DESK = ("*",)


class Person(Cases):
    """The service as one person sees it."""

    confidentiality: Any

    async def ask(self, method: str, **given: Any) -> Any:
        """Call a method of the confidentiality service."""
        request = getattr(pb2, f"{method}Request")(**given)
        return await getattr(self.confidentiality, method)(request, timeout=TIMEOUT_S)

    async def measure(self, method: str, case_id: str, **given: Any) -> pb2.CaseConfidentiality:
        """Take a measure with the etag as it is now."""
        held = await self.ask("GetConfidentiality", case_id=case_id)
        usual = {"case_id": case_id, "etag": held.etag, "reason": "inquiry 7"}
        taken: pb2.CaseConfidentiality = await self.ask(method, **{**usual, **given})
        return taken

    async def denied(self, method: str, **given: Any) -> tuple[grpc.StatusCode, str]:
        """Code and reason of the error a method of the confidentiality service ends with."""
        try:
            await self.ask(method, **given)
        except grpc.aio.AioRpcError as error:
            info = error_info(error)
            return error.code(), info.reason if info else ""
        raise AssertionError(f"expected {method} to be refused, found an answer")

    async def titles(self) -> list[str]:
        """The instruments of the cases in the list, sorted."""
        return sorted(case.instrument for case in (await self.call("ListCases")).cases)


@dataclass
class House:
    """The running service, and a way in for each person. `cases` is how detection sees it."""

    cases: Cases
    keys: Path
    stack: AsyncExitStack

    async def person(self, name: str, *roles: str, desks: tuple[str, ...] = EVERY_DESK) -> Person:
        """The service as a person with a token sees it."""
        shown = SecuritySettings.model_validate({"token": token(self.keys, name, *roles, desks=desks)})
        port = self.cases.service.bound_port
        channel = await self.stack.enter_async_context(open_channel(f"127.0.0.1:{port}", shown))
        held = {each.name: getattr(self.cases, each.name) for each in fields(self.cases)}
        stubs = {
            "stub": case_pb2_grpc.CaseServiceStub(channel),
            "subjects": subject_pb2_grpc.SubjectServiceStub(channel),
        }
        person = Person(**{**held, **stubs})
        person.confidentiality = confidentiality_pb2_grpc.ConfidentialityServiceStub(channel)
        return person

    async def desks(self, **desks: str) -> None:
        """Say which desk each account trades for."""
        admin = await self.person("root", "admin")
        accounts = [pb2.AccountDesks(account=account, desks=[desk]) for account, desk in desks.items()]
        await admin.ask("RecordDesks", accounts=accounts)

    async def case_of(self, named: Any) -> case_pb2.Case:
        """The case of an alert, as a supervisor of all desks sees it."""
        return await (await self.person("overseer", "supervisor")).case_of(named)


def token(keys: Path, name: str, *roles: str, desks: tuple[str, ...] = EVERY_DESK) -> str:
    """A token that counts for an hour."""
    return issue(keys, granted(name, roles, desks, 1), time.time())


@asynccontextmanager
async def opened_house(
    database: str | Path, keys: Path, clock: FakeClock | None = None, **settings: Any
) -> AsyncIterator[House]:
    """A case service whose callers show tokens of the keys' issuer."""
    init_keys(keys, "EdDSA")
    security = SecuritySettings.model_validate(
        {
            "tokens": {"issuer": ISSUER, "keys": str(keys / "jwks.json")},
            "token": token(keys, "detection", "service"),
            "rate": {"calls_a_second": None},
        }
    )
    async with running_cases(database, clock, security, **settings) as cases, AsyncExitStack() as stack:
        yield House(cases, keys, stack)
