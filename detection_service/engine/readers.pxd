from detection_service.engine.circles cimport Circles


cdef class Readers(Circles):
    cdef _name(self, int account)
    cdef _withdrawal(self, tuple row, side)
