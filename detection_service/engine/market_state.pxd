cimport cython

from detection_service.engine.matches cimport MatchLog, MatchTable
from detection_service.engine.norms cimport Norms
from tapewatch.market.book cimport Book, Ladder
from tapewatch.market.window cimport Moves, Rush, SizeHistogram, SpreadSamples, TradeWindow


@cython.final
cdef class MarketState:
    cdef readonly Ladder bids
    cdef readonly Ladder asks
    cdef public SizeHistogram sizes
    cdef public int number
    cdef public int venue
    cdef public unsigned long long seed
    cdef public long long session_due
    cdef public long long next_tick
    cdef public int pending
    cdef public int messages_now
    cdef public long long pending_time
    cdef public long long message_now
    cdef public bint restricted
    cdef public bint has_trade_feed
    cdef public double last_price
    cdef public Book book
    cdef public long long last_trade_time
    cdef public double previous_price
    cdef public long long evaluated_bucket
    cdef public TradeWindow fast
    cdef public TradeWindow minute
    cdef public str venue_name
    cdef public str instrument_name
    cdef public TradeWindow slow
    cdef public Rush rush
    cdef public Moves moves
    cdef public SpreadSamples spread_samples
    cdef public bint shares_trade_ids
    cdef public MatchTable matches
    cdef public MatchLog match_log
    cdef public bint watched
    cdef public str phase
    cdef public str phase_before
    cdef public long long session_time
    cdef public str session_kind
    cdef public double bid_price
    cdef public double ask_price
    cdef public long long last_activity
    cdef public long long minute_now
    cdef public double spread
    cdef public SizeHistogram spreads
    cdef public Norms norms
    cdef public double usual_range
    cdef public long long ranges_seen
    cdef public long long[::1] message_minute
    cdef public int[::1] message_count
    cdef void prefetch(self) noexcept
    cdef void prefetch_side(self, int side) noexcept
    cdef Ladder ladder(self, int side)
    cpdef double price_before(self, long long now) noexcept
    cdef void message(self, long long minute) noexcept
    cdef public long long[::1] closed_minute
    cdef public double[::1] closed
    cdef int closed_before(self, long long minute) noexcept
    cdef void _close_windows(self, int start, long long minute) noexcept
    cdef double messages_since(self, long long first, long long last) noexcept
    cdef Py_ssize_t tick(self, long long now) except? -2
    cdef bint is_far(self, double price, double distance, double multiple) noexcept
    cdef int stray(self, long long now, double price, double multiple) noexcept
    cdef double _best_bid(self) noexcept
    cdef double _best_ask(self) noexcept
    cdef void _sample_spread(self) noexcept
    cdef bint trade(self, long long now, double price, double quantity, int side, double move) noexcept
