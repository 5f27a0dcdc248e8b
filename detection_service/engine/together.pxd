cimport cython

from tapewatch.market.key_index cimport KeyIndex


@cython.final
cdef class Crowd:
    cdef public unsigned long long seed
    cdef public long long day
    cdef public double appearances
    cdef public Py_ssize_t count
    cdef public long long[::1] time
    cdef public int[::1] group
    cdef public unsigned char[::1] side
    cdef public KeyIndex members
    cdef public int member_count
    cdef public int[::1] group_of_member
    cdef public double[::1] seen
    cdef public double[::1] exposure
    cdef public Py_ssize_t shared_count
    cdef public long long[::1] shared_time
    cdef public int[::1] shared_account
    cdef public int[::1] shared_cluster
    cdef public unsigned char[::1] shared_side
    cdef public double[::1] shared_quantity
    cdef public unsigned long long[::1] shared_high
    cdef public unsigned long long[::1] shared_low
    cdef int member_of(self, int group)
    cdef bint was_here(self, long long since, int group, int side) noexcept
    cdef void _begin(self, long long day)
    cdef bint share(self, long long now, int account, int cluster, int side, double quantity, unsigned long long high, unsigned long long low)


@cython.final
cdef class Together:
    cdef public unsigned long long[::1] key
    cdef public long long[::1] last_time
    cdef public long long[::1] day
    cdef public int[::1] first_group
    cdef public int[::1] second_group
    cdef public int[::1] same
    cdef public int[::1] opposite
    cdef public int[::1] lagged
    cdef public unsigned long long[::1] event_high
    cdef public unsigned long long[::1] event_low
    cdef public Py_ssize_t row
    cdef Py_ssize_t _find(self, unsigned long long key) noexcept
    cdef Py_ssize_t _row_of(self, unsigned long long key) noexcept
    cdef bint appear(self, Crowd crowd, long long now, int group, int side, unsigned long long high, unsigned long long low)
    cdef bint _look_back(self, Crowd crowd, long long now, int group, int side, int member, unsigned long long high, unsigned long long low)
    cdef void _lag(self, Crowd crowd, int group, int other) noexcept
    cdef bint _meet(self, Crowd crowd, long long now, int group, int other, bint same, unsigned long long high, unsigned long long low) noexcept
