from detection_service.engine.groups cimport Groups
from detection_service.engine.records cimport ActivityPointer


cdef class Looks(Groups):
    cdef int[::1] circle
    cdef int[::1] met_group
    cdef int[::1] met_bought
    cdef int[::1] met_sold
    cdef int _meet(self, ActivityPointer activity, long long since) noexcept
    cdef bint _within(self, int group, int members) noexcept
    cdef long long _first_since(self, ActivityPointer activity, long long since) noexcept
