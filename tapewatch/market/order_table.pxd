cimport cython

from tapewatch.market.arena cimport Arena, record_at
from tapewatch.market.key_index cimport KeyIndex
from tapewatch.market.records cimport OrderPointer


@cython.final
cdef class OrderTable:
    cdef public long long live
    cdef public Arena arena
    cdef public KeyIndex index
    cdef OrderPointer at(self, long long slot) noexcept
    cpdef int find(self, unsigned long long key) noexcept
    cpdef int insert(self, unsigned long long key) except -2
    cpdef void remove(self, int slot) noexcept


cdef inline OrderPointer order_at(OrderTable table, long long slot) noexcept:
    return <OrderPointer>record_at(table.arena, slot)
