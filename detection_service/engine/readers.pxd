from detection_service.engine.looks cimport Looks


cdef class Readers(Looks):
    pass
