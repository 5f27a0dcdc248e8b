cimport cython

from detection_service.engine.crowd_records cimport (
    AppearancePointer,
    MemberPointer,
    PairPointer,
    PairSetPointer,
    SharedPointer,
)
from tapewatch.market.rows cimport Rows


@cython.final
cdef class Crowd:
    cdef public unsigned long long seed
    cdef public long long day
    cdef public double appearances
    cdef public Py_ssize_t count
    cdef public Py_ssize_t shared_count
    cdef public Py_ssize_t used
    cdef readonly Py_ssize_t size
    cdef public Rows rows
    cdef public Rows member_rows
    cdef public Rows shared_rows_held
    cdef AppearancePointer ring
    cdef MemberPointer members
    cdef SharedPointer shared
    cdef _point(self)
    cdef Py_ssize_t find(self, int group) noexcept
    cdef Py_ssize_t member_of(self, int group) noexcept
    cdef make_room(self)
    cdef bint was_here(self, long long since, int group, int side) noexcept
    cdef void begin(self, long long day) noexcept
    cdef bint share(self, long long now, int account, int cluster, int side, double quantity, unsigned long long high, unsigned long long low) except -1


@cython.final
cdef class Together:
    cdef public Py_ssize_t row
    cdef public Rows set_rows
    cdef public Rows pair_rows
    cdef PairSetPointer sets
    cdef PairPointer pairs
    cdef _point(self)
    cdef PairPointer _at(self, Py_ssize_t row) noexcept
    cdef unsigned long long _key_of(self, Crowd crowd, int group, int other) noexcept
    cdef Py_ssize_t _find(self, unsigned long long key) noexcept
    cdef Py_ssize_t _row_of(self, unsigned long long key, long long now) noexcept
    cdef bint appear(self, Crowd crowd, long long now, int group, int side, unsigned long long high, unsigned long long low) except -1
    cdef bint _look_back(self, Crowd crowd, long long now, int group, int side, Py_ssize_t member, unsigned long long high, unsigned long long low) noexcept
    cdef void _lag(self, Crowd crowd, int group, int other) noexcept
    cdef bint _meet(self, Crowd crowd, long long now, int group, int other, bint same, unsigned long long high, unsigned long long low) noexcept
