import json

import pytest

from tapewatch.cli.main import main
from tapewatch.fix.profile import shipped_profiles


def test_the_shipped_profiles_are_listed_with_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fix", "profiles", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in listed] == shipped_profiles()
    assert main(["fix", "profiles"]) == 0
    shown = capsys.readouterr().out
    assert all(each["name"] in shown for each in listed)
