from detection_service.engine.fills cimport Fills
from detection_service.engine.records cimport ActivityPointer


cdef class Meetings:
    cdef int count
    cdef int[::1] group
    cdef int[::1] bought
    cdef int[::1] sold
    cdef unsigned char[::1] seen
    cdef void take(self, Fills fills, ActivityPointer activity, int[::1] group_of_account, long long since) noexcept
    cdef void take_taken(
        self, Fills fills, ActivityPointer activity, int[::1] group_of_account, int side, long long since
    ) noexcept
    cdef void _count(self, int group, int side) noexcept
    cdef int most_bought(self) noexcept
    cdef int most_sold(self) noexcept
    cdef int total(self, bint known) noexcept
    cdef int with_most(self, int groups) noexcept
