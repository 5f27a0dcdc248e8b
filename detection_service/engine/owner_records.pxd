cdef enum:
    FILL_BLOCK = 8
    FILL_BLOCKS = 16
    BUCKET_BLOCK = 8
    BUCKET_BLOCKS = 23

cdef struct Owner:
    long long link
    long long count
    long long latest
    long long newest
    double asked
    int group
    int fill_blocks[16]
    int bucket_blocks[23]

cdef struct OwnerFill:
    long long link
    long long time
    double price
    double quantity
    double notional
    double before
    double elsewhere
    int market
    int account
    unsigned long long event_high
    unsigned long long event_low
    unsigned char side
    unsigned char aggressor
    unsigned char order_length
    unsigned char trade_length
    unsigned int spare
    char order_id[40]
    char trade_id[40]

cdef struct OwnerBucket:
    long long link
    long long number
    double bought
    double sold
    long long fills

cdef struct Holding:
    long long link
    int group
    int family
    double initial
    double bought
    double sold
    double noted

ctypedef Owner* OwnerPointer
ctypedef OwnerFill* OwnerFillPointer
ctypedef OwnerBucket* OwnerBucketPointer
ctypedef Holding* HoldingPointer
