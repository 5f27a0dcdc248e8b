from pathlib import Path

import grpc
import pytest
from sqlalchemy.exc import DatabaseError

from case_service.app import SECTION, CaseSettings
from case_service.store.databases import sqlite
from tapewatch.runtime.errors import StartError
from tapewatch.runtime.settings import SettingsError, load_settings
from tests.case_service.fakes import MINUTE_NS, Cases, alert, alert_id, running_cases


def test_defaults_need_no_file() -> None:
    settings = load_settings(SECTION, CaseSettings, None, {})
    assert (settings.listen, settings.database) == ("127.0.0.1:50053", "tapewatch-data/cases/cases.db")
    assert settings.policy.window_ns == 30 * MINUTE_NS
    assert settings.policy.family_of("layering") == "ORDER_BOOK"


def test_families_and_window_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("cases:\n  grouping_window_minutes: 5\n  typology_families:\n    MINE: [spoofing]\n")
    policy = load_settings(SECTION, CaseSettings, path, {}).policy
    assert (policy.window_ns, policy.family_of("SPOOFING"), policy.family_of("LAYERING")) == (
        5 * MINUTE_NS,
        "MINE",
        "LAYERING",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("due_hours: {1: 4}", r"settings\.yaml:2: cases\.due_hours: expected hours for the priorities 1, 2, 3 and 4"),
        ("typology_families: {A: [X], B: [x]}", "typology x: expected one family, found A and B"),
        ("grouping_window_minutes: -1", "greater than or equal to 0"),
        ("databse: x.db", "did you mean 'database'"),
    ],
)
def test_wrong_settings_are_refused_with_their_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"cases:\n  {text}\n")
    with pytest.raises(SettingsError, match=complaint):
        load_settings(SECTION, CaseSettings, path, {})


async def test_a_file_that_is_no_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    database = tmp_path / "cases.db"
    database.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(StartError, match=r"case database .*cases\.db: expected a file .* file is not a database"):
        async with running_cases(database):
            pass


async def test_what_was_recorded_is_there_after_a_restart(database: str) -> None:
    async with running_cases(database) as cases:
        (result,) = await cases.record(alert())
    async with running_cases(database) as cases:
        (again,) = await cases.record(alert())
        assert (again.case_id, again.changed) == (result.case_id, False)
        assert (await cases.call("GetCase", case_id="1")).case_id == result.case_id


async def test_a_full_disk_acknowledges_nothing_more_stops_the_service_and_loses_nothing(
    sqlite_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(sqlite, "WRITER_PRAGMAS", (*sqlite.WRITER_PRAGMAS, "max_page_count=150"))
        with pytest.raises(DatabaseError, match="database or disk is full"):
            await record_until_it_stops(sqlite_database, acknowledged)
    assert acknowledged
    async with running_cases(sqlite_database) as cases:
        verified = await cases.call("VerifyAudit")
        assert (verified.intact, verified.records) == (True, len(acknowledged))
        for name in acknowledged:
            assert (await cases.call("GetAlert", alert_id=name)).alert_id == name


async def record_until_it_stops(database: Path, acknowledged: list[str]) -> None:
    async with running_cases(database) as cases:
        for number in range(5_000):
            if await outcome(cases, number) is not grpc.StatusCode.OK:
                break
            acknowledged.append(alert_id(number))
        assert await outcome(cases, 0) is grpc.StatusCode.UNAVAILABLE
        await cases.service.stop.wait()


async def outcome(cases: Cases, number: int) -> grpc.StatusCode:
    try:
        await cases.record(alert(number))
    except grpc.aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK
