cdef struct Order:
    unsigned long long key
    unsigned long long event_high
    unsigned long long event_low
    double price
    double quantity
    double leaves
    long long entry_time
    double depth_share
    double distance
    int level
    int account
    int participant
    unsigned char side
    unsigned char crossed
    unsigned short market

cdef struct Level:
    double price
    double high
    double low
    double seeded
    int orders
    unsigned int spare

cdef struct Step:
    double rank
    int place
    unsigned int spare

ctypedef Order* OrderPointer
ctypedef Level* LevelPointer
ctypedef Step* StepPointer
