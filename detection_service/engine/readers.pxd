from detection_service.engine.looks cimport Looks


cdef class Readers(Looks):
    cdef _name(self, int account)
    cdef _withdrawal(self, tuple row, side)
