from detection_service.engine.fills cimport Fills
from detection_service.engine.flow cimport Flows
from detection_service.engine.frame_view cimport FrameView
from detection_service.engine.market_state cimport MarketState
from detection_service.engine.records cimport ActivityPointer
from detection_service.engine.texts cimport LongTexts
from detection_service.engine.withdrawals cimport Withdrawals
from tapewatch.market.arena cimport Arena, record_at
from tapewatch.market.key_index cimport KeyIndex


cdef class Registry:
    cdef public FrameView view
    cdef public list markets
    cdef public Arena activities
    cdef public KeyIndex activity_index
    cdef public KeyIndex account_index
    cdef KeyIndex market_index
    cdef public long long forgotten
    cdef public LongTexts texts
    cdef public Fills fills
    cdef public Withdrawals withdrawals
    cdef public Flows flows
    cdef public dict market_numbers
    cdef public dict venue_numbers
    cdef public dict account_numbers
    cdef public dict source_numbers
    cdef public dict group_numbers
    cdef public list account_names
    cdef public list source_names
    cdef public list venue_names
    cdef public list group_names
    cdef public int unnamed
    cdef public object group_of
    cdef public object lists
    cdef public int[::1] group_of_account
    cdef public unsigned char[::1] restricted_account
    cdef public long long[::1] venue_time
    cdef public long long[::1] venue_deadline
    cdef public long long[::1] evaluated
    cdef public long long[::1] unknown_orders
    cdef public long long[::1] late
    cdef public int[::1] capabilities
    cdef public unsigned long long[::1] source_seed
    cdef MarketState market_of(self, Py_ssize_t row)
    cdef int known_market(self, Py_ssize_t row) noexcept
    cdef int known_account(self, unsigned int index) noexcept
    cdef int account_of(self, unsigned int index) except -2
    cdef int unnamed_account(self) except -1
    cdef int source_of(self, unsigned int index) except -1
    cdef int activity_of(self, int account, MarketState market) except -2
    cdef _forget_idle(self, MarketState market, long long since)


cdef inline ActivityPointer activity_at(Registry registry, long long number) noexcept:
    return <ActivityPointer>record_at(registry.activities, number)
