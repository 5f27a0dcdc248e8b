"""The settings file's JSON Schema, from the types the services read their sections with."""

import json
from collections.abc import Mapping

from case_service.app import CaseSettings
from detection_service.app import DetectionSettings
from fix_gateway.settings import FixSettings
from ingest_service.app import IngestSettings
from simulator.app import SimulatorSettings
from tapewatch.runtime.settings import Section, json_schema
from tests.conftest import CHECKOUT

PUBLISHED = CHECKOUT / "docs" / "configuration.schema.json"
EXAMPLE = CHECKOUT / "deploy" / "tapewatch.yaml.example"
SECTION_TYPES: Mapping[str, type[Section]] = {
    "ingest": IngestSettings,
    "detection": DetectionSettings,
    "cases": CaseSettings,
    "fix": FixSettings,
    "simulator": SimulatorSettings,
}


def schema_text() -> str:
    """The schema as it is published; paths are written with `/`."""
    return json.dumps(json_schema(SECTION_TYPES), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")
