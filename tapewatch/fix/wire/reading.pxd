from tapewatch.fix.wire.columns cimport Columns

cdef unsigned long long[8] PLACEHOLDERS

cdef class FieldReader:
    cdef Columns columns
    cdef list last_texts
    cdef unsigned int[64] last_numbers
    cdef unsigned char[65536] slots
    cdef Py_ssize_t slot_count
    cdef const unsigned char* text
    cdef const unsigned long long* entries
    cdef unsigned long long[256] found
    cdef unsigned long long party_id
    cdef int party_count
    cdef unsigned long long[16] parties
    cdef unsigned long long[16] roles
    cdef unsigned char[1024] scratch
    cdef Py_ssize_t scratch_size

    cdef begin_columns(self, Columns columns)
    cdef void begin(self, const unsigned char* text, const unsigned long long* entries) noexcept
    cdef bint find(self, Py_ssize_t first, Py_ssize_t last) noexcept
    cdef bint _note_party(self, int slot, unsigned long long entry) noexcept
    cdef bint has(self, int slot) noexcept
    cdef bint has_text(self, int slot) noexcept
    cdef int character(self, int slot) noexcept
    cdef bint is_id(self, int slot) noexcept
    cdef int first(self, const unsigned char* slots) noexcept
    cdef double number(self, int slot) except? -12345.0
    cdef int put(self, int column, int slot) except -1
    cdef int put_entry(self, int column, unsigned long long entry) except -1
    cdef int put_bytes(self, int column, bytes text) except -1
    cdef int put_number(self, int column, int slot) except -1
    cdef int put_double(self, int column, double value) noexcept
    cdef bytes value(self, int slot)
    cdef bint begin_text(self, bytes text) noexcept
    cdef bint more_text(self, int slot) noexcept
    cdef bint add_bytes(self, bytes text) noexcept
    cdef bint _add_text(self, const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
    cdef int put_scratch(self, int column) except -1
    cdef unsigned long long party(self, const unsigned long long* roles) noexcept

cdef void set_slots(unsigned char* target, object source)
cdef void set_codes(unsigned long long* target, object source)
cdef bint is_among(unsigned long long code, const unsigned long long* codes) noexcept
cdef unsigned long long packed(const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
