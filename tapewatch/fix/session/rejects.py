"""How a message is refused: Reject (35=3) and BusinessMessageReject (35=j), as the versions of FIX write them."""

from tapewatch.fix.codec import Field, Message
from tapewatch.fix.dictionary import Problem, Reason
from tapewatch.fix.session.outbound import OLD_VERSIONS

REVERSED_ROUTING = {115: 128, 116: 129, 144: 145, 128: 115, 129: 116, 145: 144, 50: 57, 57: 50, 142: 143, 143: 142}
UNSUPPORTED_TYPE = 3
UNSUPPORTED_TEXT = "Unsupported Message Type"


def reject_fields(begin_string: str, message: Message, problem: Problem) -> list[Field]:
    """The body of a Reject: the reason as text only in 4.0 and 4.1; in 4.2 only the reasons that version has."""
    fields: list[Field] = [(45, message.sequence or 0)]
    if begin_string in OLD_VERSIONS:
        text = problem.text if problem.tag is None else f"{problem.text} ({problem.tag})"
        return [*fields, (58, text)]
    fields.append((58, problem.text))
    if problem.tag is not None:
        fields.append((371, problem.tag))
    if message.msg_type:
        fields.append((372, message.msg_type.encode("latin-1")))
    if begin_string != "FIX.4.2" or problem.reason <= Reason.INVALID_TYPE:
        fields.append((373, int(problem.reason)))
    return fields


def reversed_routing(message: Message) -> list[Field]:
    """The routing fields of a message turned round, for the answer: who it was on behalf of is now delivered to."""
    values = message.values
    return [(back, values[tag].encode("latin-1")) for tag, back in REVERSED_ROUTING.items() if values.get(tag)]


def business_reject(message: Message, reason: int, text: str) -> tuple[str, list[Field]]:
    """An application's refusal of a message, ready to be returned as a reply (type and fields).

    ``reason`` is BusinessRejectReason (380), for instance 3, a message type the application does not take.
    """
    kind = message.msg_type.encode("latin-1")
    return "j", [(45, message.sequence or 0), (58, text), (372, kind), (380, reason)]
