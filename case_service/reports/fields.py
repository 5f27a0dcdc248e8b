"""The fields of a suspicious transaction and order report, by the six sections of the template.

Source: Annex of Commission Delegated Regulation (EU) 2016/957. The labels are our own short words for its fields.
`is_checked` says whether we read the wording in a copy of the annex; what we know otherwise is
False, and the report says so. Nothing here decides whether to report: a person does.
"""

from dataclasses import dataclass
from typing import Final

REGULATION: Final = "Commission Delegated Regulation (EU) 2016/957, Annex"


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `is_personal`: only a person can say it; `is_standing`: the same in every report of a house.

    `is_optional`: the template asks for it only where it applies.
    """

    key: str
    label: str
    is_personal: bool = True
    is_standing: bool = False
    is_optional: bool = False
    is_checked: bool = False


@dataclass(frozen=True, slots=True)
class FormSection:
    """A section of the template and its fields; `is_checked`: its heading was read."""

    number: int
    title: str
    fields: tuple[Field, ...]
    is_checked: bool = False


def _standing(key: str, label: str, *, is_optional: bool = False) -> Field:
    return Field(key, label, is_standing=True, is_optional=is_optional, is_checked=True)


SUBMITTER: Final = FormSection(
    1,
    "Identity of the entity or person submitting the report",
    (
        Field("submitter_name", "Name of the natural person in charge of the submission", is_checked=True),
        Field("submitter_position", "Position within the reporting entity", is_checked=True),
        _standing("entity_name", "Full name and legal form of the reporting entity"),
        _standing("entity_lei", "Legal Entity Identifier (ISO 17442)", is_optional=True),
        _standing("entity_address", "Full address and country of the reporting entity"),
        _standing("acting_capacity", "Capacity in which the entity acted with respect to the orders or transactions"),
        _standing("trading_activity", "Type of trading activity and of instrument traded", is_optional=True),
        Field("relationship", "Relationship with the person reported on", is_checked=True),
        _standing("contact_name", "Contact for further information: name"),
        _standing("contact_position", "Contact: position within the reporting entity"),
        _standing("contact_email", "Contact: professional e-mail address"),
    ),
    is_checked=True,
)
TRANSACTION: Final = FormSection(
    2,
    "Transaction or order",
    (
        Field("instrument_name", "Full name or description of the financial instrument", is_checked=True),
        Field("instrument_code", "Instrument identifier code (ISIN or other)", is_checked=True),
        Field("instrument_type", "Type by the taxonomy used, with its code (ISO 10962 CFI)", is_checked=True),
        Field("otc_details", "Additional elements where it is an OTC derivative", is_optional=True, is_checked=True),
        Field("period", "Date and time of the transactions or orders", is_personal=False),
        Field("market", "Market where the order or transaction occurred", is_personal=False),
        Field("country_of_order", "Country where the order was given, where known", is_optional=True),
        Field("country_of_execution", "Country where the order was executed"),
        Field("orders_described", "Description of the orders or transactions", is_personal=False),
    ),
    is_checked=True,
)
SUSPICION: Final = FormSection(
    3,
    "Description of the nature of the suspicion",
    (
        Field("nature", "Nature of the suspicion: the type of breach"),
        Field("reasons", "Reasons for the suspicion, and how it came to attention", is_personal=False),
        Field("judgement", "The reporting person's own judgement of what is suspicious"),
    ),
)
PERSON: Final = FormSection(
    4,
    "Identity of the person whose orders or transactions could constitute the breach",
    (
        Field("person_name", "Full name; of a legal person with its legal form and LEI"),
        Field("person_birth_date", "Date of birth of a natural person", is_optional=True),
        Field("person_national_id", "National identification number, where applicable", is_optional=True),
        Field("person_address", "Full address and country"),
        Field("person_employment", "Employment: place and position, where known", is_optional=True),
        Field("person_accounts", "Account numbers", is_personal=False),
        Field("person_client_id", "Client identifier used in transaction reporting, or another"),
        Field(
            "person_issuer_relationship", "Relationship with the issuer, where applicable and known", is_optional=True
        ),
    ),
)
ADDITIONAL: Final = FormSection(
    5,
    "Additional information",
    (
        Field("background", "Background found by the system", is_personal=False),
        Field("other_information", "Anything else considered relevant", is_optional=True),
    ),
)
DOCUMENTS: Final = FormSection(
    6,
    "Documentation attached",
    (Field("documents", "Supporting material", is_personal=False),),
)
FORM: Final = (SUBMITTER, TRANSACTION, SUSPICION, PERSON, ADDITIONAL, DOCUMENTS)
PERSONS_MAX: Final = 20
STANDING: Final = frozenset(field.key for section in FORM for field in section.fields if field.is_standing)
ANSWERABLE: Final = frozenset(
    field.key for section in FORM for field in section.fields if field.is_personal and section is not PERSON
)


def person_key(key: str, place: int) -> str:
    """The key of a field of the person at a place, from 1: `person_name` of the second is `person_2_name`."""
    return key.replace("person_", f"person_{place}_", 1)


def answerable(persons: int) -> frozenset[str]:
    """The fields that a person may answer in a report on so many persons."""
    keys = {
        person_key(field.key, place) for place in range(1, persons + 1) for field in PERSON.fields if field.is_personal
    }
    return ANSWERABLE | keys
