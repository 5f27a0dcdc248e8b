"""What a profile makes of a log: how each message maps, what was left unread, what was flagged or gave no event."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tapewatch.fix.dictionary import ADMIN_TYPES
from tapewatch.fix.log_reader import LogItem, LogReader, LogReport, read_log
from tapewatch.fix.mapping import Row
from tapewatch.fix.message import Message, readable
from tapewatch.fix.profile import Profile
from tapewatch.fix.session_config import source_name
from tapewatch.fix.tags_read import SESSION_TAGS, tags_read
from tapewatch.fix.wire.columns import Columns
from tapewatch.market.validate import validate

KEYS_KEPT_MAX = 5_000_000
ROWS_CHECKED_AT_ONCE = 4_096
EXAMPLE_CHARACTERS_MAX = 40
KNOWN_COLUMNS = ("instrument", "account", "trader", "order_id", "side", "price", "quantity", "trade_id", "aggressor")
"""Columns whose presence decides which rules apply: the summary says how many events have them."""

Way = tuple[str, str, str]
"""Message type, the code that decided (`150=F`), kinds of the events."""


@dataclass(frozen=True, slots=True)
class MappedMessage:
    """One message: its place in the log (from 1), what it is and what it became."""

    place: int
    message: Message
    code: str
    rows: list[Row]
    note: str | None

    @property
    def kinds(self) -> str:
        """The kinds of its events, each once."""
        return ", ".join(dict.fromkeys(str(row["kind"]) for row in self.rows))

    @property
    def way(self) -> Way:
        """How it maps, without what differs from message to message."""
        return self.message.msg_type, self.code, self.kinds


@dataclass(slots=True)
class UnreadTag:
    """A tag that messages held and their mapping never looks at."""

    count: int = 0
    example: str = ""
    types: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class ProfileCheck:
    """The sums over a log; complete once ``messages()`` is exhausted.

    ``flags``: what was left unread of messages that gave events; ``unmapped``: why messages gave none, those of the
    session left out; ``first_places``: the place of the first message of each note. ``rejections``: what ingest would
    put in quarantine. ``missing``: numbers a source left out. ``duplicates``: events whose key an earlier one had.
    """

    reader: LogReader
    ways: Counter[Way] = field(default_factory=Counter)
    unread: dict[int, UnreadTag] = field(default_factory=dict)
    first_places: dict[str, int] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    events: int = 0
    of_session: int = 0
    with_events: int = 0
    flagged: int = 0
    duplicates: int = 0
    _read: dict[tuple[str, str, bool], frozenset[int]] = field(default_factory=dict)
    _keys: set[object] = field(default_factory=set)
    _last: dict[str, tuple[int, int]] = field(default_factory=dict)
    _unchecked: list[Row] = field(default_factory=list)

    @property
    def profile(self) -> Profile:
        """The profile in force: `requests: auto` is decided by the log."""
        return self.reader.profile

    @property
    def report(self) -> LogReport:
        """What the reader counted."""
        return self.reader.report

    def messages(self) -> Iterator[MappedMessage]:
        """Every message of the log in its order."""
        for place, item in enumerate(self.reader, 1):
            mapped = MappedMessage(place, item.message, _code(item.message, self.profile), item.rows, item.note)
            self._count(mapped, item)
            yield mapped
        self._check_rows()

    def _count(self, mapped: MappedMessage, item: LogItem) -> None:
        message = item.message
        self.ways[mapped.way] += 1
        self.events += len(item.rows)
        self.with_events += bool(item.rows)
        self.flagged += bool(item.rows) and item.note is not None
        is_of_session = message.msg_type in ADMIN_TYPES
        self.of_session += is_of_session
        if not is_of_session:
            self._count_unread(message, item.rows)
            self._count_note(mapped)
        self._count_missing(message)
        for row in item.rows:
            self.known.update(column for column in KNOWN_COLUMNS if row.get(column) not in (None, ""))
            self._count_key(row)
        self._unchecked += item.rows
        if len(self._unchecked) >= ROWS_CHECKED_AT_ONCE:
            self._check_rows()

    def _count_note(self, mapped: MappedMessage) -> None:
        if mapped.note is not None:
            self.first_places.setdefault(mapped.note, mapped.place)
            (self.flags if mapped.rows else self.unmapped)[mapped.note] += 1

    def _count_unread(self, message: Message, rows: list[Row]) -> None:
        case = (message.msg_type, str(rows[0]["kind"]) if rows else "", 150 in message.values)
        read = self._read.get(case)
        if read is None:
            read = self._read[case] = tags_read(self.profile, message, case[1]) | SESSION_TAGS
        if message.values.keys() <= read:
            return
        for tag, value in message.fields:
            if tag in read:
                continue
            unread = self.unread.get(tag)
            if unread is None:
                unread = self.unread[tag] = UnreadTag(example=readable(value)[:EXAMPLE_CHARACTERS_MAX])
            unread.count += 1
            unread.types[message.msg_type] += 1

    def _count_missing(self, message: Message) -> None:
        source = source_name(message.begin_string, message.get(49) or "", message.get(56) or "")
        epoch, last = self._last.get(source, (message.epoch, 0))
        sequence = message.sequence or 0
        if epoch != message.epoch:
            last = 0
        elif last and sequence > last + 1:
            self.missing[source] += sequence - last - 1
        self._last[source] = (message.epoch, max(sequence, last))

    def _count_key(self, row: Row) -> None:
        numbered = (row["source"], row["source_epoch"], row["source_sequence"], row.get("source_part", 0))
        key = row.get("event_key") or numbered
        if key in self._keys:
            self.duplicates += 1
        elif len(self._keys) < KEYS_KEPT_MAX:
            self._keys.add(key)

    def _check_rows(self) -> None:
        columns = Columns(len(self._unchecked))
        for row in self._unchecked:
            columns.add_row(row)
        self.rejections.update(f"{each.field}: {each.reason}" for each in validate(columns.frame()))
        self._unchecked = []


def check_log(path: Path, profile: Profile) -> ProfileCheck:
    """Begins the check of a log (plain or gz); raises OSError where it cannot be read."""
    return ProfileCheck(read_log(path, profile))


def _code(message: Message, profile: Profile) -> str:
    """The field that decides what a message is within its type."""
    values = message.values
    if message.msg_type == "8":
        transaction = values.get(20, "0")
        if profile.dialect == 20 and transaction != "0":
            return f"20={transaction}"
        return f"150={values[150]}" if 150 in values else f"39={values.get(39, '')}"
    tag = DECIDING_TAGS.get(message.msg_type)
    return f"{tag}={values[tag]}" if tag is not None and tag in values else ""


DECIDING_TAGS = {"9": 434, "AE": 487, "h": 340, "f": 326}
