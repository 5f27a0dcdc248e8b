"""The words of the contracts: what their comments say of each message, field and method."""

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorSet

DESCRIPTION = "contracts.desc"
"""Made beside the generated code by build_protos.py: the descriptors with their comments."""


def words_of(full_name: str) -> str:
    """What the contracts say of something by its full name; empty where they say nothing."""
    return _words().get(full_name, "")


@functools.cache
def _words() -> Mapping[str, str]:
    encoded = resources.files("surveillance.v1").joinpath(DESCRIPTION).read_bytes()
    return {name: text for each in FileDescriptorSet.FromString(encoded).file for name, text in _of_file(each)}


def _of_file(file: Any) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        if location.leading_comments and len(location.path) % 2 == 0:  # not those of a `syntax` or a `package`
            yield _name(file, location.path), " ".join(location.leading_comments.split())


def _name(file: Any, path: Any) -> str:
    """The full name of what a path of descriptor.proto's field numbers leads to."""
    names, at = [file.package], file
    steps = iter(path)
    for number in steps:
        found = getattr(at, type(at).DESCRIPTOR.fields_by_number[number].name)
        at = found[next(steps)]
        names.append(at.name)
    return ".".join(names)
