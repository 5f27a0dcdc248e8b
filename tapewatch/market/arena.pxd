cimport cython

cdef enum:
    PAGE = 1024


@cython.final
cdef class Arena:
    cdef public object record
    cdef readonly Py_ssize_t record_size
    cdef readonly long long stride
    cdef readonly long long used
    cdef readonly long long free
    cdef long long page_count
    cdef list items
    cdef char** pages
    cdef void* at(self, long long number) noexcept nogil
    cdef void prefetch(self, long long number) noexcept
    cpdef long long take(self)
    cpdef give_back(self, long long number)
    cdef void _fill(self, long long number, const unsigned char[::1] records) noexcept
