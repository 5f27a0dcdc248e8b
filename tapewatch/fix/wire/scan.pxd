from tapewatch.fix.message cimport Message

cdef unsigned char[2048] MARKS

cpdef Message scanned(bytes raw)
cdef Message _blank()
cdef Py_ssize_t framed(const unsigned char* text, Py_ssize_t size, Py_ssize_t bytes_max) noexcept
cdef bint starts_fix(const unsigned char* text) noexcept
cdef bint ends_right(const unsigned char* text, Py_ssize_t end) noexcept
cdef bint note_fields(Message message, const unsigned char* text, Py_ssize_t size) except -1
cdef bint has_order(Message message, const unsigned char* text, Py_ssize_t last) noexcept
cdef Py_ssize_t data_end(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, Py_ssize_t last, long long length_field, long long tag) except -1
cdef bint is_data_of(long long length_tag, long long tag) except -1
cdef void note_header(Message message, const unsigned char* text, long long tag, Py_ssize_t start, Py_ssize_t end) noexcept
cdef void note_peers(Message message, long long tag, Py_ssize_t start, Py_ssize_t end) noexcept
cdef long long whole_number(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, Py_ssize_t digits_max) noexcept
