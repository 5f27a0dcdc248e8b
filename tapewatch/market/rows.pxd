cimport cython


@cython.final
cdef class Rows:
    cdef public object record
    cdef readonly Py_ssize_t record_size
    cdef readonly Py_ssize_t count
    cdef char* memory
    cdef char* first
    cdef object items
    cdef _take(self, Py_ssize_t count)
    cpdef grow(self, Py_ssize_t count)
