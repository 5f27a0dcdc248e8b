# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The fields of one message found by their slots, and their values put into columns as they stand."""

import cython

from tapewatch.fix.row_fields import number as careful_number
from tapewatch.fix.wire.columns import TEXTS, Columns
from tapewatch.fix.wire.plan import NO_ID, PARTY_ID, PARTY_ROLE, TAGS_KNOWN

if cython.compiled:
    from cython.cimports.libc.string import memcmp, memcpy
    from cython.cimports.tapewatch.fix.wire.numbers import plain_decimal
else:
    from tapewatch.fix.wire.numbers import plain_decimal

SOH = cython.declare(cython.int, 1)
EQUALS = cython.declare(cython.int, 61)
ZERO = cython.declare(cython.int, 48)
SLOT_TAGS = cython.declare(cython.longlong, TAGS_KNOWN)
PARTIES_MAX = cython.declare(cython.int, 16)
SCRATCH_BYTES = cython.declare(cython.Py_ssize_t, 1024)
PLACEHOLDERS = cython.declare(tuple, NO_ID)
PLACEHOLDER_BYTES_MAX = cython.declare(cython.Py_ssize_t, max(map(len, NO_ID)))
PLACEHOLDER_STARTS = cython.declare(bytes, bytes(any(text[0] == code for text in NO_ID) for code in range(128)))
NOT_A_NUMBER = cython.declare(cython.double, float("nan"))


class FieldReader:
    """Looks at a message at a time. A slot is a number for a tag; of a tag sent twice the first value counts.

    Lists of slots end with 0, which no tag has. A place of a party is where `parties` has its role and id.
    """

    def __init__(self, slots: bytes) -> None:
        self.begin_columns(Columns())
        self.stamp = 0
        if not cython.compiled:
            self.slots = [0] * TAGS_KNOWN
            self.seen, self.starts, self.ends = [0] * 256, [0] * 256, [0] * 256
            self.parties, self.last_numbers = [0] * 64, [0] * 64
            self.scratch = bytearray(1024)
        set_slots(self.slots, slots)
        self.party_slot = self.slots[PARTY_ID]
        self.role_slot = self.slots[PARTY_ROLE]

    def find(self, text, size):
        """Finds the fields of a well-formed message; False where there are more parties than are looked at."""
        at: cython.Py_ssize_t = 0
        start: cython.Py_ssize_t
        tag: cython.longlong
        slot: cython.int
        self.text = text
        self.stamp += 1
        self.party_count = 0
        self.party_start = self.party_end = 0
        while at < size:
            tag = 0
            while text[at] != EQUALS:
                tag = tag * 10 + (text[at] - ZERO)
                at += 1
            at += 1
            start = at
            while text[at] != SOH:
                at += 1
            slot = self.slots[tag] if tag < SLOT_TAGS else 0
            if slot and self.seen[slot] != self.stamp:
                self.seen[slot] = self.stamp
                self.starts[slot] = start
                self.ends[slot] = at
            if slot and (slot == self.party_slot or slot == self.role_slot) and not self._note_party(slot, start, at):
                return False
            at += 1
        return True

    def _note_party(self, slot, start, end):
        """Notes a party's id, and with its role behind it the party."""
        place: cython.int = 4 * self.party_count
        if slot == self.party_slot:
            self.party_start = start
            self.party_end = end
        elif self.party_end > self.party_start:
            if self.party_count == PARTIES_MAX:
                return False
            self.parties[place] = start
            self.parties[place + 1] = end
            self.parties[place + 2] = self.party_start
            self.parties[place + 3] = self.party_end
            self.party_count += 1
        return True

    def has(self, slot):
        """Whether the message has the field."""
        return self.seen[slot] == self.stamp

    def has_text(self, slot):
        """Whether the message has the field, with a value."""
        return self.seen[slot] == self.stamp and self.ends[slot] > self.starts[slot]

    def equals(self, start, end, wanted):
        """Whether the text between two places is that."""
        if cython.compiled:
            size: cython.Py_ssize_t = len(wanted)
            data: cython.p_char = wanted
            return end - start == size and memcmp(self.text + start, data, size) == 0
        else:  # noqa: RET505 - compiled, only one of the two remains
            return self.text[start:end] == wanted

    def character(self, slot):
        """The value where it is one character of ASCII; 0 where it is absent, empty or longer."""
        if self.seen[slot] != self.stamp or self.ends[slot] - self.starts[slot] != 1:
            return 0
        return self.text[self.starts[slot]] & 0x7F

    def is_id(self, slot):
        """Whether the field has a value that is no placeholder."""
        start: cython.Py_ssize_t = self.starts[slot]
        end: cython.Py_ssize_t = self.ends[slot]
        if self.seen[slot] != self.stamp or end == start:
            return False
        if end - start > PLACEHOLDER_BYTES_MAX or not PLACEHOLDER_STARTS[self.text[start] & 0x7F]:
            return True
        for wanted in PLACEHOLDERS:  # noqa: SIM110 - compiled, a generator would cost more
            if self.equals(start, end, wanted):
                return False
        return True

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
        if self.seen[slot] != self.stamp:
            return NOT_A_NUMBER
        found = plain_decimal(self.text, self.starts[slot], self.ends[slot])
        if found != found:
            careful = careful_number(self.value(slot).decode("latin-1"))
            return NOT_A_NUMBER if careful is None else careful
        return found

    def value(self, slot):
        """The field's bytes."""
        return self.text[self.starts[slot] : self.ends[slot]]

    def put(self, column, slot):
        """Puts a field that is there into a column of text."""
        return self.put_between(column, self.starts[slot], self.ends[slot])

    def put_between(self, column, start, end):
        """Puts the text between two places into a column."""
        self.columns.cells[column, self.columns.count] = self.columns.texts.intern(self.text, start, end)
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
        if self.seen[slot] != self.stamp:
            return True
        return self._add_text(self.text, self.starts[slot], self.ends[slot])

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
        """The place of the first party of the first role that is there; -1 where none is."""
        place: cython.int
        for role in roles:
            for place in range(0, 4 * self.party_count, 4):
                if self.equals(self.parties[place], self.parties[place + 1], role):
                    return place
        return -1

    def put_party(self, column, place):
        """Puts a party's id into a column."""
        return self.put_between(column, self.parties[place + 2], self.parties[place + 3])


def set_slots(target, source):
    """Copies slots into a list of them."""
    place: cython.int
    for place in range(len(source)):
        target[place] = source[place]
