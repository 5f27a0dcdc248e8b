cdef double[23] POWERS
cdef long long[13] UNITS
cdef unsigned long long[3] LAST

cdef int two_digits(const unsigned char* text, Py_ssize_t at) noexcept
cdef int days_before(int year, int month, int day) noexcept
cdef long long plain_time_ns(const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
cdef long long _minute_ns(const unsigned char* text, Py_ssize_t start) noexcept
cdef int _date(const unsigned char* text, Py_ssize_t start) noexcept
cdef long long _with_fraction(const unsigned char* text, Py_ssize_t start, Py_ssize_t end, long long whole_ns) noexcept
cdef double plain_decimal(const unsigned char* text, Py_ssize_t start, Py_ssize_t end) noexcept
