cimport cython

from detection_service.engine.fills cimport Fills
from detection_service.engine.records cimport ActivityPointer


@cython.final
cdef class Trips:
    cdef int count
    cdef long long[::1] time
    cdef double[::1] price
    cdef double[::1] quantity
    cdef unsigned char[::1] side
    cdef unsigned char[::1] aggressor
    cdef double[::1] in_order
    cdef double usual
    cdef long long lead
    cdef long long exit
    cdef double exit_share
    cdef double one_sided
    cdef double size_ratio
    cdef double own_size
    cdef double gain_min
    cdef double gain_usual
    cdef double usual_range
    cdef int begin
    cdef int turn
    cdef int end
    cdef double gain
    cdef void take(self, Fills fills, ActivityPointer activity, long long since) noexcept
    cdef int first_at(self, long long time, int place) noexcept
    cdef double median(self) noexcept
    cdef bint made(self, long long time, int side, double quantity) noexcept
    cdef bint gained(self, int side, double taken, double given) noexcept
