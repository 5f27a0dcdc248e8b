from detection_service.engine.groups cimport Groups
from detection_service.engine.records cimport ActivityPointer, FillPointer
from detection_service.engine.takes cimport Takes


cdef class Looks(Groups):
    cdef int[::1] circle
    cdef ActivityPointer _of(self, long long number) except NULL
    cdef bint _within(self, int group, int members) noexcept
    cdef Takes takes
    cdef _take_up(self, int side, long long since, long long until)
    cdef tuple _push(self, int number, int side, int start, double from_price)
    cdef double _price_before(self, long long time, long long since, double price) except? -1
    cdef bint _is_taking(self, FillPointer fill, int side) noexcept
