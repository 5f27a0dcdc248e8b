"""`python -m detection_service [--config FILE]`."""

import sys

from detection_service.app import SECTION, DetectionSettings, lifespan
from tapewatch.runtime.service import run_service

if __name__ == "__main__":
    sys.exit(run_service("detection", SECTION, DetectionSettings, lifespan))
