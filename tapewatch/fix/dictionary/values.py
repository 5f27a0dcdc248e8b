"""Whether the text of a field is a value of its data type, as FIX writes them."""

import re
from collections.abc import Callable, Mapping

from tapewatch.fix.timestamps import TimestampError, parse_date_ns, parse_timestamp_ns

Check = Callable[[str], bool]

INTEGER = re.compile(r"-?[0-9]+")
UNSIGNED = re.compile(r"[0-9]+")
DECIMAL = re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{1,12})?")
MONTH = re.compile(r"[0-9]{4}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01]|w[1-5])?")
DAY_OF_MONTH = re.compile(r"0?[1-9]|[12][0-9]|3[01]")


def is_well_formed(kind: str, text: str) -> bool:
    """Whether the text can be a value of the type; any text is one of a type that is not checked."""
    check = CHECKS.get(kind)
    return check is None or check(text)


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda text: pattern.fullmatch(text) is not None


def _is_timestamp(text: str) -> bool:
    try:
        parse_timestamp_ns(text)
    except TimestampError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        parse_date_ns(text)
    except TimestampError:
        return False
    return True


CHECKS: Mapping[str, Check] = {
    "BOOLEAN": lambda text: text in ("Y", "N"),
    "CHAR": lambda text: len(text) == 1,
    "INT": _matches(INTEGER),
    **dict.fromkeys(("SEQNUM", "LENGTH", "NUMINGROUP"), _matches(UNSIGNED)),
    **dict.fromkeys(("FLOAT", "QTY", "PRICE", "PRICEOFFSET", "AMT", "PERCENTAGE"), _matches(DECIMAL)),
    "UTCTIMESTAMP": _is_timestamp,
    "UTCTIMEONLY": _matches(TIME),
    **dict.fromkeys(("UTCDATEONLY", "LOCALMKTDATE"), _is_date),
    "MONTHYEAR": _matches(MONTH),
    "DAYOFMONTH": _matches(DAY_OF_MONTH),
}
