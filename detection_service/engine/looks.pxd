from detection_service.engine.groups cimport Groups
from detection_service.engine.records cimport ActivityPointer


cdef class Looks(Groups):
    cdef int[::1] circle
    cdef ActivityPointer _of(self, long long number) except NULL
    cdef bint _within(self, int group, int members) noexcept
