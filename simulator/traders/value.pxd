cimport cython

from simulator.market cimport Listing
from simulator.randomness cimport gamma, gauss


cdef class Scales:
    cdef public list kept
    cdef public list levels
    @cython.locals(place=Py_ssize_t, kept=cython.double, level=cython.double, shock=cython.double)
    cpdef step(self, list shocks)


cdef long long _net_taken(Listing listing) noexcept
