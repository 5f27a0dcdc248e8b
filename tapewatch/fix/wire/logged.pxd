cimport cython

from tapewatch.fix.message cimport Message

cdef Py_ssize_t next_start(bytes data, Py_ssize_t position, Py_ssize_t size) except -2
cdef Py_ssize_t place_of(const unsigned char* text, int wanted, Py_ssize_t start, Py_ssize_t end) noexcept
cdef bint is_split(const unsigned char* text, Py_ssize_t position, Py_ssize_t start) noexcept
cdef Py_ssize_t plain_length(Message message, bytes data, Py_ssize_t start, Py_ssize_t size, Py_ssize_t bytes_max) except -1
cdef bint is_undoubted(Message message, const unsigned char* text, Py_ssize_t length, int delimiter) noexcept
cdef Py_ssize_t version_end(const unsigned char* text, Py_ssize_t start) noexcept
cdef bint _is_digit(int code) noexcept

@cython.final
cdef class Flow:
    cdef bytes begin_string
    cdef bytes sender
    cdef bytes target
    cdef readonly str name
    cdef public long long epoch
    cdef public long long last
    cpdef bint follows(self, Message message) except -1
    cdef bint is_next(self, Message message, const unsigned char* text) noexcept
