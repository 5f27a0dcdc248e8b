cimport cython
from simulator.market cimport Seat


@cython.final
cdef class Belief:
    cdef double _activity
    cdef double _carried
    cdef double _imbalance
    cdef long long _inventory
    cdef long long _last_ns
    cdef long long _net_taken
    cdef Seat _seat
    cdef double _typical
    cdef public double learnt_ticks
    @cython.locals(seat=Seat, typical=cython.double, elapsed_seconds=cython.double, net_taken=cython.longlong, learnt=cython.double, lean=cython.double, burden=cython.double, burden_max=cython.double)
    cpdef double fair_ticks(self, long long inventory) except *
