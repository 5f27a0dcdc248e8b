cdef extern from *:
    """
    #if defined(__GNUC__)
    #define tapewatch_prefetch(place) __builtin_prefetch(place)
    #else
    #define tapewatch_prefetch(place) ((void)(place))
    #endif
    """
    void prefetch "tapewatch_prefetch"(void* place) noexcept
