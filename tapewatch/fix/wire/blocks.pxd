cdef extern from *:
    """
    #include <string.h>
    #define TAPEWATCH_BLOCK 64
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif
    #if defined(__GNUC__)
    #define tapewatch_lowest(mask) __builtin_ctzll(mask)
    #define tapewatch_bits(mask) __builtin_popcountll(mask)
    #else
    static inline int tapewatch_lowest(unsigned long long mask) {
        int place = 0;
        for (; !(mask & 1); mask >>= 1)
            place++;
        return place;
    }
    static inline int tapewatch_bits(unsigned long long mask) {
        int count = 0;
        for (; mask; mask &= mask - 1)
            count++;
        return count;
    }
    #endif
    /* The block that begins there, zeros behind the last of `left` bytes. */
    static inline const unsigned char* tapewatch_block(const unsigned char* text, Py_ssize_t left, unsigned char* room) {
        if (left >= TAPEWATCH_BLOCK)
            return text;
        memset(room, 0, TAPEWATCH_BLOCK);
        memcpy(room, text, left);
        return room;
    }
    /* Where a byte stands in 64 bytes, a bit each; adds their sum, and all their bits to `seen`. */
    static inline unsigned long long tapewatch_places(
        const unsigned char* text, Py_ssize_t left, unsigned char wanted, unsigned int* sum, unsigned int* seen
    ) {
        unsigned char room[TAPEWATCH_BLOCK];
        unsigned long long found = 0;
        int index;
        text = tapewatch_block(text, left, room);
    #if defined(__SSE2__)
        {
            const __m128i each = _mm_set1_epi8((char)wanted), zero = _mm_setzero_si128();
            __m128i sums = zero, all = zero;
            for (index = 0; index < 4; index++) {
                const __m128i piece = _mm_loadu_si128((const __m128i*)(text + 16 * index));
                found |= (unsigned long long)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(piece, each)) << 16 * index;
                sums = _mm_add_epi64(sums, _mm_sad_epu8(piece, zero));
                all = _mm_or_si128(all, piece);
            }
            *sum += (unsigned)(_mm_cvtsi128_si32(sums) + _mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
            *seen |= _mm_movemask_epi8(all) ? 0x80 : 0;
        }
    #else
        for (index = 0; index < TAPEWATCH_BLOCK; index++) {
            found |= (unsigned long long)(text[index] == wanted) << index;
            *sum += text[index];
            *seen |= text[index];
        }
    #endif
        return found;
    }
    /* A walk from each place of a byte to the next, in a text whose last byte it is. */
    typedef struct {
        unsigned long long places;
        Py_ssize_t block;
        unsigned int sum;
        unsigned int seen;
    } tapewatch_walk;
    static inline void tapewatch_look(tapewatch_walk* walk, const unsigned char* text, Py_ssize_t size, unsigned char wanted) {
        walk->block += TAPEWATCH_BLOCK;
        walk->places = tapewatch_places(text + walk->block, size - walk->block, wanted, &walk->sum, &walk->seen);
    }
    /* The first place from `at` on; those before it are passed over. */
    static inline Py_ssize_t tapewatch_next(
        tapewatch_walk* walk, const unsigned char* text, Py_ssize_t size, unsigned char wanted, Py_ssize_t at
    ) {
        Py_ssize_t place;
        if (at == 0) {
            memset(walk, 0, sizeof *walk);
            walk->block = -TAPEWATCH_BLOCK;
        }
        do {
            while (walk->places == 0)
                tapewatch_look(walk, text, size, wanted);
            place = walk->block + tapewatch_lowest(walk->places);
            walk->places &= walk->places - 1;
        } while (place < at);
        return place;
    }
    /* The sum of all bytes; what is left is looked at. */
    static inline unsigned int tapewatch_sum(tapewatch_walk* walk, const unsigned char* text, Py_ssize_t size) {
        while (walk->block + TAPEWATCH_BLOCK < size)
            tapewatch_look(walk, text, size, 0);
        return walk->sum;
    }
    /* How many equals signs 64 bytes hold; a thousand more where one is a control character. */
    static inline int tapewatch_signs(const unsigned char* text, Py_ssize_t left, unsigned char except) {
        unsigned char room[TAPEWATCH_BLOCK];
        unsigned long long found = 0;
        int index, odd = 0;
        if (left < TAPEWATCH_BLOCK) {
            memset(room, '0', TAPEWATCH_BLOCK);
            memcpy(room, text, left);
            text = room;
        }
    #if defined(__SSE2__)
        {
            const __m128i equals = _mm_set1_epi8('='), most = _mm_set1_epi8(31), own = _mm_set1_epi8((char)except);
            for (index = 0; index < 4; index++) {
                const __m128i piece = _mm_loadu_si128((const __m128i*)(text + 16 * index));
                found |= (unsigned long long)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(piece, equals)) << 16 * index;
                odd |= _mm_movemask_epi8(
                    _mm_andnot_si128(_mm_cmpeq_epi8(piece, own), _mm_cmpeq_epi8(_mm_min_epu8(piece, most), piece))
                );
            }
        }
    #else
        for (index = 0; index < TAPEWATCH_BLOCK; index++) {
            found |= (unsigned long long)(text[index] == '=') << index;
            odd |= text[index] < 32 && text[index] != except;
        }
    #endif
        return tapewatch_bits(found) + (odd ? 1000 : 0);
    }
    """
    ctypedef struct Walk "tapewatch_walk":
        unsigned int seen
    Py_ssize_t next_place "tapewatch_next"(Walk* walk, const unsigned char* text, Py_ssize_t size, unsigned char wanted, Py_ssize_t at) noexcept
    unsigned int sum_of "tapewatch_sum"(Walk* walk, const unsigned char* text, Py_ssize_t size) noexcept
    int signs_of "tapewatch_signs"(const unsigned char* text, Py_ssize_t left, unsigned char wanted) noexcept
