"""Names of message types and tags, for people; what is not here is shown by its number alone."""

MESSAGE_NAMES: dict[str, str] = {
    "0": "Heartbeat", "1": "TestRequest", "2": "ResendRequest", "3": "Reject", "4": "SequenceReset", "5": "Logout",
    "A": "Logon", "6": "IOI", "7": "Advertisement", "8": "ExecutionReport", "9": "OrderCancelReject", "B": "News",
    "D": "NewOrderSingle", "E": "NewOrderList", "F": "OrderCancelRequest", "G": "OrderCancelReplaceRequest",
    "H": "OrderStatusRequest", "J": "AllocationInstruction", "Q": "DontKnowTrade", "R": "QuoteRequest", "S": "Quote",
    "V": "MarketDataRequest", "W": "MarketDataSnapshot", "X": "MarketDataRefresh", "Y": "MarketDataRequestReject",
    "Z": "QuoteCancel", "c": "SecurityDefinitionRequest", "d": "SecurityDefinition", "e": "SecurityStatusRequest",
    "f": "SecurityStatus", "g": "TradingSessionStatusRequest", "h": "TradingSessionStatus", "i": "MassQuote",
    "j": "BusinessMessageReject", "q": "OrderMassCancelRequest", "r": "OrderMassCancelReport", "s": "NewOrderCross",
    "t": "CrossOrderCancelReplaceRequest", "u": "CrossOrderCancelRequest", "x": "SecurityListRequest",
    "y": "SecurityList", "AB": "NewOrderMultileg", "AC": "MultilegOrderCancelReplace",
    "AD": "TradeCaptureReportRequest", "AE": "TradeCaptureReport", "AF": "OrderMassStatusRequest",
    "AI": "QuoteStatusReport", "AK": "Confirmation", "AP": "PositionReport", "AR": "TradeCaptureReportAck",
    "BE": "UserRequest", "BF": "UserResponse",
}  # fmt: skip

TAG_NAMES: dict[int, str] = {
    1: "Account", 6: "AvgPx", 11: "ClOrdID", 12: "Commission", 13: "CommType", 14: "CumQty", 15: "Currency",
    16: "EndSeqNo", 17: "ExecID", 18: "ExecInst", 19: "ExecRefID", 20: "ExecTransType", 21: "HandlInst",
    22: "SecurityIDSource", 29: "LastCapacity", 30: "LastMkt", 31: "LastPx", 32: "LastQty", 33: "NoLinesOfText",
    36: "NewSeqNo", 37: "OrderID", 38: "OrderQty", 39: "OrdStatus", 40: "OrdType", 41: "OrigClOrdID", 44: "Price",
    47: "Rule80A", 48: "SecurityID", 50: "SenderSubID", 54: "Side", 55: "Symbol", 57: "TargetSubID", 58: "Text",
    59: "TimeInForce", 60: "TransactTime", 63: "SettlType", 64: "SettlDate", 65: "SymbolSfx", 66: "ListID",
    75: "TradeDate", 76: "ExecBroker", 77: "PositionEffect", 83: "RptSeq", 84: "CxlQty", 99: "StopPx",
    100: "ExDestination", 102: "CxlRejReason", 103: "OrdRejReason", 106: "Issuer", 107: "SecurityDesc",
    109: "ClientID", 110: "MinQty", 111: "MaxFloor", 114: "LocateReqd", 115: "OnBehalfOfCompID",
    116: "OnBehalfOfSubID", 117: "QuoteID", 119: "SettlCurrAmt", 120: "SettlCurrency", 126: "ExpireTime",
    128: "DeliverToCompID", 129: "DeliverToSubID", 132: "BidPx", 133: "OfferPx", 134: "BidSize", 135: "OfferSize",
    136: "NoMiscFees", 142: "SenderLocationID", 146: "NoRelatedSym", 150: "ExecType", 151: "LeavesQty",
    152: "CashOrderQty", 167: "SecurityType", 198: "SecondaryOrderID", 200: "MaturityMonthYear", 201: "PutOrCall",
    202: "StrikePrice", 204: "CustomerOrFirm", 205: "MaturityDay", 207: "SecurityExchange", 210: "MaxShow",
    262: "MDReqID", 263: "SubscriptionRequestType", 264: "MarketDepth", 265: "MDUpdateType", 267: "NoMDEntryTypes",
    268: "NoMDEntries", 269: "MDEntryType", 270: "MDEntryPx",
    271: "MDEntrySize", 272: "MDEntryDate", 273: "MDEntryTime", 276: "QuoteCondition", 277: "TradeCondition",
    278: "MDEntryID", 279: "MDUpdateAction", 280: "MDEntryRefID", 288: "MDEntryBuyer", 289: "MDEntrySeller",
    290: "MDEntryPositionNo", 310: "UnderlyingSecurityType", 326: "SecurityTradingStatus",
    336: "TradingSessionID", 340: "TradSesStatus",
    346: "NumberOfOrders", 347: "MessageEncoding", 375: "ContraBroker", 376: "ComplianceID",
    378: "ExecRestatementReason",
    381: "GrossTradeAmt", 382: "NoContraBrokers", 423: "PriceType", 432: "ExpireDate", 434: "CxlRejResponseTo",
    442: "MultiLegReportingType", 447: "PartyIDSource", 448: "PartyID", 452: "PartyRole", 453: "NoPartyIDs",
    454: "NoSecurityAltID", 460: "Product", 461: "CFICode", 483: "TransBkdTime", 487: "TradeReportTransType",
    523: "PartySubID", 526: "SecondaryClOrdID", 527: "SecondaryExecID", 528: "OrderCapacity",
    529: "OrderRestrictions", 541: "MaturityDate", 552: "NoSides", 555: "NoLegs", 570: "PreviouslyReported",
    571: "TradeReportID", 572: "TradeReportRefID", 574: "MatchType", 581: "AccountType", 582: "CustOrderCapacity",
    639: "PriceImprovement", 660: "AcctIDSource", 711: "NoUnderlyings", 748: "TotNumTradeReports",
    797: "CopyMsgIndicator", 802: "NoPartySubIDs", 803: "PartySubIDType", 828: "TrdType", 829: "TrdSubType",
    847: "TargetStrategy", 851: "LastLiquidityInd", 855: "SecondaryTrdType", 856: "TradeReportType", 880: "TrdMatchID",
    893: "LastFragment", 1003: "TradeID", 1021: "MDBookType", 1023: "MDPriceLevel", 1028: "ManualOrderIndicator",
    1057: "AggressorIndicator", 1116: "NoRootPartyIDs", 1128: "ApplVerID", 1138: "DisplayQty", 1300: "MarketSegmentID",
    1301: "MarketID", 1724: "OrderOrigination", 2362: "SelfMatchPreventionID", 2446: "AggressorSide",
    2964: "SelfMatchPreventionInstruction",
}  # fmt: skip


def message_name(msg_type: str) -> str:
    """`8 ExecutionReport`; the code alone where it has no name here."""
    return f"{msg_type} {MESSAGE_NAMES.get(msg_type, '')}".strip()
