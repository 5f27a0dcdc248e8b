cimport cython

from detection_service.engine.holdings cimport Flows, Holdings
from detection_service.engine.owner_log cimport Owners
from detection_service.engine.owner_records cimport OwnerPointer
from detection_service.engine.records cimport FillPointer


@cython.final
cdef class OwnerStage:
    cdef public Owners owners
    cdef public int[::1] owner_of_group
    cdef public int groups
    cdef public int owner
    cdef public long long made
    cdef public long long market_mark
    cdef public long long[::1] mark_of_market
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
    cdef public int holding
    cdef public int market
    cdef public int moments
    cdef public double[::1] values
    cdef OwnerPointer _in_hand(self) except NULL
    cdef int _owner_of(self, int group) except -1
    cdef int _holding_of(self, int group, int family) except -1
    cdef Flows _flows_of(self, int holding, int group, int family)
    cdef _evict(self, long long now)
    cpdef int fill(self, long long now, int group, int account, int market, int side, double price, double quantity, int aggressor, double before, double elsewhere, unsigned long long high, unsigned long long low) except -1
    cdef void name(self, FillPointer fill) noexcept
    cdef void prefetch(self, int group, int market) noexcept
    cdef void prefetch_rings(self, int group, int market) noexcept
    cpdef double exchange(self, int market, int other) noexcept
    cpdef double linked_push(self, double one_sided) noexcept
    cpdef int market_count(self, long long since) noexcept
    cpdef void measure(self) noexcept
