"""The commands of confidentiality, by people with tokens, against a case service in another thread."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from tapewatch.cli.main import main
from tapewatch.runtime.durable import write_private
from tests.case_service.confidentiality.people import opened_house, token
from tests.case_service.fakes import alert

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A case service with one case of account A1; HOST:PORT and the folder of its issuer's keys."""
    address: Future[str] = Future()
    stop: Future[None] = Future()

    async def serve() -> None:
        async with opened_house(tmp_path / "cases.db", tmp_path / "keys") as opened:
            await opened.cases.record(alert("a"))
            address.set_result(str(opened.cases.service.address))
            await asyncio.wrap_future(stop)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        yield address.result(timeout=60), tmp_path / "keys"
    finally:
        stop.set_result(None)
        thread.join(timeout=60)


@pytest.fixture
def run(house: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `tapewatch cases ...` as a person; exit code, output, errors."""

    def run_as(who: str, *arguments: str) -> tuple[int, str, str]:
        name, _, role = who.partition("/")
        path = tmp_path / f"{name}.token"
        write_private(path, token(house[1], name, role).encode())
        code = main(["--token-file", str(path), "cases", *arguments, "--target", house[0]])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_as


def test_a_case_is_restricted_granted_revoked_and_shown_again(run: Run) -> None:
    lead, bob, root = "lead/supervisor", "bob/analyst", "root/admin"
    code, shown, _ = run(lead, "restrict", "1", "--reason", "inquiry 7", "--to", "ann")
    assert code == 0
    assert "inquiry 7" in shown
    assert shown.count("may see it") == 2
    code, _, said = run(bob, "show", "1")
    assert (code, "expected the id or number of a case held here" in said) == (1, True)
    held = json.loads(run(lead, "access", "1", "--json")[1])
    assert (held["restricted"], held["names"]) == (True, ["ann", "lead"])
    assert run(root, "access", "1")[0] == 1
    assert run(root, "grant", held["case_id"], "bob", "--reason", "lead is ill")[0] == 0
    assert run(bob, "show", "1")[0] == 0
    assert run(lead, "revoke", "1", "bob", "--reason", "back again")[0] == 0
    assert run(bob, "show", "1")[0] == 1
    assert run(lead, "unrestrict", "1", "--reason", "closed")[0] == 0
    assert run(bob, "show", "1")[0] == 0


def test_who_may_not_is_told_who_may(run: Run) -> None:
    code, _, said = run("bob/analyst", "restrict", "1", "--reason", "x")
    assert code == 1
    assert "expected one of the roles supervisor, found analyst of 'bob'" in said


def test_a_case_is_held_and_let_go(run: Run) -> None:
    lead = "lead/supervisor"
    assert "inquiry 7: subpoena (lead" in run(lead, "hold", "1", "--matter", "inquiry 7", "--reason", "subpoena")[1]
    code, _, said = run(lead, "hold", "1", "--matter", "inquiry 7", "--reason", "again")
    assert (code, "expected a matter that does not hold the case" in said) == (1, True)
    assert "inquiry" not in run(lead, "unhold", "1", "--matter", "inquiry 7", "--reason", "over")[1]


def test_desks_come_from_a_file_and_erasure_says_what_it_did(run: Run, tmp_path: Path) -> None:
    root = "root/admin"
    file = tmp_path / "accounts.csv"
    file.write_text("account,owner,desk\nA1,O1,equities\nA1,O1,fx\nA2,O2,\n")
    assert "2 accounts, 1 changed" in run(root, "desks", str(file))[1]
    assert json.loads(run(root, "desks", "--json")[1]) == [{"account": "A1", "desks": ["equities", "fx"]}]
    file.write_text("account,owner\nA1,O1\n")
    code, _, said = run(root, "desks", str(file))
    assert (code, "expected the columns account and desk, found account, owner" in said) == (1, True)
    assert "0 cases would be erased, 0 past their time are held" in run(root, "erase", "--reason", "x", "--dry-run")[1]
