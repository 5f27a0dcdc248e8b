cimport cython


@cython.final
cdef class Forest:
    cdef readonly int columns
    cdef readonly int depth
    cdef readonly Py_ssize_t trees
    cdef readonly double normaliser
    cdef const unsigned char[::1] feature
    cdef const float[::1] threshold
    cdef const double[::1] length
    cdef float[::1] row
    cpdef scores(self, rows, out)
    cdef void _rows(self, double[::1] totals, Py_ssize_t first) noexcept
    cdef double _one(self, Py_ssize_t start) noexcept
