"""What is said to be read is read, and what is said to be left unread decides nothing."""

from collections.abc import Iterator
from random import Random

import pytest

from tapewatch.fix.codec import Field, Message
from tapewatch.fix.mapping import map_message
from tapewatch.fix.profile import Profile, load_profile, shipped_profiles
from tapewatch.fix.tags_read import SESSION_TAGS, tags_read
from tests.tapewatch.fix.fix_peer import report_fields
from tests.tapewatch.fix.test_order_mapping import message_of

TIME: Field = (60, "20260105-09:00:00")
OWNERS: list[Field] = [(1, "A"), (109, "B"), (453, 1), (448, "P"), (447, "D"), (452, "24"), (375, "X")]
PARTIES: list[Field] = [(453, 2), (448, "P"), (452, "24"), (448, "Q"), (452, "17")]
RICH: list[Field] = [
    (40, "2"), (59, "0"), (528, "A"), (847, "1"), (15, "USD"), (58, "t"), (99, 9), (1138, 5), (210, 4), (111, 3),
    (84, 1), (30, "XX"), (100, "YY"), (207, "ZZ"), (1301, "VV"), (48, "S"), (198, "o"), (526, "c"), (527, "x"),
    (200, "202603"), (50, "T1"), (57, "T2"), (880, "m"), (1003, "n"), (1057, "Y"), (851, "1"), (31, 10), (32, 5),
    (41, "C0"), (19, "E0"), (378, "3"), (103, "2"), (39, "1"), (7928, "D"), (6, 10), (9000, "z"), (571, "q"),
]  # fmt: skip
REPORTS = ("0", "4", "5", "F", "C", "3", "8", "G", "H", "I", "A", "D", "")
SEED = 7
ROUNDS = 40
TEXTS = ("", "1", "2", "3", "4", "Y", "N", "B", "7.5", "20260107-11:00:00", "11:00:00", "24", "ABC2")


def report_samples() -> Iterator[Message]:
    """Execution reports of every kind, bare, with everything, and without what is usual."""
    for code in REPORTS:
        bare = report_fields(t150=code, t39=code or "3")
        yield message_of("8", bare)
        given = {tag for tag, _ in bare}
        yield message_of("8", [*bare, *OWNERS, *(each for each in RICH if each[0] not in given)])
        yield message_of("8", [*(each for each in bare if each[0] not in (11, 37, 38, 44, 60)), (20, "1"), (31, 1)])


def order_samples() -> Iterator[Message]:
    """Requests of one order and their refusals."""
    order: list[Field] = [(11, "C1"), (55, "ABC"), (54, "1"), (38, 100), (44, 10.5), TIME]
    for msg_type in ("D", "F", "G", "q", "AB", "AC", "9"):
        yield message_of(msg_type, [*order, (434, "1"), (102, "0")])
        yield message_of(
            msg_type, [*order, (37, "O"), (434, "1"), (102, "0"), *OWNERS, *RICH[:26], (41, "C0"), (14, 1)]
        )
        yield message_of(msg_type, [each for each in order if each[0] not in (38, 60)] + [(14, 1), (151, 2), (41, "C")])
        yield message_of(msg_type, [*order, *PARTIES])


def market_samples() -> Iterator[Message]:
    """Market data and states."""
    entries: list[Field] = [
        (279, "0"),
        (269, "2"),
        (270, 10),
        (271, 5),
        (273, "10:00:00"),
        (278, "i"),
        (1003, "n"),
        (290, 1),
    ]
    for head in ([TIME], [], [(55, "ABC"), TIME, (30, "X")]):
        yield message_of("X", [*head, (268, 1), *entries, (55, "ABC"), (272, "20260104"), (2446, "1"), (83, 9)])
        yield message_of("W", [*head, (268, 2), (269, "0"), *entries[2:4], (269, "1"), *entries[2:4], (54, "1")])
        yield message_of("X", [*head, (268, 1), *entries[:5], (880, "m"), (54, "2")])
        yield message_of("W", [*head, (268, 1), *entries[1:5], (1003, "n"), (2446, "1"), (272, "20260104")])
        yield message_of("W", [*head, (268, 1), *entries[:5], (880, "m")])
        yield message_of("W", [*head, (268, 1), *entries[:6]])
        yield message_of("X", [*head, (268, 1), *entries[:6], (58, "t")])
    yield message_of("h", [(55, "ABC"), (340, "2"), TIME, (336, "1"), (207, "X")])
    yield message_of("f", [(48, "ABC"), (326, "2"), (30, "X"), (75, "20260105")])


def sided_samples() -> Iterator[Message]:
    """Quotes, trade reports and crosses: messages with sides."""
    yield message_of(
        "S", [(117, "Q"), (55, "ABC"), (132, 9), (133, 11), (134, 1), (135, 2), (1, "A"), (50, "T"), (62, "x")]
    )
    yield message_of("S", [(299, "Q"), (48, "ABC"), (132, 9), *OWNERS[2:6], (109, "B"), (100, "V"), TIME])
    yield message_of(
        "i", [(117, "Q"), TIME, (295, 1), (299, "1"), (55, "ABC"), (132, 9), (134, 1), (133, 11), (135, 2)]
    )
    side: list[Field] = [
        (54, "1"),
        (37, "O"),
        (11, "C"),
        *OWNERS,
        (528, "A"),
        (58, "t"),
        (40, "2"),
        (1057, "Y"),
        (851, "1"),
    ]
    trade: list[Field] = [
        (571, "R"),
        (17, "E"),
        (880, "m"),
        (1003, "n"),
        (572, "r"),
        (19, "e"),
        (55, "ABC"),
        (32, 5),
        (31, 10),
    ]
    for kind in ("0", "1", "2", "9"):
        yield message_of("AE", [(487, kind), *trade, TIME, (30, "X"), (570, "N"), (552, 1), *side])
        yield message_of(
            "AE",
            [(487, kind), *trade[2:5], *trade[7:], (48, "S"), (15, "USD"), (552, 1), (54, "2"), (11, "C"), (851, "2")],
        )
    cross: list[Field] = [
        (55, "ABC"),
        (40, "2"),
        (44, 10),
        TIME,
        (548, "X"),
        (552, 1),
        (54, "1"),
        (11, "B"),
        (38, 5),
        (1, "A"),
    ]
    yield message_of("s", [*cross, (99, 1)])
    yield message_of("s", [*cross[:-1], *PARTIES, (375, "X")])
    yield message_of("i", [(117, "Q"), *PARTIES, (295, 1), (299, "1"), (55, "ABC"), (132, 9), (134, 1)])
    yield message_of("s", [*cross[:-2], (109, "B"), (37, "O"), (14, 1), (151, 2)])


SAMPLES = [*report_samples(), *order_samples(), *market_samples(), *sided_samples()]


def changed(message: Message, tag: int, value: str) -> Message:
    """The message with every value of a tag replaced; without it where the value is empty; added where it is absent."""
    fields = [(each, value if each == tag else old) for each, old in message.fields if each != tag or value]
    if tag not in message.values and value:
        place = next((at for at, (each, _) in enumerate(fields) if each == 268 or each == 552), len(fields))
        fields.insert(place, (tag, value))
    copy = Message(fields, message.raw)
    copy.epoch = message.epoch
    return copy


def kind_of(message: Message, profile: Profile) -> str:
    rows, _ = map_message(message, profile)
    return str(rows[0]["kind"]) if rows else ""


PROFILES = [load_profile(name) for name in shipped_profiles()]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_tag_left_unread_decides_nothing(profile: Profile) -> None:
    for message in SAMPLES:
        read = tags_read(profile, message, kind_of(message, profile))
        for tag in set(message.values) - read - SESSION_TAGS:
            for value in ("", "1", "Y"):
                assert map_message(changed(message, tag, value), profile) == map_message(message, profile), (
                    tag,
                    message,
                )


def thinned(random: Random) -> Iterator[Message]:
    """The samples without half of their tags, so that what stands in for an absent tag has its turn."""
    for message in SAMPLES:
        dropped = {tag for tag in message.values if tag not in SESSION_TAGS and random.random() < 0.5}
        copy = Message([(tag, value) for tag, value in message.fields if tag not in dropped], message.raw)
        copy.epoch = message.epoch
        yield copy


@pytest.mark.parametrize("profile", PROFILES[::3], ids=lambda profile: profile.name)
def test_a_tag_said_to_be_read_decides_something_in_some_message(profile: Profile) -> None:
    random = Random(SEED)
    unseen: set[tuple[str, int]] = set()
    decided: set[tuple[str, int]] = set()
    for round_number in range(ROUNDS):
        for message in thinned(random) if round_number else SAMPLES:
            before = map_message(message, profile)
            for tag in tags_read(profile, message, str(before[0][0]["kind"]) if before[0] else "") - SESSION_TAGS:
                case = (message.msg_type, tag)
                if case in decided:
                    continue
                if any(map_message(changed(message, tag, text), profile) != before for text in TEXTS):
                    decided.add(case)
                    unseen.discard(case)
                else:
                    unseen.add(case)
        if not unseen:
            break
    assert sorted(unseen) == [], f"seed {SEED}"
