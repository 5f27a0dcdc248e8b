"""The market around an episode: best bid and ask, trades, and where the subject's orders stood."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from case_service.evidence.event_file import of_market
from case_service.reports.dossier import Dossier
from case_service.reports.orders import OrderLine
from case_service.reports.pdf.page import ACCENT, ALERT, BAND, FAINT, INK, MARGIN_MM, SOFT, Colour, Page
from case_service.reports.words import clock_text, number_text
from tapewatch.market.replay import BUY, SELL, BookReplay

HEIGHT_MM = 78.0
POINTS_MAX = 1_500
ORDERS_DRAWN_MAX = 150
BUY_COLOUR, SELL_COLOUR, TRADE_COLOUR = (24, 116, 72), (196, 98, 16), INK


@dataclass(frozen=True, slots=True)
class Market:
    """What is drawn: (time, bid, ask) after each event that moved them, (time, price) of trades; NaN where empty."""

    quotes: Sequence[tuple[int, float, float]]
    trades: Sequence[tuple[int, float]]


def market_of(dossier: Dossier) -> Market:
    """The best prices and trades of the case's market in the pinned window."""
    case = dossier.case
    replay = BookReplay.open(dossier.kept.opening)
    quotes: list[tuple[int, float, float]] = []
    trades: list[tuple[int, float]] = []
    for row in of_market(dossier.kept.rows, case.venue, case.instrument):
        replay.take(row)
        best = (replay.book.bids.best(), replay.book.asks.best())
        if not quotes or quotes[-1][1:] != best:
            quotes.append((row["event_time_ns"], *best))
        if row["kind"] in ("FILL", "TRADE"):
            trades.append((row["event_time_ns"], row["price"]))
    step = max(1, len(quotes) // POINTS_MAX)
    return Market(quotes[::step], trades[:: max(1, len(trades) // POINTS_MAX)])


class _Plot:
    """Where times and prices are on the page."""

    def __init__(self, page: Page, from_ns: int, to_ns: int, low: float, high: float) -> None:
        self.page = page
        self.left, self.top = MARGIN_MM + 17.0, page.get_y() + 1.5
        self.wide, self.tall = page.epw - 18.0, HEIGHT_MM - 14.0
        self.from_ns, self.to_ns = from_ns, max(to_ns, from_ns + 1)
        room = (high - low) * 0.06 or abs(high) * 0.001 or 1.0
        self.low, self.high = low - room, high + room

    def x(self, time_ns: int) -> float:
        share = (time_ns - self.from_ns) / (self.to_ns - self.from_ns)
        return self.left + self.wide * min(1.0, max(0.0, share))

    def y(self, price: float) -> float:
        share = (price - self.low) / (self.high - self.low)
        return self.top + self.tall * (1.0 - min(1.0, max(0.0, share)))


def draw(page: Page, dossier: Dossier) -> None:
    """The chart with its legend; nothing where no price is known."""
    pin = dossier.stored.pin
    market = market_of(dossier)
    if pin is None:
        return
    from_ns, to_ns = _span(dossier, pin.window.from_ns, pin.window.to_ns)
    prices = _prices(market, from_ns, to_ns)
    if not prices:
        return
    page.room_for(HEIGHT_MM + 10.0)
    page.subheading("The market around the episode")
    drawn = [line for line in dossier.orders if _is_near(line, prices, dossier) and from_ns <= line.last_ns]
    drawn = sorted(drawn, key=lambda line: not line.is_named)[:ORDERS_DRAWN_MAX]
    reach = _trimmed(prices) + [line.price for line in drawn]
    plot = _Plot(page, from_ns, to_ns, min(reach), max(reach))
    _ground(plot, dossier)
    _orders(plot, drawn)
    _quotes(plot, market)
    _trades(plot, market)
    page.set_xy(MARGIN_MM, plot.top + plot.tall + 6.5)
    _legend(page)
    page.set_xy(MARGIN_MM, plot.top + HEIGHT_MM - 1.0)


def _span(dossier: Dossier, from_ns: int, to_ns: int) -> tuple[int, int]:
    """What is drawn of the window: the episode and as much before and after, but at least ten seconds."""
    case = dossier.case
    around_ns = max(10_000_000_000, case.end_time_ns - case.start_time_ns)
    return max(from_ns, case.start_time_ns - around_ns), min(to_ns, case.end_time_ns + around_ns)


def _prices(market: Market, from_ns: int, to_ns: int) -> list[float]:
    """The prices of a span, ascending: best prices at its begin and in it, and trades."""
    before = [quote for quote in market.quotes if quote[0] < from_ns][-1:]
    quotes = [*before, *(quote for quote in market.quotes if from_ns <= quote[0] <= to_ns)]
    prices = [price for quote in quotes for price in quote[1:] if not math.isnan(price)]
    return sorted([*prices, *(price for time_ns, price in market.trades if from_ns <= time_ns <= to_ns)])


def _steps(low: float, high: float) -> list[float]:
    """Four to nine round prices between two."""
    size = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(size * factor for factor in (1, 2, 5, 10) if (high - low) / (size * factor) <= 9)
    first = math.ceil(low / step)
    return [float(f"{place * step:.12g}") for place in range(first, math.floor(high / step) + 1)]


def _trimmed(prices: list[float]) -> list[float]:
    """Prices without the outermost hundredth on each side, so that one stray print does not flatten the rest."""
    cut = len(prices) // 100
    return prices[cut : len(prices) - cut]


def _is_near(line: OrderLine, prices: list[float], dossier: Dossier) -> bool:
    """Whether an order's price is near enough to be drawn without flattening the market."""
    if not line.is_of(dossier.case.venue, dossier.case.instrument) or math.isnan(line.price):
        return False
    kept = _trimmed(prices)
    room = max(kept[-1] - kept[0], abs(kept[-1]) * 0.001)
    return kept[0] - room <= line.price <= kept[-1] + room


def _ground(plot: _Plot, dossier: Dossier) -> None:
    page, case = plot.page, dossier.case
    page.set_fill_color(*BAND)
    begin, end = plot.x(case.start_time_ns), plot.x(case.end_time_ns)
    page.rect(begin, plot.top, max(0.4, end - begin), plot.tall, style="F")
    page.set_draw_color(*FAINT)
    page.set_line_width(0.15)
    page.write_style(6.8, "", SOFT)
    for price in _steps(plot.low, plot.high):
        page.line(plot.left, plot.y(price), plot.left + plot.wide, plot.y(price))
        page.set_xy(MARGIN_MM, plot.y(price) - 1.7)
        page.cell(16.0, 3.4, number_text(price), align="R")
    for place in range(5):
        time_ns = plot.from_ns + (plot.to_ns - plot.from_ns) * place // 4
        page.set_xy(plot.x(time_ns) - 12.0 - (4.0 if place == 4 else 0.0), plot.top + plot.tall + 1.0)
        page.cell(24.0, 3.4, clock_text(time_ns)[:12], align="C")


def _orders(plot: _Plot, lines: Sequence[OrderLine]) -> None:
    for line in lines:
        if line.entered_ns > plot.to_ns:
            continue
        colour: Colour = BUY_COLOUR if line.side == "BUY" else SELL_COLOUR
        plot.page.set_draw_color(*colour)
        plot.page.set_line_width(1.1 if line.is_named else 0.45)
        begin = plot.x(line.entered_ns or plot.from_ns)
        end = plot.to_ns if line.ending == "open" else line.last_ns
        plot.page.line(begin, plot.y(line.price), max(plot.x(end), begin + 0.5), plot.y(line.price))


def _quotes(plot: _Plot, market: Market) -> None:
    for side, colour in ((BUY, ACCENT), (SELL, ALERT)):
        plot.page.set_draw_color(*colour)
        plot.page.set_line_width(0.28)
        before: tuple[float, float] | None = None
        drawn = [quote for quote in market.quotes if quote[0] <= plot.to_ns]
        for quote in (*drawn, (plot.to_ns, *drawn[-1][1:])) if drawn else ():
            price = quote[side]
            if before is not None:
                plot.page.line(before[0], before[1], plot.x(quote[0]), before[1])
            if math.isnan(price):
                before = None
                continue
            here = (plot.x(quote[0]), plot.y(price))
            if before is not None and before[1] != here[1]:
                plot.page.line(here[0], before[1], here[0], here[1])
            before = here


def _trades(plot: _Plot, market: Market) -> None:
    plot.page.set_fill_color(*TRADE_COLOUR)
    for time_ns, price in market.trades:
        if not plot.from_ns <= time_ns <= plot.to_ns:
            continue
        plot.page.circle(plot.x(time_ns), plot.y(price), 0.5, style="F")


def _legend(page: Page) -> None:
    """What the colours are, one beside the other."""
    kinds = (
        ("best bid", ACCENT),
        ("best ask", ALERT),
        ("trades", TRADE_COLOUR),
        ("subject's buy orders", BUY_COLOUR),
        ("subject's sell orders", SELL_COLOUR),
    )
    top = page.get_y()
    page.write_style(7.0, "", SOFT)
    left = MARGIN_MM + 17.0
    for name, colour in kinds:
        page.set_fill_color(*colour)
        page.rect(left, top + 1.0, 3.4, 1.3, style="F")
        page.set_xy(left + 4.2, top)
        wide = page.get_string_width(name) + 3.0
        page.cell(wide, 3.4, name)
        left += wide + 7.0
    page.set_xy(left, top)
    page.set_fill_color(*BAND)
    page.rect(left, top + 0.4, 3.4, 2.5, style="F")
    page.set_xy(left + 4.2, top)
    page.cell(20.0, 3.4, "episode")
