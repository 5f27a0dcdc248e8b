"""FIX: the codec, from messages to rows, and from bytes on a socket to durable events through real processes."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, time_ns

from simulator.drop_copy import BEGIN_STRING, TIMESTAMP_DIGITS, DropCopy
from simulator.output import FIX_SENDER, FIX_TARGET
from simulator.report import Report
from tapewatch.bench import market
from tapewatch.bench.figure import BenchError, Figure, Samples, figure_of, repeated_rate
from tapewatch.bench.polling import until
from tapewatch.bench.stack import Stack, running
from tapewatch.client.connection import LOCAL
from tapewatch.client.ingest import IngestClient
from tapewatch.fix.codec import Field, Framer, Garbled, Message, encode
from tapewatch.fix.mapping import map_message
from tapewatch.fix.profile import load_profile
from tapewatch.fix.timestamps import format_timestamp
from tapewatch.market.frame import Frame

PART = "fix"
SOCKET_TARGET = 200_000
MESSAGES = 50_000
CODEC_MESSAGES = 20_000
RUNS = 3
CHUNK_BYTES = 1 << 16
TIMEOUT_S = 60.0
SECTIONS = ("ingest", "fix")
PROFILE = "fix44"


def measure(seconds: float) -> list[Figure]:
    """All figures of FIX."""
    reports = market.session().reports
    return [*_codec(reports[:CODEC_MESSAGES], seconds), *asyncio.run(_socket(reports))]


def _codec(reports: Sequence[Report], seconds: float) -> list[Figure]:
    """One core, no network: bytes to messages, messages to rows, rows to an encoded frame, fields to bytes."""
    drop_copy = DropCopy()
    fields = [drop_copy.message(report) for report in reports]
    wire = b"".join(_messages(fields, 1))
    chunks = [wire[start : start + CHUNK_BYTES] for start in range(0, len(wire), CHUNK_BYTES)]
    messages = _framed(chunks)
    profile = load_profile(PROFILE)
    rows = [row for message in messages for row in map_message(message, profile)[0]]
    count = len(messages)

    def rate(name: str, work: Callable[[], object], note: str = "") -> Figure:
        return figure_of(PART, name, repeated_rate(work, count, seconds / 4), "messages/s", note=note)

    return [
        rate("decode", lambda: _framed(chunks), f"{len(wire) / count:.0f} bytes each, checksums verified"),
        rate("message to row", lambda: [map_message(message, profile) for message in messages]),
        rate("rows to frame", lambda: [Frame.from_rows(rows[at : at + 512]).encode() for at in range(0, count, 512)]),
        rate("encode", lambda: list(_messages(fields, 1))),
    ]


def _framed(chunks: Iterable[bytes]) -> list[Message]:
    framer = Framer()
    found = [each for chunk in chunks for each in framer.feed(chunk)]
    messages = [each for each in found if not isinstance(each, Garbled)]
    if len(messages) != len(found):
        raise BenchError(f"expected well-formed messages only, found {len(found) - len(messages)} that are not")
    return messages


def _messages(fields: Iterable[tuple[str, list[Field]]], first_number: int) -> Iterable[bytes]:
    for number, (message_type, body) in enumerate(fields, start=first_number):
        yield _message(message_type, number, body)


def _message(message_type: str, number: int, body: Iterable[Field]) -> bytes:
    sent = format_timestamp(time_ns(), TIMESTAMP_DIGITS)
    header: list[Field] = [(35, message_type), (49, FIX_SENDER), (56, FIX_TARGET), (34, number), (52, sent)]
    return encode(BEGIN_STRING, [*header, *body])


async def _socket(reports: Sequence[Report]) -> list[Figure]:
    """A counterparty that writes as fast as the gateway reads, until ingest has everything on disk."""
    drop_copy = DropCopy()
    number = 1
    rates = []
    async with running(SECTIONS) as stack:
        before = stack.cpu_s()
        for run in range(RUNS):
            part = reports[run * len(reports) // RUNS : (run + 1) * len(reports) // RUNS][:MESSAGES]
            fields = [drop_copy.message(report) for report in part]
            rates.append(await _send(stack, fields, number))
            number += len(part) + 2  # a logon before, a logout after
        after = stack.cpu_s()
    sent = number - 1 - 2 * RUNS
    spent = ", ".join(f"{name} {(after[name] - before[name]) / sent * 1e6:.1f}" for name in after)
    note = f"CPU us/message: {spent}; one session, full session layer"
    return [figure_of(PART, "socket -> durable", Samples(tuple(rates)), "messages/s", target=SOCKET_TARGET, note=note)]


async def _send(stack: Stack, fields: list[tuple[str, list[Field]]], number: int) -> float:
    """Messages/s from the first byte after the logon until all is durable."""
    host, _, port = stack.addresses["fix"].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(TIMEOUT_S), IngestClient(stack.addresses["ingest"], LOCAL) as ingest:
            writer.write(_message("A", number, [(98, 0), (108, 30)]))
            if b"\x0135=A\x01" not in (answer := await reader.read(CHUNK_BYTES)):
                raise BenchError(f"expected the gateway to answer the logon, found {answer!r}")
            wire = b"".join(_messages(fields, number + 1))
            expected = (await ingest.status()).durable_sequence + len(fields)

            async def is_durable() -> bool:
                return (await ingest.status()).durable_sequence >= expected

            begun_s = monotonic()
            writer.write(wire)
            await writer.drain()
            await until(is_durable, TIMEOUT_S, lambda: f"expected journal position {expected} durable")
            spent_s = monotonic() - begun_s
            writer.write(_message("5", number + 1 + len(fields), []))
            while await reader.read(CHUNK_BYTES):  # until the gateway has closed
                pass
    finally:
        writer.close()
    return len(fields) / spent_s
