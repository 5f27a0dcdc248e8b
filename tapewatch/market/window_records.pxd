cdef struct Bucket:
    long long number
    long long trades
    double open
    double high
    double low
    double close
    double volume
    double buy_volume

cdef struct Bin:
    int count

cdef struct Period:
    long long number
    long long orders

cdef struct Move:
    long long time
    double price
    double quantity
    unsigned long long event_high
    unsigned long long event_low

cdef struct Sample:
    long long time
    double spread

ctypedef Bucket* BucketPointer
ctypedef Bin* BinPointer
ctypedef Period* PeriodPointer
ctypedef Move* MovePointer
ctypedef Sample* SamplePointer
