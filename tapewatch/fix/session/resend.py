"""What we send again: business messages as possible duplicates, the rest as gap fills."""

from collections.abc import Callable, Iterable, Iterator

from tapewatch.fix.codec import Field, Message, encode, read_message
from tapewatch.fix.store import SessionStore

Head = Callable[[str, int, Iterable[Field]], list[Field]]

HEADER_TAGS = frozenset({50, 57, 97, 115, 116, 128, 129, 142, 143, 144, 145, 347, 369, 1128, 1129, 1156})
"""Header fields a business message may bring itself."""
REWRITTEN_TAGS = frozenset({8, 9, 10, 34, 35, 43, 49, 52, 56, 122})


def resend(store: SessionStore, first: int, last: int, begin_string: str, head: Head) -> Iterator[bytes]:
    """Writes the messages first..last again, lazily: business ones as PossDup, the rest as SequenceReset-GapFill.

    ``head(msg_type, sequence, more)`` gives the header at the moment of sending, with more fields in their place.
    """
    cursor = first
    for sequence, raw in store.outbound(first, last):
        if sequence > cursor:
            yield _gap_fill(begin_string, head, cursor, sequence)
        yield _again(read_message(raw), begin_string, head, sequence)
        cursor = sequence + 1
    if cursor <= last:
        yield _gap_fill(begin_string, head, cursor, last + 1)


def _gap_fill(begin_string: str, head: Head, sequence: int, following: int) -> bytes:
    sent = dict(head("4", sequence, ()))[52]
    return encode(begin_string, [*head("4", sequence, [(43, "Y"), (122, sent)]), (36, following), (123, "Y")])


def _again(message: Message, begin_string: str, head: Head, sequence: int) -> bytes:
    rest: list[Field] = [(tag, value.encode("latin-1")) for tag, value in message.fields if tag not in REWRITTEN_TAGS]
    kept, body = split_head(rest)
    first_sent = message.values.get(52, "").encode("latin-1")
    return encode(begin_string, [*head(message.msg_type, sequence, [(43, "Y"), (122, first_sent), *kept]), *body])


def split_head(fields: list[Field]) -> tuple[list[Field], list[Field]]:
    """The fields of the header that stand before the first of the body, and the rest."""
    place = 0
    while place < len(fields) and fields[place][0] in HEADER_TAGS:
        place += 1
    return fields[:place], fields[place:]
