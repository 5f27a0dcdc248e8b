"""Texts compared byte by byte on either database, whatever language the server was set up for."""

from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import Text


class Bytewise(ColumnElement[str]):
    """A text column in the order of its UTF-8 bytes, as SQLite has it anyway."""

    type = Text()
    inherit_cache = False

    def __init__(self, column: ColumnElement[str]) -> None:
        self.column = column


@compiles(Bytewise)
def _as_it_is(element: Bytewise, compiler: Any, **given: Any) -> str:
    return str(compiler.process(element.column, **given))


@compiles(Bytewise, "postgresql")
def _for_postgresql(element: Bytewise, compiler: Any, **given: Any) -> str:
    return f'{compiler.process(element.column, **given)} COLLATE "C"'
