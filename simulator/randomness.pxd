cimport cython

@cython.locals(kept=object)
cpdef double gauss(object random) except *
cpdef long long wait_ns(object random, double mean_seconds) except *
cpdef long long jittered_ns(object random, double median_seconds, double sigma) except *
@cython.locals(draw=cython.double, multiple=cython.double, lot=cython.longlong)
cpdef long long ordinary_quantity(object random, object instrument) except *
cpdef double geometric(double low, double high, double severity) except *
