"""`surveillance.v1.CaseService`: requests to domain calls and back; its parts are in `servicers/`."""

from case_service.servicers.moving import MovingMethods
from case_service.servicers.reading import ReadingMethods
from case_service.servicers.recording import RecordingMethods
from surveillance.v1 import case_pb2_grpc

SERVICE_NAME = "surveillance.v1.CaseService"


class CaseServicer(RecordingMethods, ReadingMethods, MovingMethods, case_pb2_grpc.CaseServiceServicer):
    """Serves alerts, cases and their history from a store."""
