"""Where the venue's time and numbering stand, so that one run never repeats another's times or ids.

The file is written before a run begins and reserves its whole span: a run cut short is not played over.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from simulator.randomness import SECOND_NS

FILE_NAME = "timeline.json"
OPEN_RUN_SECONDS = 7 * 86_400
"""Span reserved for a run without an end."""
PAUSE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run begins: event time in nanoseconds UTC, and the number of its session."""

    start_time_ns: int
    session_number: int


def reserve(directory: Path, first_time_ns: int, minutes: float) -> Place:
    """Return the place of the next run and reserve its span; the first run in a directory begins at `first_time_ns`.

    Raises ValueError when the file in the directory is not a timeline.
    """
    path = directory / FILE_NAME
    place = _read(path) if path.exists() else Place(first_time_ns, 0)
    span_seconds = minutes * 60 if minutes else OPEN_RUN_SECONDS
    free_after(directory, place, place.start_time_ns + int(span_seconds * SECOND_NS))
    return place


def free_after(directory: Path, place: Place, end_time_ns: int) -> None:
    """Let the next run begin after a run's end."""
    directory.mkdir(parents=True, exist_ok=True)
    following = Place(end_time_ns + PAUSE_SECONDS * SECOND_NS, place.session_number + 1)
    unfinished = directory / (FILE_NAME + ".new")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(asdict(following), file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(directory / FILE_NAME)


def _read(path: Path) -> Place:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Place(int(values["start_time_ns"]), int(values["session_number"]))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected start_time_ns and session_number as JSON, found something else ({error}); "
            "delete the file to begin at the configured start"
        ) from error
