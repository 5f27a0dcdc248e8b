"""Control records: configuration, reference data and models, journalled so that they take effect at a position."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import Any, Final

from tapewatch.runtime.errors import AlreadyExists, InvalidArgument

REQUESTS_KNOWN_MAX: Final = 10_000
CONTROL_BYTES_MAX: Final = 12 << 20
REQUEST_ID_CHARACTERS_MAX: Final = 200
NO_SEQUENCE: Final = -1
REFERENCE: Final = "REFERENCE"


class Controls:
    """Knows the control requests journalled, by request id: the digest of their payload and their position.

    `reference_sequence` is the position of the last reference data, NO_SEQUENCE without any.
    """

    def __init__(self) -> None:
        self.reference_sequence = NO_SEQUENCE
        self.requests: OrderedDict[str, tuple[str, int]] = OrderedDict()

    def find(self, request_id: str, payload: bytes) -> int | None:
        """Position of the same request made before, None where there is none.

        Raises AlreadyExists where the id was used for other content.
        """
        known = self.requests.get(request_id)
        if known is None:
            return None
        if known[0] != _digest(payload):
            raise AlreadyExists(
                "REQUEST_ID_REUSED",
                f"request_id {request_id!r} was used at position {known[1]} for other content; choose a new id",
                request_id=request_id,
                sequence=known[1],
            )
        return known[1]

    def remember(self, payload: bytes, sequence: int) -> None:
        """Takes a control record into account, at the call and when the journal is read at a start."""
        control = json.loads(payload)
        request_id = control["request_id"]
        if control["control"].upper() == REFERENCE:
            self.reference_sequence = sequence
        self.requests[request_id] = (_digest(payload), sequence)
        if len(self.requests) > REQUESTS_KNOWN_MAX:
            self.requests.popitem(last=False)


def control_payload(kind_name: str, content: bytes, request_id: str) -> bytes:
    """The JSON journalled: {"control": kind, "request_id": id, "content": the content's own text}.

    Raises InvalidArgument where the content is not JSON in UTF-8 or a limit is passed.
    """
    if not request_id or len(request_id) > REQUEST_ID_CHARACTERS_MAX:
        raise InvalidArgument(
            "BAD_REQUEST_ID",
            f"request_id: expected 1 to {REQUEST_ID_CHARACTERS_MAX} characters, found {len(request_id)}; "
            "give each request an id of its own, so that repeating it is safe",
            field="request_id",
        )
    if len(content) > CONTROL_BYTES_MAX:
        raise InvalidArgument(
            "CONTENT_TOO_LARGE",
            f"content: expected at most {CONTROL_BYTES_MAX} bytes, found {len(content)}",
            field="content",
        )
    try:
        json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(
            "NOT_JSON", f"content: expected JSON in UTF-8, found something else: {error}", field="content"
        ) from error
    head = json.dumps({"control": kind_name, "request_id": request_id})
    return b"".join((head[:-1].encode(), b', "content": ', content, b"}"))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _digest(payload: bytes) -> str:
    return hashlib.blake2b(payload, digest_size=16).hexdigest()
