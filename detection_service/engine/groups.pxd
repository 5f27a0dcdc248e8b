from detection_service.engine.flow cimport Conditions
from detection_service.engine.live_book cimport LiveBook
from detection_service.engine.meetings cimport Meetings
from detection_service.engine.portrait cimport Portrait
from detection_service.engine.records cimport ActivityPointer
from tapewatch.market.records cimport OrderPointer


cdef class Groups(LiveBook):
    cdef public int triggers
    cdef public int acting
    cdef public int pressure_side
    cdef public int entered
    cdef public object due
    cdef readonly Conditions group_conditions
    cdef bint partners_limited
    cdef void _tell_partners(self, double share, double bought, double sold) noexcept
    cdef public list collected
    cdef readonly Portrait portrait
    cdef public bint portrayed
    cdef void _portray(self, ActivityPointer activity)
    cdef public double pressure_ratio
    cdef public double pressure_multiple
    cdef public double one_sided_ratio
    cdef public double large_multiple
    cdef public double large_depth_share
    cdef public long long large_life_ns
    cdef public int layers
    cdef public long long pressure_span_ns
    cdef public long long pressure_hold_ns
    cdef public double campaign_multiple
    cdef public double unnamed_multiple
    cdef public long long fill_window_ns
    cdef public double flip_multiple
    cdef public double run_multiple
    cdef public double entry_multiple
    cdef public double entry_ranges
    cdef public int named
    cdef public double stray_multiple
    cdef public bint stray_alone
    cdef public double stray_usual
    cdef public int stray_account
    cdef Meetings meetings
    cdef void _measure_partners(self, ActivityPointer activity) noexcept
    cdef ActivityPointer _touch(self, int number) except NULL
    cdef _roll(self, ActivityPointer activity, int number, long long minute)
    cdef _flow(self, ActivityPointer activity, int number, bint large_take)
    cdef _message(self, ActivityPointer activity, int number)
    cdef _entered(self, Py_ssize_t row, int slot, bint leads)
    cdef void _check_list(self, int account) noexcept
    cdef _stray(self, Py_ssize_t row, int account)
    cdef _withdraw(self, Py_ssize_t row, int slot, double taken, bint moved)
    cdef _keep(self, Py_ssize_t row, ActivityPointer activity, OrderPointer order, double taken)
    cdef bint _one_sided(self, ActivityPointer activity, int side) noexcept
    cdef _unnamed(self, Py_ssize_t row, int slot, double taken)
    cdef int unnamed_activity(self) except -1
    cdef bint _far_beyond(self, int slot) except -1
    cdef void _judge(self, ActivityPointer activity, OrderPointer order, long long life) noexcept
    cdef void _press(self, ActivityPointer activity, int number, int side, bint paid) noexcept
    cdef _filled(self, Py_ssize_t row, int number, int account, double order_quantity, bint aggressive)
    cdef _keep_fill(self, Py_ssize_t row, ActivityPointer activity, int account, double order_quantity, bint aggressive)
    cdef _filled_unnamed(self, Py_ssize_t row, double order_quantity)
    cdef bint _is_large_take(self, ActivityPointer activity, double order_quantity) noexcept
    cdef void _run(self, ActivityPointer activity, int number, int side, double price, double quantity) noexcept
