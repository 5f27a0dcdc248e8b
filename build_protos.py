"""Generates Python code for the contracts in protos/, and their comments, into surveillance/v1 (not committed).

`python build_protos.py` writes what differs; `python build_protos.py --check` writes nothing and exits 1
naming what is missing or out of date.
"""

import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PROTOS = ROOT / "protos"
DESCRIPTION = Path("surveillance/v1/contracts.desc")
STUB_PLUGIN = "protoc-gen-mypy_grpc"


def stub_plugin_arguments(out: Path) -> list[str]:
    """Arguments for typed gRPC stubs; none where mypy-protobuf is absent (only mypy reads them)."""
    found = shutil.which(STUB_PLUGIN, path=sysconfig.get_path("scripts"))
    return [f"--plugin={STUB_PLUGIN}={found}", f"--mypy_grpc_out=quiet:{out}"] if found else []


def generate(out: Path) -> None:
    """Runs protoc over every contract, writing modules and stubs below `out`; RuntimeError if it refuses."""
    from grpc_tools import protoc

    (out / DESCRIPTION).parent.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    arguments = [
        "protoc",
        f"-I{PROTOS}",
        f"-I{resources.files('grpc_tools') / '_proto'}",
        f"--python_out={out}",
        f"--pyi_out={out}",
        f"--grpc_python_out={out}",
        f"--descriptor_set_out={out / DESCRIPTION}",
        "--include_source_info",
        *stub_plugin_arguments(out),
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError(f"protoc refused the contracts in {PROTOS}: mend what it names above")


def differing(generated: Path) -> list[Path]:
    """Relative paths below `generated` whose text is not the same in the checkout."""
    paths = sorted(path.relative_to(generated) for path in (*generated.rglob("*_pb2*"), generated / DESCRIPTION))
    return [path for path in paths if not _same(generated / path, ROOT / path)]


def _same(new: Path, old: Path) -> bool:
    return old.is_file() and old.read_bytes() == new.read_bytes()


def _install(generated: Path, paths: Sequence[Path]) -> None:
    for path in paths:
        target = ROOT / path
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{generated.name}")
        shutil.copyfile(generated / path, partial)
        partial.replace(target)


def main(arguments: Sequence[str] = ()) -> int:
    """Writes the generated code, or with `--check` only compares; returns the exit status."""
    with tempfile.TemporaryDirectory(prefix="protos-") as directory:
        generated = Path(directory)
        generate(generated)
        paths = differing(generated)
        if "--check" not in arguments:
            _install(generated, paths)
            return 0
    for path in paths:
        print(f"{path} does not match protos/: run `make protos`", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
