"""What the figures were measured on."""

import os
import platform
from pathlib import Path
from typing import Any

from tapewatch.engine_mode import mode

CPU_INFORMATION = Path("/proc/cpuinfo")


def machine() -> dict[str, Any]:
    """Cores, processor, load of the last minute (processes that wanted to run), Python, engine mode."""
    return {
        "cores": os.cpu_count() or 1,
        "processor": _processor(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "engine": mode(),
    }


def _processor() -> str:
    try:
        lines = CPU_INFORMATION.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")
