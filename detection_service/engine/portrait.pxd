cimport cython

from detection_service.engine.market_state cimport MarketState
from detection_service.engine.meetings cimport Meetings
from detection_service.engine.records cimport ActivityPointer, WithdrawalPointer
from detection_service.engine.registry cimport Registry


@cython.final
cdef class Portrait:
    cdef public double[::1] values
    cdef Meetings meetings
    cdef int next
    cdef double move
    cdef void take(self, Registry registry, ActivityPointer activity, MarketState market) noexcept
    cdef void _put(self, double value) noexcept
    cdef void _orders(self, double[::1] metrics, MarketState market) noexcept
    cdef void _withdrawn(self, Registry registry, ActivityPointer activity, MarketState market, long long since) noexcept
    cdef double _traded_before(self, Registry registry, ActivityPointer activity, WithdrawalPointer withdrawal) noexcept
    cdef double _against_traded(self, Registry registry, ActivityPointer activity, long long since, double largest) noexcept
    cdef void _sides(self, double[::1] metrics) noexcept
    cdef void _trades(self, double[::1] metrics, MarketState market) noexcept
    cdef void _context(self, double[::1] metrics) noexcept
    cdef void _fills(self, Registry registry, ActivityPointer activity, long long since) noexcept
    cdef void _partners(self, Registry registry, ActivityPointer activity, MarketState market, long long end) noexcept
    cdef void _concentration(self, int group, double known, int own_place, int top_place, int alike_place) noexcept
    cdef double _lift(self, Registry registry, MarketState market, int group, long long minute, double met, double known) noexcept
    cdef double _fills_lately(self, Registry registry, ActivityPointer activity, long long minute) noexcept
    cdef void _own_past(self, double[::1] metrics) noexcept


cdef double _log_ratio(double part, double whole, double few) noexcept
cdef double _lean(double one, double other, double count) noexcept
cdef double _size(double[::1] metrics, int window) noexcept
cdef double _evenness(double count, double total, double squares) noexcept
