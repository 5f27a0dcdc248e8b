"""The option that names public keys."""

from pathlib import Path
from typing import Annotated

import typer

PublicKeysOption = Annotated[
    list[Path] | None,
    typer.Option("--public-key", metavar="FILE", help="Public key that signatures must be by; may be given again."),
]
