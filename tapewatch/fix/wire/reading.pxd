from tapewatch.fix.wire.columns cimport Columns

cdef class FieldReader:
    cdef Columns columns
    cdef list last_texts
    cdef unsigned int[64] last_numbers
    cdef unsigned char[65536] slots
    cdef const unsigned char* text
    cdef unsigned int stamp
    cdef unsigned int[256] seen
    cdef Py_ssize_t[256] starts
    cdef Py_ssize_t[256] ends
    cdef int party_slot
    cdef int role_slot
    cdef int party_count
    cdef Py_ssize_t party_start
    cdef Py_ssize_t party_end
    cdef Py_ssize_t[64] parties
    cdef unsigned char[1024] scratch
    cdef Py_ssize_t scratch_size

    cdef begin_columns(self, Columns columns)
    cdef bint find(self, const unsigned char* text, Py_ssize_t size) noexcept
    cdef bint _note_party(self, int slot, Py_ssize_t start, Py_ssize_t end) noexcept
    cdef bint has(self, int slot) noexcept
    cdef bint has_text(self, int slot) noexcept
    cdef bint equals(self, Py_ssize_t start, Py_ssize_t end, bytes wanted) noexcept
    cdef int character(self, int slot) noexcept
    cdef bint is_id(self, int slot) noexcept
    cdef int first(self, const unsigned char* slots) noexcept
    cdef double number(self, int slot) except? -12345.0
    cdef int put(self, int column, int slot) except -1
    cdef int put_between(self, int column, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int put_bytes(self, int column, bytes text) except -1
    cdef int put_number(self, int column, int slot) except -1
    cdef int put_double(self, int column, double value) noexcept
    cdef bytes value(self, int slot)
    cdef bint begin_text(self, bytes text) noexcept
    cdef bint more_text(self, int slot) noexcept
    cdef bint _add_text(self, const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
    cdef int put_scratch(self, int column) except -1
    cdef Py_ssize_t party(self, tuple roles) noexcept
    cdef int put_party(self, int column, Py_ssize_t place) except -1

cdef void set_slots(unsigned char* target, object source)
