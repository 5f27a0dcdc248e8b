"""The page about all schemes, written from the schemes themselves."""

from collections.abc import Iterator

from simulator.schemes import SCHEMES
from simulator.schemes.camouflage import (
    AXES,
    LAYERS_KEPT_SHARE,
    LEG_FACTOR,
    SIGMA_HIDDEN,
    SLOW_FACTOR,
    SLOW_SECONDS_MAX,
)
from simulator.schemes.play import HONEST_SECONDS, ROLES
from simulator.schemes.scheme import Scheme
from simulator.schemes.without import WITHOUT_SCHEME

SEVERITIES = (0.1, 0.3, 0.5, 0.7, 0.9)
TROUPES = {
    "single": "one owner",
    "linked": "accounts of one owner",
    "strangers": "owners without a known link",
    "desk": "two owners with accounts at one desk",
    "office": "owners behind one subnet, without a declared link",
    "modest": "one owner who trades little",
    "dormant": "one owner who hardly trades",
    "nobody": "nobody: a condition of the market",
}
AXIS_WORDS = (
    ("size", "every quantity is a draw from the ordinary distribution (in between: equal ratios towards it)"),
    (
        "timing",
        f"waits are drawn with a standard deviation of {SIGMA_HIDDEN:g} of their logarithm, at the same mean; the two "
        f"legs of a trade lie {LEG_FACTOR:g} times further apart",
    ),
    ("split", "orders come from all accounts of the owner in turn"),
    (
        "layers",
        f"{LAYERS_KEPT_SHARE:.0%} of the layers, rounds, trades or baits, no fewer than the practice needs",
    ),
    ("slow", f"cancels, turns and exits take {SLOW_FACTOR:g} times as long, at most {SLOW_SECONDS_MAX:g} s more"),
    ("mixed", f"the same accounts enter an honest order about every {HONEST_SECONDS:g} s beside the scheme"),
)
INTRODUCTION = """<!-- Written by `tapewatch simulator page` from the schemes themselves: edit those. -->

# Schemes

What the simulator can play, one for each rule that describes abuse or a condition of the market. A scheme's name is
the rule that is meant to find it. Schemes are written from the practice's description, and changed where they do not do
what it says; none is changed to make a rule find it.

Severity runs from 0 (hidden) to 1 (blatant). Each ratio moves between two bounds in equal ratios, counts in equal
steps, and names who published the numbers, or says that nobody did.
"""
LABELS = f"""
## Labels

`labels.jsonl` has a line a scenario: who, where, when, `order_ids` and `trade_ids` of the abuse, `camouflage`, and
`orders` with the role of each: {", ".join(ROLES)}.
Orders of `cover` (the culprit's honest ones) and of a `victim` are named there only. A condition of the market names no
account and no order. Labels never enter the feed, and ids are given by the venue in the order of its events, whoever
sends them.
"""


def page_text() -> str:
    """Return the page as Markdown."""
    chapters = (line for one in SCHEMES.values() for line in _chapter(one))
    return "\n".join((INTRODUCTION, *_camouflage(), LABELS, *_overview(), *chapters)) + "\n"


def _camouflage() -> Iterator[str]:
    yield "## Camouflage\n"
    yield "Six axes from 0 to 1, applied where they make sense for a scheme: `tapewatch simulate --camouflage"
    yield "size,timing=0.5`, or `all`.\n"
    yield "| axis | at 1 |"
    yield "| --- | --- |"
    yield from (f"| {axis} | {words} |" for axis, words in AXIS_WORDS)


def _overview() -> Iterator[str]:
    yield "## All schemes\n"
    yield "| scheme | who | needs | hides by | lasts at most |"
    yield "| --- | --- | --- | --- | --- |"
    for one in SCHEMES.values():
        hides = "all axes" if one.axes == AXES else ", ".join(one.axes) or "-"
        yield f"| [{one.name}](#{one.name}) | {TROUPES[one.troupe]} | {_needs(one)} | {hides} | {_minutes(one)} |"
    yield "\nNo scheme is played for:\n"
    yield from (f"- `{rule}`: {reason}" for rule, reason in WITHOUT_SCHEME.items())


def _needs(scheme: Scheme) -> str:
    needs = [f"{table}.csv" for table in scheme.tables]
    if scheme.history_seconds:
        needs.append(f"{scheme.history_seconds / 60:g} min of market before")
    words = {
        "thin": "a thin market",
        "float": "a share with a float",
        "venue": "a second venue",
        "product": "a related product",
    }
    needs += [words[scheme.wants]] if scheme.wants else []
    return ", ".join(needs) or "-"


def _minutes(scheme: Scheme) -> str:
    return f"{scheme.duration_seconds_max / 60:.1f} min"


def _chapter(scheme: Scheme) -> Iterator[str]:
    yield f"\n## {scheme.name}\n"
    yield f"{scheme.description}\n"
    yield f"| severity | {' | '.join(f'{severity:g}' for severity in SEVERITIES)} | unit | source |"
    yield "| --- |" + " --- |" * (len(SEVERITIES) + 2)
    for ratio in scheme.ratios:
        values = " | ".join(f"{ratio.at(severity):.3g}" for severity in SEVERITIES)
        yield f"| {ratio.name} | {values} | {ratio.unit or '-'} | {ratio.source} |"
