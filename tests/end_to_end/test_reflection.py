"""The services as a stranger finds them: no generated code, only what reflection tells."""

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.end_to_end.market import MarketFile
from tests.end_to_end.stack import CORE, Stack, running_stack

pytestmark = pytest.mark.timeout(120)
SERVICES = {
    "cases": "surveillance.v1.CaseService",
    "ingest": "surveillance.v1.IngestService",
    "detection": "surveillance.v1.DetectionService",
    "simulator": "surveillance.v1.SimulatorService",
    "fix": "grpc.health.v1.Health",
}
CALL_TIMEOUT_S = 5.0


class Stranger:
    """Calls methods of one server by their names, with and to plain values."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._known: Any = ProtoReflectionDescriptorDatabase(channel)
        self._pool: Any = DescriptorPool(self._known)

    def services(self) -> set[str]:
        return set(self._known.get_services())

    def methods(self, service: str) -> set[str]:
        return set(self._pool.FindServiceByName(service).methods_by_name)

    def call(self, service: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        """The answer of a unary method."""
        request, stub = self._prepared(service, method, values)
        return _plain(stub(request, timeout=CALL_TIMEOUT_S))

    def watch(self, service: str, method: str, values: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """The answers of a streaming method."""
        request, stub = self._prepared(service, method, values)
        answers = stub(request, timeout=CALL_TIMEOUT_S)
        try:
            yield from map(_plain, answers)
        finally:
            answers.cancel()

    def _prepared(self, service: str, method: str, values: dict[str, Any]) -> tuple[Any, Any]:
        found = self._pool.FindServiceByName(service).methods_by_name[method]
        kind = self._channel.unary_stream if found.server_streaming else self._channel.unary_unary
        answer: Any = GetMessageClass(found.output_type)
        stub = kind(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return ParseDict(values, GetMessageClass(found.input_type)(), descriptor_pool=self._pool), stub


def _plain(message: Any) -> dict[str, Any]:
    return MessageToDict(message, preserving_proto_field_name=True)


async def test_a_stranger_lists_describes_and_calls_every_service(market: MarketFile, tmp_path: Path) -> None:
    async with running_stack(tmp_path, CORE | {"fix", "simulator"}) as stack:
        await stack.command("replay", market.events, "--accounts", market.accounts)
        await stack.drained()
        for name, service in SERVICES.items():
            await asyncio.to_thread(look_at, stack.address(name), service)
        await asyncio.to_thread(read_cases, stack, market)


def look_at(address: str, service: str) -> None:
    """The server lists and describes its service and says that it serves."""
    with grpc.insecure_channel(address) as channel:
        stranger = Stranger(channel)
        assert {service, "grpc.health.v1.Health"} <= stranger.services()
        assert stranger.methods(service)
        assert stranger.call("grpc.health.v1.Health", "Check", {}) == {"status": "SERVING"}


def read_cases(stack: Stack, market: MarketFile) -> None:
    """ListCases in pages, GetCase of each, WatchCases from the beginning: the same cases, holding every alert."""
    service = SERVICES["cases"]
    with grpc.insecure_channel(stack.address("cases")) as channel:
        stranger = Stranger(channel)
        assert {"ListCases", "GetCase", "WatchCases", "CloseCase"} <= stranger.methods(service)
        listed: list[dict[str, Any]] = []
        token = ""
        while token or not listed:
            page = stranger.call(service, "ListCases", {"page_size": 2, "page_token": token})
            listed += page["cases"]
            token = page.get("next_page_token", "")
        got = [stranger.call(service, "GetCase", {"case_id": case["case_id"]}) for case in listed]
        watched: dict[str, dict[str, Any]] = {}
        changes = stranger.watch(service, "WatchCases", {"cursor": "0"})
        while len(watched) < len(listed):
            case = next(changes)["case"]
            watched[case["case_id"]] = case
        changes.close()
    assert got == listed
    assert watched == {case["case_id"]: case for case in listed}
    assert {alert_id for case in listed for alert_id in case["alert_ids"]} == set(market.alerts)
