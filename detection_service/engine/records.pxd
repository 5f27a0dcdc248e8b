cdef enum:
    RING = 64
    BLOCK = 8
    LATELY = 8

cdef struct Fill:
    long long link
    long long time
    double price
    double quantity
    double order_quantity
    unsigned long long event_high
    unsigned long long event_low
    int account
    int contra
    unsigned char side
    unsigned char aggressor
    unsigned char order_length
    unsigned char trade_length
    unsigned int spare
    char order_id[40]
    char trade_id[40]

cdef struct Withdrawal:
    long long link
    long long time
    long long entry_time
    double price
    double quantity
    double opposite_open
    double depth_share
    double distance
    unsigned long long entry_high
    unsigned long long entry_low
    unsigned long long event_high
    unsigned long long event_low
    int account
    unsigned char side
    unsigned char order_length
    unsigned short spare
    char order_id[40]

cdef struct Activity:
    long long link
    int group
    int market
    long long fill_count
    long long withdrawal_count
    long long last_seen
    long long minute
    int orders_open
    int flow
    int run_side
    int run_trades
    double measures[24]
    double open_high[3]
    double open_low[3]
    long long last_fill_time[3]
    long long last_withdrawal_time[3]
    long long flip_time[3]
    long long press_time[3]
    double last_fill_order_quantity[3]
    double flip_quantity[3]
    int withdrawal_blocks[8]
    int fill_blocks[8]
    long long run_start
    long long run_end
    double run_from
    double run_to
    double run_quantity
    long long spare[3]

cdef struct Flow:
    long long link
    long long minute_number[5]
    long long decade_number[7]
    double minutes[120]
    double decades[168]

ctypedef Fill* FillPointer
ctypedef Withdrawal* WithdrawalPointer
ctypedef Activity* ActivityPointer
ctypedef Flow* FlowPointer
