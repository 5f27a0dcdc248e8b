import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from simulator.output import Format, write_simulation
from simulator.simulation import labelled_run, simulate
from tapewatch.fix.codec import Framer, Message
from tapewatch.market.frame import Frame
from tapewatch.market.validate import validate

SCHEMES = ["wash_self"]


def write(out: Path, format: Format) -> object:
    return write_simulation(out, SCHEMES, seed=3, minutes=1, severity=0.5, format=format)


def rows() -> list[dict[str, object]]:
    return list(simulate(labelled_run(SCHEMES, seed=3, minutes=1, severity=0.5)))


def test_parquet_holds_the_rows_of_the_simulation(tmp_path: Path) -> None:
    write(tmp_path, "events")
    table = pq.read_table(tmp_path / "events.parquet")
    found = [{column: value for column, value in row.items() if value is not None} for row in table.to_pylist()]
    assert found == rows()


def test_csv_holds_the_rows_of_the_simulation(tmp_path: Path) -> None:
    write(tmp_path, "csv")
    with (tmp_path / "events.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    expected = rows()
    assert len(found) == len(expected)
    for text_row, row in zip(found, expected, strict=True):
        for column, text in text_row.items():
            value = row.get(column)
            if value is None:
                assert text == ""
            elif isinstance(value, bool):
                assert text == str(value).lower()
            elif isinstance(value, int):
                assert int(text) == value
            elif isinstance(value, float):
                assert float(text) == value
            else:
                assert text == value


def test_the_rows_are_valid_events() -> None:
    identified = [{**row, "source": "simulation", "source_sequence": number} for number, row in enumerate(rows(), 1)]
    assert list(validate(Frame.from_rows(identified))) == []


def test_the_fix_log_holds_one_whole_message_for_each_event(tmp_path: Path) -> None:
    write(tmp_path, "fix")
    framer = Framer()
    messages = framer.feed((tmp_path / "drop_copy.fix").read_bytes().replace(b"\n", b""))
    assert all(isinstance(message, Message) for message in messages)
    assert len(messages) == len(rows())


@pytest.mark.parametrize("format", ["events", "csv", "fix"])
def test_writing_twice_gives_the_same_bytes(tmp_path: Path, format: Format) -> None:
    write(tmp_path / "one", format)
    write(tmp_path / "two", format)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_manifest_counts_what_was_written(tmp_path: Path) -> None:
    summary = write_simulation(tmp_path, ["wash_self", "spoofing"], seed=3, minutes=2, severity=0.5)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    table = pq.read_table(tmp_path / "events.parquet")
    assert manifest["events"] == summary.events == sum(manifest["events_by_kind"].values()) == table.num_rows
    assert manifest["scenarios_by_scheme"] == {"spoofing": 1, "wash_self": 1}
    assert manifest["seed"] == 3
    assert {path.name for path in tmp_path.iterdir()} == set(manifest["files"])


def test_reference_data_names_every_account_and_instrument_of_the_events(tmp_path: Path) -> None:
    write(tmp_path, "events")
    with (tmp_path / "accounts.csv").open(encoding="utf-8", newline="") as file:
        accounts = {row["account"]: row for row in csv.DictReader(file)}
    with (tmp_path / "instruments.csv").open(encoding="utf-8", newline="") as file:
        instruments = {row["instrument"]: row for row in csv.DictReader(file)}
    events = rows()
    assert {str(row["account"]) for row in events} <= set(accounts)
    assert {str(row["instrument"]) for row in events} <= set(instruments)
    linked = {name: row["linked_accounts"].split(";") for name, row in accounts.items() if row["linked_accounts"]}
    assert linked
    for name, others in linked.items():
        for other in others:
            assert name in linked[other]
            assert accounts[name]["device"] == accounts[other]["device"]
            assert accounts[name]["owner"] != accounts[other]["owner"]


def test_progress_rises_to_one(tmp_path: Path) -> None:
    told: list[tuple[int, float]] = []
    summary = write_simulation(
        tmp_path, [], seed=1, minutes=1, severity=0.5, progress=lambda events, share: told.append((events, share))
    )
    assert told[-1][0] == summary.events
    assert told[-1][1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize(
    ("minutes", "format", "complaint"),
    [(0.0, "events", "minutes must be greater than 0"), (1.0, "xml", "no format named xml: choose from events")],
)
def test_a_wrong_request_writes_nothing_and_says_what_is_wrong(
    tmp_path: Path, minutes: float, format: Format, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        write_simulation(tmp_path / "out", [], seed=1, minutes=minutes, severity=0.5, format=format)
    assert not (tmp_path / "out").exists()
