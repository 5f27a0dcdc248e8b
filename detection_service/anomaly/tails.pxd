cimport cython


@cython.final
cdef class Tails:
    cdef readonly int families
    cdef const double[::1] edges
    cdef const double[:, :, :, ::1] knots
    cdef const int[::1] last
    cdef const unsigned char[::1] two_sided
    cdef const int[::1] ends
    cdef const double[:, ::1] members
    cdef Py_ssize_t member_last
    cdef double[::1] halvings
    cdef void _measure(self, double[:, ::1] rows, Py_ssize_t row) noexcept
    cdef void _sum(self, double[:, ::1] told, Py_ssize_t row) noexcept


cdef double _halvings(const double[::1] knots, Py_ssize_t last, double value, double width_min) noexcept
