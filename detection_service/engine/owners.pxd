cimport cython

from detection_service.engine.holdings cimport Flows, Holdings


@cython.final
cdef class OwnerActivity:
    cdef public int group
    cdef public Py_ssize_t count
    cdef public long long latest
    cdef public long long[::1] time
    cdef public double[::1] price
    cdef public double[::1] quantity
    cdef public double[::1] notional
    cdef public double[::1] before
    cdef public double[::1] elsewhere
    cdef public int[::1] market
    cdef public int[::1] account
    cdef public unsigned char[::1] side
    cdef public unsigned char[::1] aggressor
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public list order_id
    cdef public list trade_id
    cdef public long long newest
    cdef public double asked
    cdef public long long[::1] number
    cdef public double[::1] bought
    cdef public double[::1] sold
    cdef public int[::1] fills
    cdef bint _count(self, long long now, int side, double notional) noexcept
    cpdef double traded(self, int side, int first, int last) noexcept
    cpdef long long fill_count(self, int first, int last) noexcept


@cython.final
cdef class OwnerStage:
    cdef public list activities
    cdef public Holdings holdings
    cdef public list flows
    cdef public dict flows_of_holding
    cdef public object initial_of
    cdef public list family_names
    cdef public list product_names
    cdef public dict family_numbers
    cdef public dict product_numbers
    cdef public int[::1] family
    cdef public int[::1] product
    cdef public double[::1] unit
    cdef public list currency_names
    cdef public dict currency_numbers
    cdef public int[::1] currency
    cdef public double[::1] rate
    cdef public int known
    cdef public int[::1] product_size
    cdef public double[::1] float_quantity
    cdef public long long[::1] news_due
    cdef public list news
    cdef public list news_done
    cdef public Py_ssize_t hand
    cdef public OwnerActivity activity
    cdef public int holding
    cdef public int market
    cdef public int moments
    cdef public double[::1] values
    cdef OwnerActivity _activity_of(self, int group)
    cdef int _holding_of(self, int group, int family)
    cdef Flows _flows_of(self, int holding, int group, int family)
    cdef void _evict(self, long long now)
    cpdef int fill(self, long long now, int group, int account, int market, int side, double price, double quantity, int aggressor, double before, double elsewhere, unsigned long long high, unsigned long long low, bytes order_id, bytes trade_id)
    cpdef double exchange(self, int market, int other) noexcept
    cpdef double linked_push(self, double one_sided)
    cpdef int market_count(self, long long since)
    cpdef void measure(self)
