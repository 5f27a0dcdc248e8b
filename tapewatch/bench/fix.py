"""FIX on one core without a network: the codec, the way into columns, a log, and QuickFIX beside them."""

import gc
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import time_ns

from ingest_service.formats.contract import FormatOptions
from simulator.drop_copy import BEGIN_STRING, TIMESTAMP_DIGITS, DropCopy
from simulator.output import FIX_SENDER, FIX_TARGET
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of, repeated_rate
from tapewatch.cli.fix_format import FixFormat
from tapewatch.fix.codec import Field, Framer, Garbled, Message, encode
from tapewatch.fix.profile import load_profile
from tapewatch.fix.timestamps import format_timestamp
from tapewatch.fix.wire.mapper import Batch

PART = "fix"
COLUMNS_TARGET = 1_000_000
LOG_TARGET = 300_000
MESSAGES = 20_000
READ_BYTES = 1 << 18
PROFILE = "fix44"
SOURCE = f"{BEGIN_STRING}:{FIX_SENDER}->{FIX_TARGET}"
LOG_LINE = b"2026-11-21 09:00:00.123 INFO received "
TAGS_READ = (37, 11, 17, 150, 39, 1, 55, 207, 54, 38, 40, 44, 15, 59, 32, 31, 151, 14, 6, 60, 880, 1057)
QUICKFIX_PYTHON = "TAPEWATCH_QUICKFIX_PYTHON"
QUICKFIX_FOLDER = Path(__file__).parents[2] / ".venv-interop"
QUICKFIX_TIMEOUT_S = 120.0

Fields = tuple[str, list[Field]]


def measure(seconds: float) -> list[Figure]:
    """The figures of one process."""
    drop_copy = DropCopy()
    fields = [drop_copy.message(report) for report in market.session().reports[:MESSAGES]]
    sent = list(messages(fields, 1))
    each_s = seconds / 6
    gc.collect()
    gc.freeze()  # what the bench holds is not looked through at the cost of what it measures
    try:
        return [*_codec(fields, sent, each_s), *_log(sent, each_s), *_quickfix(sent)]
    finally:
        gc.unfreeze()


def _codec(fields: Sequence[Fields], sent: Sequence[bytes], seconds: float) -> list[Figure]:
    wire = b"".join(sent)
    reads = [wire[start : start + READ_BYTES] for start in range(0, len(wire), READ_BYTES)]
    batch = Batch(load_profile(PROFILE))

    def rate(name: str, work: Callable[[], object], note: str = "", target: float | None = None) -> Figure:
        samples = repeated_rate(work, len(sent), seconds)
        return figure_of(PART, name, samples, "messages/s", note=note, target=target)

    def into_columns() -> None:
        framer, rows = Framer(), 0
        for data in reads:
            batch.add_all(framer.feed(data), SOURCE, 1)  # type: ignore[arg-type]  # none of them is garbled
            rows += batch.take()[0].row_count
        if rows != len(sent):
            raise BenchError(f"expected {len(sent)} rows, found {rows}")

    note = f"{len(wire) / len(sent):.0f} bytes each, checksums verified"
    return [
        rate("bytes -> columns", into_columns, f"{note}; execution reports as frames", COLUMNS_TARGET),
        rate("bytes -> messages", lambda: _framed(reads), f"{note}; fields not read"),
        rate("bytes -> messages, read", lambda: _read(_framed(reads)), f"{len(TAGS_READ)} fields of each as text"),
        rate("encode", lambda: list(messages(fields, 1))),
    ]


def _framed(reads: Iterable[bytes]) -> list[Message]:
    framer = Framer()
    found = [each for data in reads for each in framer.feed(data)]
    messages = [each for each in found if not isinstance(each, Garbled)]
    if len(messages) != len(found):
        raise BenchError(f"expected well-formed messages only, found {len(found) - len(messages)} that are not")
    return messages


def _read(found: Iterable[Message]) -> None:
    for message in found:
        get = message.values.get
        for tag in TAGS_READ:
            get(tag)


def _log(sent: Sequence[bytes], seconds: float) -> list[Figure]:
    """A log as `tapewatch detect --format fix` reads it, checked and in order of time."""
    layouts = (("SOH", b"\x01"), ("|", b"|"))
    found = []
    with tempfile.TemporaryDirectory(prefix="tapewatch-bench-") as directory:
        for name, delimiter in layouts:
            path = Path(directory) / "session.log"
            path.write_bytes(b"".join(LOG_LINE + each.replace(b"\x01", delimiter) + b"\n" for each in sent))

            def imported(path: Path = path) -> None:
                rows = sum(frame.row_count for frame in FixFormat().open(path, FormatOptions()).frames())
                if rows != len(sent):
                    raise BenchError(f"expected {len(sent)} rows of the log, found {rows}")

            samples = repeated_rate(imported, len(sent), seconds)
            note = f"a prefix a line, {name} between fields"
            found.append(figure_of(PART, f"log import, {name}", samples, "messages/s", target=LOG_TARGET, note=note))
    return found


def _quickfix(sent: Sequence[bytes]) -> list[Figure]:
    """The same messages parsed by QuickFIX, the same fields read; nothing where it is not installed."""
    python = Path(os.environ.get(QUICKFIX_PYTHON, QUICKFIX_FOLDER / "bin" / "python"))
    if not python.is_file():
        return []
    script = Path(__file__).with_name("quickfix_reader.py")
    command = [str(python), str(script), *map(str, TAGS_READ)]
    content = b"".join(len(each).to_bytes(4, "little") + each for each in sent)
    done = subprocess.run(command, input=content, capture_output=True, timeout=QUICKFIX_TIMEOUT_S, check=False)
    if done.returncode:
        raise BenchError(f"expected {python} to read with quickfix, found: {done.stderr.decode(errors='replace')}")
    rates = tuple(len(sent) / seconds for seconds in json.loads(done.stdout))
    note = f"QuickFIX (C++) from Python: parse, no dictionary, read {len(TAGS_READ)} fields"
    return [figure_of(PART, "quickfix, read", Samples(rates), "messages/s", note=note)]


def messages(fields: Iterable[Fields], first_number: int) -> Iterable[bytes]:
    """What a counterparty sends, numbered from `first_number` on."""
    for number, (message_type, body) in enumerate(fields, start=first_number):
        yield message(message_type, number, body)


def message(message_type: str, number: int, body: Iterable[Field]) -> bytes:
    """A message of the counterparty, sent now."""
    sent = format_timestamp(time_ns(), TIMESTAMP_DIGITS)
    header: list[Field] = [(35, message_type), (49, FIX_SENDER), (56, FIX_TARGET), (34, number), (52, sent)]
    return encode(BEGIN_STRING, [*header, *body])
