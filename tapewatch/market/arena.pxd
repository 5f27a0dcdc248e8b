cimport cython

cdef enum:
    PAGE = 65536
    PAGE_BITS = 16


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
    cpdef Py_ssize_t take(self) except -1
    cpdef void give_back(self, long long number) noexcept
    cdef void _fill(self, long long number, const unsigned char[::1] records) noexcept


cdef inline void* record_at(Arena arena, long long number) noexcept nogil:
    return <void*>(arena.pages[number >> PAGE_BITS] + (number & (PAGE - 1)) * arena.record_size)
