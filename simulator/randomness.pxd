cimport cython

@cython.locals(kept=object)
cpdef double gauss(object random) except *
@cython.locals(count=Py_ssize_t, place=Py_ssize_t, bits=cython.int)
cpdef choose(object random, object people)
cdef int _bit_length(Py_ssize_t count) noexcept
@cython.locals(draw=cython.double)
cpdef double pareto(object random, double exponent) except *
@cython.locals(steepness=cython.double, offset=cython.double, slope=cython.double, first=cython.double, second=cython.double, value=cython.double, drawn=cython.double, product=cython.double, test=cython.double)
cpdef double gamma(object random, double shape, double scale) except *
cpdef long long wait_ns(object random, double mean_seconds) except *
cpdef long long jittered_ns(object random, double median_seconds, double sigma) except *
@cython.locals(draw=cython.double, multiple=cython.double, lot=cython.longlong)
cpdef long long ordinary_quantity(object random, object instrument) except *
cpdef long long client_quantity(object random, object instrument, bint is_small) except *
cpdef double geometric(double low, double high, double severity) except *
