cdef unsigned long long hash_text(const unsigned char[::1] blob, Py_ssize_t start, Py_ssize_t end, unsigned long long seed) noexcept
