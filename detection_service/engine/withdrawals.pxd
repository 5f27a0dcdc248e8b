cimport cython

from detection_service.engine.frame_view cimport FrameView
from detection_service.engine.records cimport ActivityPointer, WithdrawalPointer
from detection_service.engine.texts cimport LongTexts
from tapewatch.market.arena cimport Arena


@cython.final
cdef class Withdrawals:
    cdef public Arena arena
    cdef public LongTexts texts
    cdef long long together_first
    cdef WithdrawalPointer entry(self, ActivityPointer activity, long long number) noexcept
    cdef void prefetch(self, ActivityPointer activity) noexcept
    cdef WithdrawalPointer add(self, ActivityPointer activity) except NULL
    cdef name(self, WithdrawalPointer withdrawal, FrameView view, unsigned int order_id)
    cdef bint dominates(self, ActivityPointer activity, int side, long long since, double minimum, double ratio) noexcept
    cdef bint stands_out(self, ActivityPointer activity, int side, long long since, double size, double depth_share, long long life_ns) noexcept
    cdef bint layered(self, ActivityPointer activity, int side, long long since, int layers, double minimum) noexcept
    cdef int together(self, ActivityPointer activity, int side, long long first) noexcept
    cdef long long first_since(self, ActivityPointer activity, long long since) noexcept
    cdef list rows_together(self, ActivityPointer activity, int side, long long since)
    cdef int count_of(self, ActivityPointer activity, int side, double minimum) noexcept
    cdef bytes order_text(self, WithdrawalPointer withdrawal)
    cdef tuple row(self, WithdrawalPointer withdrawal)
    cdef forget(self, ActivityPointer activity)
