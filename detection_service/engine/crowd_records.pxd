cdef struct Appearance:
    long long time
    int group
    int side

cdef struct Member:
    int group
    int day
    int seen
    int exposure

cdef struct Shared:
    long long time
    int account
    int cluster
    double quantity
    unsigned long long event_high
    unsigned long long event_low
    int side
    int spare

cdef struct PairSet:
    unsigned long long key[4]
    long long last_time[4]

cdef struct Pair:
    int day
    int first_group
    int second_group
    int same
    int opposite
    int lagged
    unsigned long long events[16]

ctypedef Appearance* AppearancePointer
ctypedef Member* MemberPointer
ctypedef Shared* SharedPointer
ctypedef PairSet* PairSetPointer
ctypedef Pair* PairPointer
