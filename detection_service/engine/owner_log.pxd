cimport cython

from detection_service.engine.owner_records cimport OwnerBucketPointer, OwnerFillPointer, OwnerPointer
from detection_service.engine.texts cimport LongTexts
from tapewatch.market.arena cimport Arena


@cython.final
cdef class Owners:
    cdef public Arena arena
    cdef public Arena fills
    cdef public Arena buckets
    cdef OwnerPointer at(self, long long number) noexcept
    cdef int make(self, int group) except -1
    cdef forget(self, long long number)
    cdef OwnerFillPointer fill_at(self, OwnerPointer owner, long long number) noexcept
    cdef OwnerFillPointer add(self, OwnerPointer owner) except NULL
    cdef OwnerBucketPointer _bucket_at(self, OwnerPointer owner, long long number) noexcept
    cdef void prefetch(self, OwnerPointer owner) noexcept
    cdef int counts(self, OwnerPointer owner, long long now, int side, double notional) except -1
    cdef void measure(self, OwnerPointer owner, double[::1] values) noexcept
    cdef double traded(self, OwnerPointer owner, long long first, long long last) noexcept
    cdef list rows(self, OwnerPointer owner, long long since, LongTexts texts)
