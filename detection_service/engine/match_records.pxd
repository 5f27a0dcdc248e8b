cdef struct MatchSide:
    unsigned long long key
    long long time
    long long entry_time
    long long fill_number
    long long match_number
    double order_quantity
    int account
    int activity
    unsigned char side
    unsigned char paired
    unsigned char counted
    unsigned char filled
    unsigned char printed
    unsigned char order_length
    unsigned short spare
    unsigned long long event_high
    unsigned long long event_low
    char order_id[40]
    long long rest

cdef struct Match:
    unsigned long long key
    long long previous
    long long time
    int buyer
    int seller
    long long entry_gap
    double size_ratio
    double price
    double quantity
    unsigned long long event_high
    unsigned long long event_low
    unsigned long long other_high
    unsigned long long other_low
    unsigned char aggressor
    unsigned char trade_length
    unsigned short spare
    int rest
    char trade_id[40]

ctypedef MatchSide* MatchSidePointer
ctypedef Match* MatchPointer
