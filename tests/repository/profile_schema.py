"""The published JSON Schema of a FIX mapping profile, from the type profiles are read with."""

import json

from tapewatch.fix.profile import profile_schema
from tests.conftest import CHECKOUT

PUBLISHED = CHECKOUT / "docs" / "fix-profile.schema.json"


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")
