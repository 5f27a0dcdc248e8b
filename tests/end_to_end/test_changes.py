"""A change of parameters in the running stack is one record of the audit trail, whoever is killed on the way."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.detection_service.user_rules.test_folder import leap
from tests.end_to_end.stack import Stack, running_stack, until

pytestmark = pytest.mark.timeout(180)
OFTEN: dict[str, Any] = {"detection": {"snapshot_every_events": 1}}


async def recorded(stack: Stack) -> list[tuple[str, str, str]]:
    """Action, actor and reason of the audit's records of changes that were asked for, in order."""
    records = await stack.cases.list_audit_records("detection")
    return [(each.action, each.actor, each.reason) for each in records if each.action != "ChangeSettings"]


async def set_parameter(stack: Stack, value: int, reason: str) -> None:
    asked = ("spoofing", f"size_multiple_min={value}", "--reason", reason, "--actor", "ann")
    await stack.command("rules", "set", *asked)


async def test_changes_are_recorded_once_over_kills_of_both_sides(tmp_path: Path) -> None:
    async with running_stack(tmp_path, changes=OFTEN) as stack:

        async def has(count: int) -> bool:
            return len(await recorded(stack)) >= count

        await set_parameter(stack, 7, "first")
        await until(lambda: has(1), "the change is not in the audit trail")
        await stack.kill("detection")
        await set_parameter(stack, 8, "second")
        await stack.kill("cases")
        await until(lambda: has(2), "the change behind a kill is not in the audit trail")
        await stack.kill("detection")
        await stack.drained()

        async def is_told() -> bool:
            changes = (await stack.detection.status()).changes
            return len(changes) == 3 and all(each.audit_sequence for each in changes)

        await until(is_told, "detection does not know which records have its changes")
        told = [("ChangeConfiguration", "ann", reason) for reason in ("first", "second")]
        assert await recorded(stack) == told
        assert len(await stack.cases.list_audit_records("detection")) == 3
        assert (await stack.cases.verify_audit()).intact
        (change, *_) = [each for each in (await stack.detection.status()).changes if each.reason == "second"]
        configuration = await stack.detection.configuration()
        assert configuration.config_digest == change.digest_after != change.digest_before


async def test_a_preview_compares_with_what_was_set_in_the_running_stack(tmp_path: Path) -> None:
    file = tmp_path / "leap.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in leap()))
    async with running_stack(tmp_path) as stack:
        before = await stack.command("rules", "preview", file, "--against", "service")
        await stack.command("rules", "set", "price_spike", "move_min=0.9", "--reason", "try", "--actor", "ann")
        await stack.drained()
        after = await stack.command("rules", "preview", file, "--against", "service")
    assert before["rules"]["price_spike"]["same"] == 1
    assert after["rules"]["price_spike"]["appear"] == 1
    assert before["left_out"] == after["left_out"] == {}
