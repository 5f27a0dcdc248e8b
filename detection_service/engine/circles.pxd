from detection_service.engine.looks cimport Looks


cdef class Circles(Looks):
    cpdef long long trades_since(self, long long since)
    cdef list _onward(
        self, int group, long long since, double often, int others, double share, double deviations, int branches
    )
    cdef double _inside_share(self, tuple members, long long since)
    cdef int _in_market(self, int group) noexcept
    cdef int _sold(self, int group, int other, long long since)
    cdef int _bought(self, int group, long long since)
