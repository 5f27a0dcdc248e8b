"""A start with other settings than the one before is a change that is told, and told again until it is recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detection_service.app import DetectionSettings, lifespan
from detection_service.engine.configuration import EngineConfiguration
from detection_service.started_with import FILE, NOT_IN_FORCE, note_start
from surveillance.v1 import detection_pb2
from surveillance.v1.detection_pb2_grpc import DetectionServiceStub
from tapewatch.market.reference import Reference
from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.security import SecuritySettings
from tapewatch.runtime.service import running_service
from tests.detection_service.fakes import Journal, consumer_in

FIRST = EngineConfiguration({"spoofing": {}, "layering": {}})


def test_the_first_start_and_each_other_one_are_told_with_what_differs(tmp_path: Path) -> None:
    (first,) = note_start(tmp_path, FIRST, 0, 1, "")
    assert (first.what, first.digest_before, first.digest_after) == ("first start", "", FIRST.digest())
    assert note_start(tmp_path, FIRST, 5, 2, "") == [first]
    other = EngineConfiguration({"spoofing": {"size_multiple_min": 7.0}, "wash_owner": {}})
    _, second = note_start(tmp_path, other, 9, 3, "")
    assert second.what == "layering goes; spoofing: size_multiple_min 5.0 to 7.0; wash_owner comes"
    assert (second.sequence, second.time_ns, second.problem) == (9, 3, "")
    assert (second.digest_before, second.digest_after) == (FIRST.digest(), other.digest())


def test_other_reference_data_are_other_settings(tmp_path: Path) -> None:
    note_start(tmp_path, FIRST, 0, 1, "")
    owned = replace(FIRST, reference=Reference.of(accounts=[{"account": "a", "owner": "o"}]))
    _, second = note_start(tmp_path, owned, 0, 2, "")
    assert second.what.startswith("reference data ")


def test_settings_that_the_journal_stands_above_say_so(tmp_path: Path) -> None:
    note_start(tmp_path, FIRST, 0, 1, NOT_IN_FORCE)
    first, second = note_start(tmp_path, EngineConfiguration({"spoofing": {}}), 0, 2, NOT_IN_FORCE)
    assert (first.problem, second.problem) == ("", NOT_IN_FORCE)


async def test_a_consumer_knows_whether_the_journal_configures_it(tmp_path: Path) -> None:
    consumer = consumer_in(tmp_path)
    assert not consumer.is_configured_by_journal
    change = {"rule": "spoofing", "parameters": {"size_multiple_min": 7}}
    await consumer.run(Journal().control("CONFIGURATION", {"change": change}).read())
    assert consumer.is_configured_by_journal


async def changes_of(directory: Path, rules: dict[str, Any]) -> list[str]:
    settings = DetectionSettings(listen="127.0.0.1:0", directory=directory, rules=rules)
    async with (
        running_service("detection", settings, lifespan) as service,
        open_channel(f"127.0.0.1:{service.bound_port}", SecuritySettings()) as channel,
    ):
        stub: Any = DetectionServiceStub(channel)
        status = await stub.GetDetectionStatus(detection_pb2.GetDetectionStatusRequest(), timeout=10)
        return [each.what for each in status.changes]


async def test_the_service_tells_of_all_its_starts_with_other_settings(tmp_path: Path) -> None:
    assert await changes_of(tmp_path, {"spoofing": {}}) == ["first start"]
    told = await changes_of(tmp_path, {"spoofing": {"size_multiple_min": 7.0}})
    assert told == ["first start", "spoofing: size_multiple_min 5.0 to 7.0"]
    assert await changes_of(tmp_path, {"spoofing": {"size_multiple_min": 7.0}}) == told


async def test_a_damaged_file_ends_the_start_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(StartError, match=r"expected what detection was started with before: .*; remove it"):
        await changes_of(tmp_path, {"spoofing": {}})
