# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The fields of one message found by their slots, and their values put into columns as they stand."""

import cython

from tapewatch.fix.row_fields import number as careful_number
from tapewatch.fix.wire.columns import TEXTS, Columns
from tapewatch.fix.wire.plan import NO_ID, PARTY_SLOT, ROLE_SLOT, TAGS_KNOWN, packed_text

if cython.compiled:
    from cython.cimports.libc.string import memcpy, memset
    from cython.cimports.tapewatch.fix.wire.numbers import plain_decimal
else:
    from tapewatch.fix.wire.numbers import plain_decimal

PLACE = cython.declare(cython.ulonglong, 0xFFFFFF)
SLOTS_MAX = cython.declare(cython.int, 256)
PARTIES_MAX = cython.declare(cython.int, 16)
OF_PARTY = cython.declare(cython.int, max(PARTY_SLOT, ROLE_SLOT))
OF_PARTY_ID = cython.declare(cython.int, PARTY_SLOT)
SCRATCH_BYTES = cython.declare(cython.Py_ssize_t, 1024)
PACKED_BYTES_MAX = cython.declare(cython.Py_ssize_t, 7)
PLACEHOLDER_BYTES_MAX = cython.declare(cython.Py_ssize_t, max(map(len, NO_ID)))
PLACEHOLDER_STARTS = cython.declare(bytes, bytes(any(text[0] == code for text in NO_ID) for code in range(128)))
NOT_A_NUMBER = cython.declare(cython.double, float("nan"))

if not cython.compiled:
    PLACEHOLDERS = [0] * 8
for _place, _text in enumerate(NO_ID):
    PLACEHOLDERS[_place] = packed_text(_text)
PLACEHOLDERS[len(NO_ID)] = 0


class FieldReader:
    """Looks at a message at a time. A slot is a number for a tag; of a tag sent twice the first value counts.

    `entries` are where the fields stand, as `tapewatch.fix.wire.scan` finds them, `found` the one of each slot, 0 where
    the message has none. Lists of slots end with 0, which no tag has. A place of a party is that in `parties`.
    """

    def __init__(self, slots: bytes, slot_count: int) -> None:
        self.slot_count = slot_count
        self.begin_columns(Columns())
        if not cython.compiled:
            self.slots = [0] * TAGS_KNOWN
            self.found = [0] * 256
            self.parties, self.roles, self.last_numbers = [0] * 16, [0] * 16, [0] * 64
            self.scratch = bytearray(1024)
        set_slots(self.slots, slots)

    def begin(self, text, entries):
        """Begins with a text whose fields stand at those entries; none is found yet."""
        self.text = text
        self.entries = entries
        self.party_count = 0
        self.party_id = 0
        if cython.compiled:
            memset(self.found, 0, self.slot_count * 8)
        else:
            self.found = [0] * SLOTS_MAX

    def find(self, first, last):
        """Finds the fields between two entries; False where there are more parties than are looked at."""
        place: cython.Py_ssize_t
        entry: cython.ulonglong
        slot: cython.int
        for place in range(first, last):
            entry = self.entries[place]
            slot = self.slots[entry >> 48]
            if slot != 0:
                if self.found[slot] == 0:
                    self.found[slot] = entry
                if slot <= OF_PARTY and not self._note_party(slot, entry):
                    return False
        return True

    def _note_party(self, slot, entry):
        """Notes a party's id, and with its role behind it the party."""
        if slot == OF_PARTY_ID:
            self.party_id = entry
        elif (self.party_id & PLACE) > (self.party_id >> 24 & PLACE):
            if self.party_count == PARTIES_MAX:
                return False
            self.roles[self.party_count] = packed(self.text, entry >> 24 & PLACE, entry & PLACE)
            self.parties[self.party_count] = self.party_id
            self.party_count += 1
        return True

    def has(self, slot):
        """Whether the message has the field."""
        return self.found[slot] != 0

    def has_text(self, slot):
        """Whether the message has the field, with a value."""
        return (self.found[slot] & PLACE) > (self.found[slot] >> 24 & PLACE)

    def character(self, slot):
        """The value where it is one character of ASCII; 0 where it is absent, empty or longer."""
        start: cython.Py_ssize_t = self.found[slot] >> 24 & PLACE
        if (self.found[slot] & PLACE) - start != 1:
            return 0
        return self.text[start] & 0x7F

    def is_id(self, slot):
        """Whether the field has a value that is no placeholder."""
        start: cython.Py_ssize_t = self.found[slot] >> 24 & PLACE
        end: cython.Py_ssize_t = self.found[slot] & PLACE
        if end == start:
            return False
        if end - start > PLACEHOLDER_BYTES_MAX or not PLACEHOLDER_STARTS[self.text[start] & 0x7F]:
            return True
        return not is_among(packed(self.text, start, end), PLACEHOLDERS)

    def first(self, slots):
        """The first slot of a list that has an id; 0 where none has."""
        place: cython.int = 0
        while slots[place]:
            if self.is_id(slots[place]):
                return slots[place]
            place += 1
        return 0

    def number(self, slot):
        """The field's number; NaN where it has none."""
        found: cython.double
        if self.found[slot] == 0:
            return NOT_A_NUMBER
        found = plain_decimal(self.text, self.found[slot] >> 24 & PLACE, self.found[slot] & PLACE)
        if found != found:
            careful = careful_number(self.value(slot).decode("latin-1"))
            return NOT_A_NUMBER if careful is None else careful
        return found

    def value(self, slot):
        """The field's bytes."""
        return self.text[self.found[slot] >> 24 & PLACE : self.found[slot] & PLACE]

    def put(self, column, slot):
        """Puts a field that is there into a column of text."""
        return self.put_entry(column, self.found[slot])

    def put_entry(self, column, entry):
        """Puts the value of an entry into a column."""
        self.columns.cells[column, self.columns.count] = self.columns.texts.intern(
            self.text, entry >> 24 & PLACE, entry & PLACE
        )
        return 0

    def put_bytes(self, column, text):
        """Puts a text of ours into a column: most often the very one that was put there before."""
        if self.last_texts[column] is not text:
            self.last_texts[column] = text
            self.last_numbers[column] = self.columns.texts.number(text)
        self.columns.cells[column, self.columns.count] = self.last_numbers[column]
        return 0

    def begin_columns(self, columns):
        """Puts values into those columns from now on."""
        self.columns = columns
        self.last_texts = [None] * len(TEXTS)

    def put_number(self, column, slot):
        """Puts the field's number, if it has one, into a column."""
        found: cython.double = self.number(slot)
        if found == found:
            self.columns.doubles[column, self.columns.count] = found
        return 0

    def put_double(self, column, value):
        """Puts a number into a column; NaN is none."""
        self.columns.doubles[column, self.columns.count] = value
        return 0

    def begin_text(self, text):
        """Begins a text made of several; False where it grows too long, as for `more_text`."""
        self.scratch_size = 0
        return self._add_text(text, 0, len(text))

    def more_text(self, slot):
        """Adds the field's value to the text begun."""
        return self._add_text(self.text, self.found[slot] >> 24 & PLACE, self.found[slot] & PLACE)

    def add_bytes(self, text):
        """Adds a text of ours to the text begun."""
        return self._add_text(text, 0, len(text))

    def _add_text(self, text, start, end):
        if self.scratch_size + end - start > SCRATCH_BYTES:
            return False
        if cython.compiled:
            memcpy(cython.address(self.scratch[self.scratch_size]), text + start, end - start)
        else:
            self.scratch[self.scratch_size : self.scratch_size + end - start] = text[start:end]
        self.scratch_size += end - start
        return True

    def put_scratch(self, column):
        """Puts the text made into a column."""
        if cython.compiled:
            found: cython.uint = self.columns.texts.intern(self.scratch, 0, self.scratch_size)
        else:
            found = self.columns.texts.number(bytes(self.scratch[: self.scratch_size]))
        self.columns.cells[column, self.columns.count] = found
        return 0

    def party(self, roles):
        """The entry of the first party of the first role that is there; 0 where none is."""
        place: cython.int
        role: cython.int = 0
        while roles[role] != 0:
            for place in range(self.party_count):
                if self.roles[place] == roles[role]:
                    return self.parties[place]
            role += 1
        return 0


def set_slots(target, source):
    """Copies slots into a list of them."""
    place: cython.int
    for place in range(len(source)):
        target[place] = source[place]


def set_codes(target, source):
    """Copies texts, packed and a 0 behind them, into a list."""
    place: cython.int
    for place in range(len(source)):
        target[place] = packed_text(source[place])
    target[len(source)] = 0


def is_among(code, codes):
    """Whether a packed text is one of those of a list that ends with 0."""
    place: cython.int = 0
    while codes[place] != 0:
        if codes[place] == code:
            return True
        place += 1
    return False


def packed(text, start, end):
    """A text of 1 to 7 bytes as a number, its length and then its bytes; 0 for any other."""
    value: cython.ulonglong = end - start
    place: cython.Py_ssize_t
    if end - start > PACKED_BYTES_MAX:
        return 0
    for place in range(start, end):
        value = value << 8 | text[place]
    return value
