cdef hash_all(
    list prefixes,
    const unsigned int[::1] source_of_row,
    const unsigned int[::1] key_of_row,
    const unsigned int[::1] ends,
    bytes blob,
    unsigned long long[::1] digests,
)
