"""Home of the generated contracts; `make protos` fills `surveillance.v1`."""
