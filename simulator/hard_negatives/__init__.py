"""Honest practice that looks like abuse, by name; each is written from how such traders act."""

from simulator.hard_negatives.average_price_allocation import AVERAGE_PRICE_ALLOCATION
from simulator.hard_negatives.block_no_longer_needed import BLOCK_NO_LONGER_NEEDED
from simulator.hard_negatives.chance_counterparties import CHANCE_COUNTERPARTIES
from simulator.hard_negatives.connectivity_test import CONNECTIVITY_TEST
from simulator.hard_negatives.copied_trades import COPIED_TRADES
from simulator.hard_negatives.day_trader import DAY_TRADER
from simulator.hard_negatives.early_follower import EARLY_FOLLOWER
from simulator.hard_negatives.hard_negative import HardNegative
from simulator.hard_negatives.hedger_flipping_sides import HEDGER_FLIPPING_SIDES
from simulator.hard_negatives.high_cancel_algorithm import HIGH_CANCEL_ALGORITHM
from simulator.hard_negatives.iceberg_order import ICEBERG_ORDER
from simulator.hard_negatives.impatient_buyer import IMPATIENT_BUYER
from simulator.hard_negatives.index_rebalancing import INDEX_REBALANCING
from simulator.hard_negatives.legitimate_block import LEGITIMATE_BLOCK
from simulator.hard_negatives.liquidity_probes import LIQUIDITY_PROBES
from simulator.hard_negatives.maker_inventory_dump import MAKER_INVENTORY_DUMP
from simulator.hard_negatives.market_maker_repricing import MARKET_MAKER_REPRICING
from simulator.hard_negatives.negotiated_block import NEGOTIATED_BLOCK
from simulator.hard_negatives.news_crowd import NEWS_CROWD
from simulator.hard_negatives.portfolio_transition import PORTFOLIO_TRANSITION
from simulator.hard_negatives.price_limited_investor import PRICE_LIMITED_INVESTOR
from simulator.hard_negatives.quote_fade import QUOTE_FADE
from simulator.hard_negatives.retail_burst import RETAIL_BURST
from simulator.hard_negatives.scaled_order import SCALED_ORDER
from simulator.hard_negatives.self_match_prevented import SELF_MATCH_PREVENTED
from simulator.hard_negatives.stop_loss_cascade import STOP_LOSS_CASCADE
from simulator.hard_negatives.venue_arbitrageur import VENUE_ARBITRAGEUR
from simulator.hard_negatives.volume_average_close import VOLUME_AVERAGE_CLOSE

HARD_NEGATIVES: dict[str, HardNegative] = {
    one.name: one
    for one in (
        AVERAGE_PRICE_ALLOCATION,
        BLOCK_NO_LONGER_NEEDED,
        CHANCE_COUNTERPARTIES,
        CONNECTIVITY_TEST,
        COPIED_TRADES,
        DAY_TRADER,
        EARLY_FOLLOWER,
        HEDGER_FLIPPING_SIDES,
        HIGH_CANCEL_ALGORITHM,
        ICEBERG_ORDER,
        IMPATIENT_BUYER,
        INDEX_REBALANCING,
        LEGITIMATE_BLOCK,
        LIQUIDITY_PROBES,
        MAKER_INVENTORY_DUMP,
        MARKET_MAKER_REPRICING,
        NEGOTIATED_BLOCK,
        NEWS_CROWD,
        PORTFOLIO_TRANSITION,
        PRICE_LIMITED_INVESTOR,
        QUOTE_FADE,
        RETAIL_BURST,
        SCALED_ORDER,
        SELF_MATCH_PREVENTED,
        STOP_LOSS_CASCADE,
        VENUE_ARBITRAGEUR,
        VOLUME_AVERAGE_CLOSE,
    )
}
"""Every hard negative by its name, which is also the typology of its labels."""
