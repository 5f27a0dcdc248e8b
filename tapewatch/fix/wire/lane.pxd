from tapewatch.fix.message cimport Message

cdef class Lane:
    cdef bytes begin_string
    cdef bytes sender
    cdef bytes target
    cdef long long tolerance_ns
    cdef bint _passes(self, Message message, long long now_ns) except -1

cdef bint is_administrative(const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
cdef bint same(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, const unsigned char* wanted, Py_ssize_t size) noexcept
