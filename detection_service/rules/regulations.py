"""Pointers into regulations. Those that are verified were read word for word: MAR at legislation.gov.uk, FINRA's at
finra.org, the United States Code and single points of Annex II of the Delegated Regulation as others reprint them.

MAR is Regulation (EU) No 596/2014, its practices are in Annex II of Commission Delegated Regulation (EU) 2016/522,
CEA the Commodity Exchange Act (7 U.S.C. 6c), SEA the Securities Exchange Act (15 U.S.C. 78i); SEC rules are in 17 CFR
240.
"""

from __future__ import annotations

from typing import Final

from detection_service.rules.rule import Regulation

MAR_FALSE_SIGNALS: Final = Regulation(
    "MAR Art. 12(1)(a)(i): false or misleading signals of supply, demand or price", True
)
MAR_PRICE_SECURED: Final = Regulation("MAR Art. 12(1)(a)(ii): a price secured at an artificial level", True)
MAR_DECEPTION: Final = Regulation("MAR Art. 12(1)(b): a fictitious device or other deception", True)

INTER_VENUES: Final = Regulation("2016/522 Annex II Section 1, 2(c): inter-trading venues manipulation", True)
CROSS_PRODUCT: Final = Regulation("2016/522 Annex II Section 1, 2(d): cross-product manipulation", True)
WASH_TRADES: Final = Regulation("2016/522 Annex II Section 1, 3(a): wash trades", True)
FLOOR_CEILING: Final = Regulation("2016/522 Annex II Section 1, 1(b): creation of a floor or ceiling", True)
PUMP_AND_DUMP: Final = Regulation("2016/522 Annex II Section 1, 4(c) and Section 2, 1(c): pump and dump", True)
MOMENTUM_IGNITION: Final = Regulation("2016/522 Annex II Section 1, 4(e): momentum ignition", True)
LAYERING: Final = Regulation("2016/522 Annex II Section 1, 5(e): layering and spoofing", True)
WIDE_SPREAD: Final = Regulation("2016/522 Annex II Section 1, 6(c): excessive bid-offer spreads", True)
SMOKING: Final = Regulation("2016/522 Annex II Section 1, 6(j): smoking", True)

CEA_WASH_SALE: Final = Regulation("CEA s. 4c(a)(2)(A)(i): wash sale or accommodation trade", True)
CEA_FICTITIOUS_SALE: Final = Regulation("CEA s. 4c(a)(2)(A)(ii): fictitious sale", True)
CEA_FALSE_PRICE: Final = Regulation("CEA s. 4c(a)(2)(B): a price that is not true and bona fide", True)
CEA_BIDS_VIOLATED: Final = Regulation("CEA s. 4c(a)(5)(A): violating bids or offers", True)
CEA_CLOSING_PERIOD: Final = Regulation(
    "CEA s. 4c(a)(5)(B): disregard for orderly execution in the closing period", True
)
CEA_SPOOFING: Final = Regulation("CEA s. 4c(a)(5)(C): spoofing", True)

SEA_NO_CHANGE_OF_OWNERSHIP: Final = Regulation("SEA s. 9(a)(1)(A): no change in beneficial ownership", True)
SEA_MATCHED_ORDERS: Final = Regulation("SEA s. 9(a)(1)(B) and (C): orders matched in size, time and price", True)
SEA_SERIES_OF_TRANSACTIONS: Final = Regulation("SEA s. 9(a)(2): a series of transactions to induce others", True)

FINRA_BONA_FIDE: Final = Regulation("FINRA Rule 5210.01: transactions and quotations must be bona fide", True)
FINRA_SELF_TRADES: Final = Regulation("FINRA Rule 5210.02: self-trades", True)
FINRA_FRONT_RUNNING: Final = Regulation("FINRA Rule 5270(a): front running of block transactions", True)

MARKET_ACCESS_ERRONEOUS: Final = Regulation(
    "SEC Rule 15c3-5(c)(1)(ii): orders beyond appropriate price or size parameters", True
)
MARKET_ACCESS_RESTRICTED: Final = Regulation("SEC Rule 15c3-5(c)(2)(ii): persons restricted from trading", True)

# Believed to be so; their wording was not at hand.
MAR_ORDERS_DISTURB: Final = Regulation("MAR Art. 12(2)(c): orders that disturb or mislead by algorithmic means")
MAR_DOMINANT_POSITION: Final = Regulation("MAR Art. 12(2)(a): a dominant position over supply or demand")
MAR_OPEN_OR_CLOSE: Final = Regulation("MAR Art. 12(2)(b): misleading at the opening or closing of the market")
ANNEX_I_PROPORTION: Final = Regulation("MAR Annex I A(a): a significant proportion of the daily volume")
ANNEX_I_POSITION: Final = Regulation("MAR Annex I A(b): price moved by those with a significant position")
ANNEX_I_WITHDRAWN: Final = Regulation("MAR Annex I A(f): orders that change the best prices and are removed")
ANNEX_I_NO_CHANGE: Final = Regulation("MAR Annex I A(c): no change in beneficial ownership")
ANNEX_I_REVERSALS: Final = Regulation("MAR Annex I A(d): position reversals in a short period")
ANNEX_I_CONCENTRATED: Final = Regulation("MAR Annex I A(e): concentrated in a short time span, reversed later")
ANNEX_I_REFERENCE_PRICE: Final = Regulation("MAR Annex I A(g): at a time when reference prices are calculated")
MARKING_THE_CLOSE: Final = Regulation("2016/522 Annex II Section 1, 5: marking the close")
PING_ORDERS: Final = Regulation("2016/522 Annex II Section 1, 1: ping orders and phishing")
QUOTE_STUFFING: Final = Regulation("2016/522 Annex II Section 1, 4: quote stuffing")
PAINTING_THE_TAPE: Final = Regulation("2016/522 Annex II Section 1, 3: painting the tape")
MATCHED_ORDERS: Final = Regulation("2016/522 Annex II Section 1, 3: improper matched orders")
NO_INTENTION: Final = Regulation("2016/522 Annex II Section 1, 6: placing orders with no intention of executing them")
MAR_INSIDER_DEALING: Final = Regulation("MAR Art. 8(1): insider dealing")
FINRA_DISRUPTIVE_QUOTING: Final = Regulation("FINRA Rule 5210.03: disruptive quoting and trading activity")
