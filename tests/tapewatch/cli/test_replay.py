import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveillance.v1.ingest_pb2_grpc import add_IngestServiceServicer_to_server as add
from tapewatch.cli.main import main
from tapewatch.market.frame import Frame
from tests.tapewatch.client.fakes import FakeIngest, serving_in_thread

ROWS = "event_time_ns,kind,venue,instrument,order_id,side,price,quantity\n" + "".join(
    f"{1_700_000_000_000_000_000 + number * 100_000_000},NEW,XTWS,NRDL,o{number},BUY,10,100\n" for number in range(10)
)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(ROWS + "oops,NEW,XTWS,NRDL,o,BUY,10,100\n")
    return path


@pytest.fixture
def ingest() -> Iterator[tuple[FakeIngest, str]]:
    fakes: list[FakeIngest] = []

    def make() -> FakeIngest:
        fakes.append(FakeIngest())
        return fakes[0]

    with serving_in_thread(add, make) as address:
        yield fakes[0], address


def test_every_batch_is_sent_in_order_and_the_source_is_ended(
    events: Path, ingest: tuple[FakeIngest, str], capsys: pytest.CaptureFixture[str]
) -> None:
    fake, address = ingest
    assert main(["replay", str(events), "--to", address, "--batch", "3", "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["sent"], values["refused_in_file"], len(fake.kept)) == (10, 1, 4)
    assert len(fake.ended) == 1
    assert fake.ended[0].startswith("file:")


def test_several_files_are_sent_as_one_stream_in_event_order_each_source_ended_once_it_is_through(
    tmp_path: Path, ingest: tuple[FakeIngest, str], capsys: pytest.CaptureFixture[str]
) -> None:
    fake, address = ingest
    header, *rows = ROWS.splitlines(keepends=True)
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    early.write_text(header + "".join(rows[0:6:2]))
    late.write_text(header + "".join([*rows[1:6:2], *rows[6:]]))
    assert main(["replay", str(late), str(early), "--to", address, "--batch", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["sent"] == 10
    frames = [Frame.decode(data) for data in fake.kept]
    assert [row["order_id"] for frame in frames for row in frame.rows()] == [f"o{number}" for number in range(10)]
    assert max(frame.row_count for frame in frames) <= 2
    assert fake.ended == [frames[0].text("source", 0), frames[-1].text("source", 0)]


def test_a_paced_replay_keeps_the_clock_of_the_file(
    events: Path, ingest: tuple[FakeIngest, str], capsys: pytest.CaptureFixture[str]
) -> None:
    _, address = ingest
    assert main(["replay", str(events), "--to", address, "--batch", "1", "--speed", "2x", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] >= 0.45  # 0.9 s of the file at twice the speed


def test_an_absent_ingest_is_exit_code_1(
    events: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tapewatch.cli.replay.PATIENCE_S", 0.2)
    assert main(["replay", str(events), "--to", "127.0.0.1:1"]) == 1
    assert "no service answers at 127.0.0.1:1" in capsys.readouterr().err
