cdef extern from *:
    """
    #define TAPEWATCH_TURN(word, bits) ((word) >> (bits) | (word) << (64 - (bits)))
    #define TAPEWATCH_MIX(a, b, c, d, x, y) \\
        a += b + x; d = TAPEWATCH_TURN(d ^ a, 32); c += d; b = TAPEWATCH_TURN(b ^ c, 24); \\
        a += b + y; d = TAPEWATCH_TURN(d ^ a, 16); c += d; b = TAPEWATCH_TURN(b ^ c, 63)
    #define TAPEWATCH_ROUND(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \\
        TAPEWATCH_MIX(v0, v4, v8, v12, w[a], w[b]); TAPEWATCH_MIX(v1, v5, v9, v13, w[c], w[d]); \\
        TAPEWATCH_MIX(v2, v6, v10, v14, w[e], w[f]); TAPEWATCH_MIX(v3, v7, v11, v15, w[g], w[h]); \\
        TAPEWATCH_MIX(v0, v5, v10, v15, w[i], w[j]); TAPEWATCH_MIX(v1, v6, v11, v12, w[k], w[l]); \\
        TAPEWATCH_MIX(v2, v7, v8, v13, w[m], w[n]); TAPEWATCH_MIX(v3, v4, v9, v14, w[o], w[p])
    static inline unsigned long long tapewatch_blake2b_word(const unsigned char* place) {
        unsigned long long word = 0;
        int index;
        for (index = 7; index >= 0; index--)
            word = word << 8 | place[index];
        return word;
    }
    /* BLAKE2b (RFC 7693) without a key of a text of at most one block, as 16 bytes. */
    static void tapewatch_blake2b_128(const unsigned char block[128], size_t size, unsigned long long digest[2]) {
        const unsigned long long i0 = 0x6A09E667F3BCC908ULL, i1 = 0xBB67AE8584CAA73BULL, i2 = 0x3C6EF372FE94F82BULL,
            i3 = 0xA54FF53A5F1D36F1ULL, i4 = 0x510E527FADE682D1ULL, i5 = 0x9B05688C2B3E6C1FULL,
            i6 = 0x1F83D9ABFB41BD6BULL, i7 = 0x5BE0CD19137E2179ULL;
        unsigned long long v0 = i0 ^ 0x01010010, v1 = i1, v2 = i2, v3 = i3, v4 = i4, v5 = i5, v6 = i6, v7 = i7;
        unsigned long long v8 = i0, v9 = i1, v10 = i2, v11 = i3, v12 = i4 ^ size, v13 = i5, v14 = ~i6, v15 = i7;
        unsigned long long w[16];
        int index;
        for (index = 0; index < 16; index++)
            w[index] = tapewatch_blake2b_word(block + 8 * index);
        TAPEWATCH_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        TAPEWATCH_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
        TAPEWATCH_ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4);
        TAPEWATCH_ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8);
        TAPEWATCH_ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13);
        TAPEWATCH_ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9);
        TAPEWATCH_ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11);
        TAPEWATCH_ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10);
        TAPEWATCH_ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5);
        TAPEWATCH_ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0);
        TAPEWATCH_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        TAPEWATCH_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3);
        digest[0] = (i0 ^ 0x01010010) ^ v0 ^ v8;
        digest[1] = i1 ^ v1 ^ v9;
    }
    """
    void blake2b_128 "tapewatch_blake2b_128"(const unsigned char* block, size_t size, unsigned long long* digest) noexcept
