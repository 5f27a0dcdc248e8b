from detection_service.engine.ahead cimport LargeOrders
from detection_service.engine.flow cimport Conditions
from detection_service.engine.counterparties cimport Counterparties
from detection_service.engine.owners cimport OwnerStage
from detection_service.engine.records cimport ActivityPointer
from detection_service.engine.together cimport Crowd, Together


cdef class Across(Counterparties):
    cdef public OwnerStage owners
    cdef public Together together
    cdef public Conditions owner_conditions
    cdef public object due_owner
    cdef public object relations
    cdef public list crowds
    cdef public list large_orders
    cdef public list siblings
    cdef public dict markets_of_family
    cdef public dict family_of_market
    cdef public long long[::1] known_at
    cdef public long long[::1] known_until
    cdef public list cluster_names
    cdef public dict cluster_numbers
    cdef public int[::1] cluster_of_account
    cdef public long long[::1] cluster_until
    cdef public bint watch_owners
    cdef public bint watch_together
    cdef public bint watch_ahead
    cdef public double large_multiple_ahead
    cdef public double gain_ahead
    cdef public double gain_usual_ahead
    cdef public double size_ratio_ahead
    cdef public double one_sided_ahead
    cdef public double exit_share_ahead
    cdef public long long lead_ns
    cdef public long long exit_ns
    cdef int _look_across(self, Py_ssize_t row, int number, int account, bint aggressive) except -1
    cdef int _look_together(self, Py_ssize_t row, int number, int account, bint aggressive) except -1
    cdef _look_ahead(self, int number, int side)
    cdef _note_large(self, Py_ssize_t row, int slot)
    cdef bint _led(self, ActivityPointer activity, LargeOrders large, Py_ssize_t place, int side) noexcept
    cdef bint _led_own(self, ActivityPointer activity, LargeOrders large, Py_ssize_t place, int side) noexcept
    cdef bint _gave_back(self, int side, double large, double taken, double paid, double given, double received) noexcept
    cdef bint _gained(self, int side, double entry, double out) noexcept
    cdef double _price_elsewhere(self) except? -1
