"""Explanation templates: named numbers with a number format, and nothing else can be said in them."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

NUMBER_FORMAT: Final = re.compile(r"[+]?,?(?:\.[0-9])?[fge%]?")
USUAL_FORMAT: Final = ",.4g"


class TemplateError(ValueError):
    """A template names what there is not, or formats it in a way that is not allowed."""


@dataclass(frozen=True, slots=True)
class Template:
    """Parts of text, each followed by a name with its number format (or by nothing)."""

    parts: tuple[tuple[str, str, str], ...]

    @staticmethod
    def parse(text: str, numbers: Collection[str], words: Collection[str]) -> Template:
        """Reads a template over names of numbers and of words. Raises TemplateError."""
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError as error:
            raise TemplateError(f"expected {{name}} or {{name:format}}, braces doubled where meant: {error}") from error
        parts = []
        for literal, name, spec, conversion in parsed:
            if name is not None:
                _check(name, spec or "", conversion, numbers, words)
            parts.append((literal, name or "", spec or USUAL_FORMAT))
        return Template(tuple(parts))

    @property
    def names(self) -> set[str]:
        """Names of numbers and words in it."""
        return {name for _, name, _ in self.parts if name}

    def render(self, numbers: Mapping[str, float], words: Mapping[str, str]) -> str:
        """The text with numbers and words in their places."""
        return "".join(literal + _told(name, spec, numbers, words) for literal, name, spec in self.parts)


def _told(name: str, spec: str, numbers: Mapping[str, float], words: Mapping[str, str]) -> str:
    if not name:
        return ""
    return words[name] if name in words else format(numbers[name], spec)


def _check(name: str, spec: str, conversion: str | None, numbers: Collection[str], words: Collection[str]) -> None:
    if name not in numbers and name not in words:
        raise TemplateError(
            f"expected the name of a metric of the subject, a parameter or {', '.join(sorted(words))}, "
            f"found {{{name}}}; docs/metrics.md lists the metrics"
        )
    if conversion or not NUMBER_FORMAT.fullmatch(spec) or (name in words and spec):
        raise TemplateError(f"{{{name}}}: expected a number format like .1f ,.0f .0% or .3g, found {spec!r}")
