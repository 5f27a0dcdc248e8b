cimport cython

from detection_service.engine.owner_log cimport Owners
from detection_service.engine.owner_records cimport OwnerFillPointer, OwnerPointer


@cython.final
cdef class Legs:
    cdef int count
    cdef long long[::1] time
    cdef unsigned long long[::1] high
    cdef unsigned long long[::1] low
    cdef double[::1] price
    cdef double[::1] quantity
    cdef double[::1] notional
    cdef double[::1] before
    cdef double[::1] sign
    cdef unsigned char[::1] aggressive
    cdef double push_min
    cdef double usual_multiple
    cdef double one_sided
    cdef double entry_share
    cdef double leg_ratio
    cdef long long begun
    cdef double pushed
    cdef void take(self, Owners owners, OwnerPointer owner, int market, long long since) noexcept
    cdef void _put(self, OwnerFillPointer fill) noexcept
    cdef bint _is_before(self, OwnerFillPointer fill, int place) noexcept
    cdef double _side(self, int first) noexcept
    cdef bint push(self, double usual) noexcept
    cdef bint gain(self) noexcept
