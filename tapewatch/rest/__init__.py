"""REST and JSON beside gRPC: the same methods, callers, roles, errors and limits by plain HTTP (docs/rest.md)."""
