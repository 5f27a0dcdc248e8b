cimport cython


@cython.final
cdef class Agenda:
    cdef readonly Py_ssize_t count
    cdef Py_ssize_t _capacity
    cdef long long[::1] _times
    cdef long long[::1] _numbers
    cpdef long long first_time(self) noexcept
    cpdef long long first(self) noexcept
    @cython.locals(place=Py_ssize_t, parent=Py_ssize_t)
    cpdef add(self, long long time_ns, long long number)
    cpdef void put_off(self, long long time_ns) noexcept
    cpdef void drop(self) noexcept
    cpdef void clear(self) noexcept
    @cython.locals(place=Py_ssize_t, child=Py_ssize_t, right=Py_ssize_t)
    cdef void _settle(self, long long time_ns, long long number) noexcept
    cdef _grow(self)


cdef bint _before(long long time_ns, long long number, long long other_time_ns, long long other_number) noexcept
