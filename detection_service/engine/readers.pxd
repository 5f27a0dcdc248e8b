from detection_service.engine.groups cimport Groups


cdef class Readers(Groups):
    pass
