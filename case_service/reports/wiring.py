"""Puts reports together: the maker with a folder for font files, and the servicer."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from case_service.evidence.kept import KeptEvidence
from case_service.reports.making import Maker
from case_service.reports.servicer import SERVICE_NAME, ReportServicer
from case_service.reports.settings import ReportSettings
from case_service.store.store import Store
from surveillance.v1 import report_pb2_grpc
from tapewatch.runtime.service import Service


@contextmanager
def reports_of(
    service: Service, store: Store, settings: ReportSettings, kept: KeptEvidence, clock_ns: Callable[[], int]
) -> Iterator[None]:
    """Serve reports."""
    with tempfile.TemporaryDirectory(prefix="tapewatch-fonts-") as folder:
        maker = Maker(settings, kept.vault, Path(folder))
        servicer = ReportServicer(store, kept, maker, clock_ns)
        service.add(report_pb2_grpc.add_ReportServiceServicer_to_server, servicer, SERVICE_NAME)
        yield
