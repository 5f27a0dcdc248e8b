"""The tables of confidentiality, beside those of `store/tables.py`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from case_service.store.tables import Number, metadata

case_restrictions = Table(
    "case_restrictions",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
)
"""Cases that only the people on their access list may see."""

case_access = Table(
    "case_access",
    metadata,
    Column("name", Text, primary_key=True),
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Index("case_access_by_case", "case_number"),
)
"""The access lists of restricted cases."""

case_holds = Table(
    "case_holds",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("matter", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
)
"""Legal holds: while a case has one, nothing of it is erased. A matter (a lawsuit, an inquiry) holds a case once."""

case_erasures = Table(
    "case_erasures",
    metadata,
    Column("case_number", Number, ForeignKey("cases.number"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("time_ns", BigInteger, nullable=False),
    Column("files", Text, nullable=False),
)
"""Cases whose content was erased; what is left of them says that there was one, and how it ended. `files` are those
still to be removed, a JSON list of content hashes."""

account_desks = Table(
    "account_desks",
    metadata,
    Column("account", Text, primary_key=True),
    Column("desk", Text, primary_key=True),
    Index("account_desks_by_desk", "desk"),
)
"""The desks accounts trade for, from the house's reference data; of a person's desks depends what they see."""
