"""Messages and services generated from protos/surveillance/v1 (`*_pb2`, `*_pb2_grpc`)."""
