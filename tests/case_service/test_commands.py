import dataclasses

import pytest

from case_service.case import Disposition, LinkKind
from case_service.commands import REQUIRED, check
from case_service.lifecycle import Command, Verb
from tapewatch.runtime.errors import InvalidArgument


def command(verb: Verb, **changes: object) -> Command:
    usual = Command(
        verb=verb,
        case_id="c",
        etag="e",
        actor="ann",
        assignee="bob",
        disposition=Disposition.WARNED,
        reason="because",
        text="seen",
        add=("urgent",) if verb is Verb.TAG else (),
        step_id="s1",
        other_case_id="2",
        kind=LinkKind.RELATED,
        name="note.pdf",
        media_type="application/pdf",
        sha256="0" * 64,
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]  # the test's own fields


def test_every_verb_says_what_it_needs_and_a_whole_command_passes() -> None:
    assert set(REQUIRED) == set(Verb)
    for verb in Verb:
        check(command(verb))


@pytest.mark.parametrize(
    ("verb", "field"),
    [
        *[(verb, name) for verb in Verb for name in ("case_id", "etag", "actor")],
        (Verb.ASSIGN, "assignee"),
        (Verb.RELEASE, "reason"),
        (Verb.ESCALATE, "reason"),
        (Verb.RETURN, "reason"),
        (Verb.CLOSE, "reason"),
        (Verb.CLOSE, "disposition"),
        (Verb.PROPOSE_CLOSE, "reason"),
        (Verb.REJECT_CLOSE, "reason"),
        (Verb.WITHDRAW_CLOSE, "reason"),
        (Verb.REOPEN, "reason"),
        (Verb.COMMENT, "text"),
        (Verb.CHECK_STEP, "step_id"),
        (Verb.LINK, "reason"),
        (Verb.LINK, "other_case_id"),
        (Verb.UNLINK, "reason"),
        (Verb.ATTACH, "name"),
    ],
)
def test_what_a_verb_needs_is_asked_for_by_name(verb: Verb, field: str) -> None:
    missing = Disposition.NONE if field == "disposition" else " "
    with pytest.raises(InvalidArgument, match=f"{verb.value}: expected {field}, found none") as caught:
        check(command(verb, **{field: missing}))
    assert caught.value.metadata == {"field": field}


@pytest.mark.parametrize(
    ("field", "text"), [("reason", "x" * 4_001), ("actor", "x" * 201), ("request_id", "x" * 201), ("text", "a\0b")]
)
def test_a_text_that_is_too_long_or_has_a_nul_is_refused(field: str, text: str) -> None:
    with pytest.raises(InvalidArgument, match=f"expected {field} of at most"):
        check(command(Verb.COMMENT, **{field: text}))


@pytest.mark.parametrize("tag", ["", "Urgent", "a b", "-a", "x" * 51, "ä", "watch:pep", "a;DROP TABLE cases"])
def test_a_tag_of_another_form_is_refused(tag: str) -> None:
    with pytest.raises(InvalidArgument, match="TagCase: expected add to be"):
        check(command(Verb.TAG, add=(tag,)))
    with pytest.raises(InvalidArgument, match="TagCase: expected remove to be"):
        check(command(Verb.TAG, add=(), remove=(tag,)))


def test_tags_that_say_nothing_or_both_are_refused() -> None:
    with pytest.raises(InvalidArgument, match="expected add, found none"):
        check(command(Verb.TAG, add=()))
    with pytest.raises(InvalidArgument, match="tags that are not added too"):
        check(command(Verb.TAG, add=("a",), remove=("a",)))


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "C:x", "..", ".", "a\nb", " a", "a\x1b[2J"])
def test_a_file_name_with_a_path_or_what_is_not_printed_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="a printable file name without a path"):
        check(command(Verb.ATTACH, name=name))


@pytest.mark.parametrize("media_type", ["pdf", "text/html; charset=x", "a/b/c", "text/<script>"])
def test_a_media_type_of_another_form_is_refused(media_type: str) -> None:
    with pytest.raises(InvalidArgument, match="a media type such as application/pdf"):
        check(command(Verb.ATTACH, media_type=media_type))


@pytest.mark.parametrize("kind", [3, 7])
def test_a_link_is_to_a_related_case_or_to_an_original(kind: int) -> None:
    with pytest.raises(InvalidArgument, match="LINK_KIND_RELATED or LINK_KIND_DUPLICATE_OF"):
        check(command(Verb.LINK, kind=kind))
