cimport cython

from tapewatch.market.window cimport SizeHistogram


@cython.final
cdef class Norms:
    cdef public SizeHistogram cancel_ratios
    cdef public SizeHistogram minute_messages
    cdef public double price
    cdef public double before
    cdef public double quantity
    cdef public long long time
    cdef public long long alone_time
    cdef public int account
    cdef public unsigned long long event_high
    cdef public unsigned long long event_low
    cdef public bytes trade_id
    cdef double cancel_multiple(self, double ratio) noexcept
    cdef double message_multiple(self, double messages, double minutes) noexcept
    cdef hold(self, long long now, double price, double before, double quantity, int account, unsigned long long event_high, unsigned long long event_low, bytes trade_id)
    cdef bint came_back(self, long long now, double price) noexcept
