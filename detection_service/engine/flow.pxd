cimport cython

cdef enum:
    MEASURES = 24
    WINDOWS = 4
    MINUTES = 5
    DECADES = 7
    DECADE = 10
    CLOSED_FIELDS = 6

from detection_service.engine.market_state cimport MarketState
from detection_service.engine.records cimport ActivityPointer
from tapewatch.market.arena cimport Arena


@cython.final
cdef class Flows:
    cdef public Arena arena
    cdef public double[::1] values
    cdef void prefetch(self, ActivityPointer activity) noexcept
    cdef close(self, ActivityPointer activity)
    cdef void measure(self, ActivityPointer activity, MarketState market) noexcept
    cdef void _add_closed(self, ActivityPointer activity) noexcept
    cdef void _add(self, double* measures, int place, int window) noexcept
    cdef void _derive(self, MarketState market, int window) noexcept
    cdef void sample(self, ActivityPointer activity, MarketState market, long long minute) noexcept
    cdef void measure_market(self, MarketState market, long long minute) noexcept
    cdef forget(self, ActivityPointer activity)


@cython.final
cdef class Conditions:
    cdef readonly int rules
    cdef public list slots
    cdef readonly set limited
    cdef public int[::1] ends
    cdef public int[::1] metric
    cdef public double[::1] least
    cdef public double[::1] most
    cdef list due(self, double[::1] values)
