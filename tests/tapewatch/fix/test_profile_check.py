from pathlib import Path
from random import Random

import pytest

from tapewatch.fix.codec import Message, encode
from tapewatch.fix.profile import Profile, load_profile
from tapewatch.fix.profile_check import ProfileCheck, check_log
from tests.tapewatch.fix.test_tags_read import SAMPLES, SEED, thinned

FIX44 = load_profile("fix44")
HEAD = "8=FIX.4.4|9=1|35={msg_type}|49=V|56=US|34={number}|52=20260105-09:00:01|{body}|10=000|\n"
REPORT = "37=O1|11=C1|17=E{number}|150={code}|39=0|55=ABC|54=1|38=10|44=5|151=10|14=0|6=0|60=20260105-09:00:00"


def checked(folder: Path, *messages: tuple[str, int, str], profile: Profile = FIX44) -> ProfileCheck:
    """The check of a log of (message type, number, body), read to its end."""
    log = folder / "log"
    lines = [HEAD.format(msg_type=msg_type, number=number, body=body) for msg_type, number, body in messages]
    log.write_text("".join(lines), encoding="utf-8")
    check = check_log(log, profile)
    assert len(list(check.messages())) == len(messages)
    return check


def report(number: int, code: str = "0", more: str = "") -> tuple[str, int, str]:
    return "8", number, REPORT.format(number=number, code=code) + more


def test_messages_are_counted_by_the_way_they_map(tmp_path: Path) -> None:
    check = checked(tmp_path, ("A", 1, "98=0|108=30"), report(2), report(3), report(4, "4"), ("B", 5, "148=news"))
    assert dict(check.ways) == {
        ("A", "", ""): 1,
        ("8", "150=0", "NEW"): 2,
        ("8", "150=4", "CANCEL"): 1,
        ("B", "", ""): 1,
    }
    assert (check.with_events, check.of_session, check.events, check.flagged) == (3, 1, 3, 0)
    assert dict(check.unmapped) == {"35=B has no mapping": 1}
    assert check.first_places["35=B has no mapping"] == 5


def test_tags_never_used_are_counted_with_an_example_but_none_of_the_sessions(tmp_path: Path) -> None:
    check = checked(tmp_path, ("A", 1, "98=0|108=30"), report(2, more="|9001=x"), report(3, more="|9001=y"))
    assert {tag: (found.count, found.example, dict(found.types)) for tag, found in check.unread.items()} == {
        6: (2, "0", {"8": 2}),
        39: (2, "0", {"8": 2}),
        9001: (2, "x", {"8": 2}),
    }


def test_a_report_that_cannot_be_told_is_flagged(tmp_path: Path) -> None:
    check = checked(tmp_path, report(1, "?"))
    assert (check.flagged, dict(check.flags)) == (1, {"150=? is unknown": 1})


def test_what_ingest_would_refuse_is_counted(tmp_path: Path) -> None:
    check = checked(tmp_path, ("8", 1, REPORT.format(number=1, code="0").replace("54=1", "54=?")))
    assert dict(check.rejections) == {"side: MISSING": 1}


def test_the_columns_events_have_are_counted(tmp_path: Path) -> None:
    check = checked(tmp_path, report(1, more="|1=ACC"), report(2))
    assert (check.known["account"], check.known["order_id"], check.known["trade_id"]) == (1, 2, 0)


def test_a_report_sent_twice_and_numbers_left_out_are_counted(tmp_path: Path) -> None:
    again = ("8", 7, "97=Y|" + REPORT.format(number=2, code="0"))
    check = checked(tmp_path, report(1), report(2), again, report(8))
    assert check.duplicates == 1
    assert dict(check.missing) == {"FIX.4.4:V->US": 4}


def test_requests_auto_is_told_as_what_it_became(tmp_path: Path) -> None:
    order = ("D", 1, "11=C1|55=ABC|54=1|38=10|40=2|44=5|60=20260105-09:00:00")
    assert checked(tmp_path, order, profile=load_profile("log")).profile.requests == "new"
    assert checked(tmp_path, order, report(2), profile=load_profile("log")).profile.requests == "intent"


@pytest.mark.parametrize("name", ["log", "fills_only", "swapped_client_ids"])
def test_odd_messages_of_every_kind_are_checked_to_the_end(tmp_path: Path, name: str) -> None:
    random = Random(SEED)
    odd = [message for _ in range(3) for message in thinned(random)]
    log = tmp_path / "odd.log"
    log.write_bytes(b"".join(rewritten(message) for message in [*SAMPLES, *odd]))
    check = check_log(log, load_profile(name))
    assert len(list(check.messages())) == len(SAMPLES) + len(odd) == check.ways.total()
    assert check.of_session + check.with_events + check.unmapped.total() == check.report.messages


def rewritten(message: Message) -> bytes:
    fields = [(tag, value) for tag, value in message.fields if tag not in (8, 9, 10)]
    return encode("FIX.4.4", fields) + b"\n"
