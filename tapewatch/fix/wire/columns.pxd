cimport cython

from tapewatch.fix.wire.texts cimport Texts

@cython.final
cdef class Columns:
    cdef readonly Texts texts
    cdef readonly Py_ssize_t count
    cdef Py_ssize_t _room
    cdef dict _extensions
    cdef long long[:, ::1] longs
    cdef double[:, ::1] doubles
    cdef unsigned char[:, ::1] codes
    cdef unsigned int[:, ::1] cells
    cdef _make_room(self, Py_ssize_t room)
    cdef int end_row(self) except -1
    cpdef void drop_from(self, Py_ssize_t first) noexcept
    cpdef add_row(self, dict row)
    cdef _set_text(self, str name, unsigned int index)
