cimport cython

from detection_service.engine.frame_view cimport FrameView
from detection_service.engine.records cimport BLOCK, RING, ActivityPointer, FillPointer
from tapewatch.market.arena cimport Arena, record_at
from detection_service.engine.texts cimport LongTexts


@cython.final
cdef class Fills:
    cdef public Arena arena
    cdef public LongTexts texts
    cdef void prefetch(self, ActivityPointer activity) noexcept
    cdef FillPointer add(self, ActivityPointer activity) except NULL
    cdef void met(self, ActivityPointer activity, long long number, long long time, int account, int contra) noexcept
    cdef name(self, FillPointer fill, FrameView view, unsigned int order_id, unsigned int trade_id)
    cdef double traded(self, ActivityPointer activity, int side, long long since) noexcept
    cdef public long long learned
    cdef long long first_since(self, ActivityPointer activity, long long since) noexcept
    cdef int count_since(self, ActivityPointer activity, long long since) noexcept
    cdef dict partners(self, ActivityPointer activity, long long since)
    cdef long long held_since(self, ActivityPointer activity) noexcept
    cdef int orders_from(self, ActivityPointer activity, double minimum) except -1
    cdef forget(self, ActivityPointer activity)
    cdef bytes order_text(self, FillPointer fill)
    cdef bytes trade_text(self, FillPointer fill)


cdef inline FillPointer fill_at(Fills fills, ActivityPointer activity, long long number) noexcept:
    return <FillPointer>record_at(
        fills.arena, activity.fill_blocks[(number & (RING - 1)) // BLOCK] - 1 + (number & (BLOCK - 1))
    )
