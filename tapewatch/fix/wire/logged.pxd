cimport cython

from tapewatch.fix.message cimport Message

cdef bint is_split(const unsigned char* text, Py_ssize_t position, Py_ssize_t start) noexcept
cdef Message _message(bytes data, Py_ssize_t start, Py_ssize_t bytes_max)
cdef Py_ssize_t version_end(const unsigned char* text, Py_ssize_t start) noexcept
cdef bint _is_digit(int code) noexcept
cdef Py_ssize_t _length(bytes data, Py_ssize_t start, Py_ssize_t size, Py_ssize_t bytes_max) noexcept
cdef bytes _rejoined(bytes data, Py_ssize_t start, int delimiter, Py_ssize_t bytes_max)

@cython.final
cdef class Flow:
    cdef bytes begin_string
    cdef bytes sender
    cdef bytes target
    cdef readonly str name
    cdef public long long epoch
    cdef public long long last
    cpdef bint follows(self, Message message) except -1
    cdef bint owns(self, Message message) noexcept
