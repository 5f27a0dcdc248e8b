"""Average precision of rankings on a terminal."""

from collections.abc import Mapping
from typing import Any

from tapewatch.cli.output import print_lines, print_table

TOLD = {
    "model_adds": "the model adds",
    "over_tail_sum": "over the sum of tail ranks",
    "over_rules_and_tail_sum": "beside the rules, over the sum of tail ranks",
}


def show_ranking(values: Mapping[str, Any]) -> None:
    """Print how well each ranking of windows finds those in schemes, and what the model adds."""
    print_lines(
        ("windows", f"{values['windows']:,}, {values['true']:,} in schemes ({values['chance']:.2%} by chance)"),
        *((told, _between(values[key])) for key, told in TOLD.items()),
    )
    print_table(
        ("ranking", "average precision>", "from>", "to>", "mean of typologies>"),
        ((name, f"{each['average_precision']:.3f}", *(f"{end:.3f}" for end in each["interval"]),
          f"{values['macro'][name]:.3f}") for name, each in values["rankings"].items()),
    )  # fmt: skip


def _between(gain: Mapping[str, Any]) -> str:
    low, high = gain["interval"]
    return f"{gain['difference']:+.3f} (95 %: {low:+.3f} to {high:+.3f})"
