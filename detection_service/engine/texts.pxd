cimport cython

from detection_service.engine.frame_view cimport FrameView


@cython.final
cdef class LongTexts:
    cdef public long long count
    cdef public dict held
    cdef int copy(self, char* target, FrameView view, unsigned int index) except -1
    cdef bytes keep(self, bytes text)
    cdef bytes of(self, char* field, int length)
    cpdef bytes text(self, bytes field, int length)
