cdef extern from *:
    """
    /* Whether among so many bytes one is a SOH before what may be the tag of a secret; reads three bytes beyond them.
       No branch, so that a compiler looks at many bytes at a time. */
    static inline int tapewatch_may_hold_secret(const unsigned char* text, size_t size) {
        unsigned char found = 0;
        size_t at;
        for (at = 0; at < size; at++) {
            unsigned char is_password = (text[at + 1] == '5') & (text[at + 2] == '5') & (text[at + 3] == '4');
            unsigned char is_newer = (text[at + 2] == '2') & (text[at + 3] == '5');
            found |= (text[at] == 1) & (is_password | ((text[at + 1] == '9') & (is_newer | (text[at + 2] == '6'))));
        }
        return found;
    }
    """
    bint may_hold_secret "tapewatch_may_hold_secret"(const unsigned char* text, size_t size) noexcept
