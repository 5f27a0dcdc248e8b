from tapewatch.fix.message cimport Message

cdef enum:
    FIELDS_ROOM = 16384

cdef unsigned char[2048] MARKS
cdef unsigned short[2048] DATA_OF
cdef unsigned long long[FIELDS_ROOM] FOUND
cdef long long[2048] LIKELY
cdef unsigned long long[2048] LIKELY_TEXT

cpdef Message scanned(bytes raw)
cdef Message _blank()
cdef void clear_places(Message message) noexcept
cdef void keep_places(Message message) except *
cdef Py_ssize_t framed(const unsigned char* text, Py_ssize_t size, Py_ssize_t bytes_max, int delimiter) noexcept
cdef bint starts_fix(const unsigned char* text) noexcept
cdef int stated_sum(const unsigned char* text, Py_ssize_t end, int delimiter) noexcept
cdef bint note_fields(Message message, const unsigned char* text, Py_ssize_t size, int delimiter) noexcept
cdef bint sums_right(Message message, const unsigned char* text, Py_ssize_t size, int delimiter) noexcept
cdef long long read_tag(const unsigned char* text, Py_ssize_t at, long long before) noexcept
cdef long long tag_at(const unsigned char* text, Py_ssize_t at, Py_ssize_t size, long long before) noexcept
cdef Py_ssize_t data_end(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, Py_ssize_t last, unsigned long long length, int delimiter) noexcept
cdef void note_header(Message message, const unsigned char* text, long long tag, Py_ssize_t start, Py_ssize_t end) noexcept
cdef void note_peers(Message message, long long tag, Py_ssize_t start, Py_ssize_t end) noexcept
cdef long long whole_number(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, Py_ssize_t digits_max) noexcept
