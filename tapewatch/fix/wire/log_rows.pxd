cimport cython

from tapewatch.fix.message cimport Message
from tapewatch.fix.wire.logged cimport Flow
from tapewatch.fix.wire.mapper cimport Batch

@cython.final
cdef class LogRows:
    cdef list flows
    cdef object flow_of
    cdef Batch batch
    cdef Message _scratch
    cdef Py_ssize_t rows_min
    cdef readonly Py_ssize_t count
    cdef Py_ssize_t _first
    cdef readonly list ready
    cdef list _blocks
    cdef bytes _block
    cdef long long[:, ::1] _places
    cdef int _note(self, bytes data, Py_ssize_t start, Py_ssize_t end) except -1
    cdef bint _add_plain(self, bytes data, Py_ssize_t start, Py_ssize_t length) except -1
