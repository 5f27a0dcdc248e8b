cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #if defined(__GNUC__)
    #define tapewatch_prefetch(place) __builtin_prefetch(place)
    #else
    #define tapewatch_prefetch(place) ((void)(place))
    #endif
    /* Eight bytes as a number, the first the least. */
    static inline unsigned long long tapewatch_word(const unsigned char* place) {
        unsigned long long word;
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        memcpy(&word, place, sizeof word);
    #else
        int index;
        for (word = 0, index = 7; index >= 0; index--)
            word = word << 8 | place[index];
    #endif
        return word;
    }
    #if defined(__GNUC__)
    #define tapewatch_reversed(word) __builtin_bswap64(word)
    #else
    static inline unsigned long long tapewatch_reversed(unsigned long long word) {
        unsigned long long turned = 0;
        int index;
        for (index = 0; index < 8; index++, word >>= 8)
            turned = turned << 8 | (word & 0xFF);
        return turned;
    }
    #endif
    /* tapewatch.market.hashing.mix */
    static inline unsigned long long tapewatch_mix(unsigned long long word) {
        word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ULL;
        word = (word ^ (word >> 27)) * 0x94D049BB133111EBULL;
        return word ^ (word >> 31);
    }
    /* tapewatch.market.hashing.hash_text of `size` bytes. */
    static inline unsigned long long tapewatch_hash(const unsigned char* text, size_t size, unsigned long long seed) {
        unsigned long long total = seed + 0x9E3779B97F4A7C15ULL * (unsigned long long)(size + 1);
        unsigned long long word = 0;
        const unsigned char* end = text + size;
        for (; end - text >= 8; text += 8) {
            total = (total ^ tapewatch_word(text)) * 0xBF58476D1CE4E5B9ULL;
            total ^= total >> 29;
        }
        if (size >= 8 && text < end) {
            /* What is left is the end of the last eight bytes, the first of it the most. */
            word = tapewatch_reversed(tapewatch_word(end - 8)) & ((1ULL << 8 * (end - text)) - 1);
        } else {
            for (; text < end; text++)
                word = word << 8 | *text;
        }
        return tapewatch_mix(total ^ word);
    }
    #if defined(__linux__)
    #include <sys/mman.h>
    #define TAPEWATCH_HUGE ((size_t)2 << 20)
    /* Zeros the kernel gives page by page as they are touched, from the second huge page on in huge ones. */
    static inline char* tapewatch_zeros(size_t size) {
        size_t spare = size > TAPEWATCH_HUGE ? TAPEWATCH_HUGE : 0;
        char* base = (char*)mmap(NULL, size + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        char* start = base;
        if (base == (char*)MAP_FAILED)
            return NULL;
        if (spare) {
            size_t before = (TAPEWATCH_HUGE - (size_t)base % TAPEWATCH_HUGE) % TAPEWATCH_HUGE;
            start = base + before;
            if (before)
                munmap(base, before);
            if (spare > before)
                munmap(start + size, spare - before);
    #ifdef MADV_HUGEPAGE
            madvise(start + TAPEWATCH_HUGE, size - TAPEWATCH_HUGE, MADV_HUGEPAGE);
    #endif
        }
        return start;
    }
    static inline void tapewatch_give_back(char* start, size_t size) { munmap(start, size); }
    #else
    static inline char* tapewatch_zeros(size_t size) { return (char*)calloc(1, size); }
    static inline void tapewatch_give_back(char* start, size_t size) { (void)size; free(start); }
    #endif
    """
    unsigned long long word_at "tapewatch_word"(const unsigned char* place) noexcept
    unsigned long long mix "tapewatch_mix"(unsigned long long word) noexcept
    unsigned long long hash_at "tapewatch_hash"(const unsigned char* text, size_t size, unsigned long long seed) noexcept
    void prefetch "tapewatch_prefetch"(void* place) noexcept
    char* zeros "tapewatch_zeros"(size_t size) noexcept
    void give_back "tapewatch_give_back"(char* start, size_t size) noexcept
