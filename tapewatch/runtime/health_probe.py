"""Ask a service whether it serves: `python -m tapewatch.runtime.health_probe HOST:PORT [--service NAME]`.

For container health checks and scripts. Exit codes: 0 SERVING, 1 not, 2 wrong usage or settings.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tapewatch.runtime.channels import open_channel
from tapewatch.runtime.settings import SecuritySettings, SettingsError, load_settings

TIMEOUT_S = 3.0


async def probe(target: str, service: str, security: SecuritySettings, timeout_s: float = TIMEOUT_S) -> str:
    """The status by name (SERVING, NOT_SERVING), or the code and message of the error met."""
    async with open_channel(target, security) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            response = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout_s)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(response.status))


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the probe; the security settings are those of the services (`--config`, TAPEWATCH__SECURITY__...)."""
    parser = argparse.ArgumentParser(prog="health_probe", description="Ask a Tapewatch service whether it serves.")
    parser.add_argument("target", metavar="HOST:PORT")
    parser.add_argument("--service", default="", help="full gRPC service name; the whole process without it")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file, for its security section")
    arguments = parser.parse_args(argv)
    try:
        security = load_settings("security", SecuritySettings, arguments.config, environ)
        status = asyncio.run(probe(arguments.target, arguments.service, security))
    except SettingsError as error:
        print(f"health_probe: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.target} {arguments.service or '(process)'}: {status}", file=sys.stderr)
    return 0 if status == "SERVING" else 1


if __name__ == "__main__":
    sys.exit(main())
